"""What the service keeps beside its aggregates: rooms, media nodes, lobbies, wrong tries, limits.

In production rooms, nodes, lobbies and wrong tries lie in Redis (see PORTS.md).
"""

from __future__ import annotations

from typing import Annotated, TypeVar
from uuid import UUID

from cloudsync_chassis.aggregate.spec import AggregateSpec
from cloudsync_chassis.camel import Kept
from cloudsync_chassis.store.document import DocumentStore
from pydantic import AwareDatetime, Field


class Room(Kept):
    """An open room: its node, what it began with, and who has been in it for how long.

    `connected` people have been in it since `counted_at`; all before that is in `seconds`.
    """

    meeting_id: Annotated[UUID, Field(alias="meetingId")]
    node: str
    region: str
    seats: int
    switches: list[str]
    connected: int
    peak: int
    seconds: float
    counted_at: Annotated[AwareDatetime, Field(alias="countedAt")]
    empty_since: Annotated[AwareDatetime | None, Field(alias="emptySince")] = None


class Node(Kept):
    """How many seats of a media node are taken; the platform's."""

    name: str
    region: str
    taken: int


class Place(Kept):
    """What only the door knows of a participant."""

    participant_id: Annotated[UUID, Field(alias="participantId")]
    meeting_id: Annotated[UUID, Field(alias="meetingId")]
    member: bool
    sent_away: Annotated[int, Field(alias="sentAway")]


class Tries(Kept):
    """Wrong codes and passcodes of one address in ten minutes; the platform's."""

    address: str
    began_at: Annotated[AwareDatetime, Field(alias="beganAt")]
    wrong: int
    shut_until: Annotated[AwareDatetime | None, Field(alias="shutUntil")] = None


class Limits(Kept):
    """What the organisation's plan allows."""

    subscription_id: Annotated[UUID, Field(alias="subscriptionId")]
    most_participants: Annotated[int, Field(alias="mostParticipants")]
    edition: str


class Switch(Kept):
    """A flag of the media, for a share of all meetings in per cent; the platform's."""

    key: str
    percent: int


class Followed(Kept):
    """The last change of a calendar event that was followed."""

    event_id: Annotated[UUID, Field(alias="eventId")]
    sequence: int


M = TypeVar("M", bound=Kept)


def _spec(
    name: str, model: type[M], *unique: str, encrypted: frozenset[str] = frozenset()
) -> AggregateSpec[M]:
    key = (("organizationId", *unique),)
    store = DocumentStore(collection=f"video-{name}", unique=key, encrypted=encrypted)
    return AggregateSpec(name=f"kept-{name}", model=model, store=store)


ROOMS = _spec("room", Room, "meetingId")
NODES = _spec("node", Node, "name")
PLACES = _spec("place", Place, "participantId")
TRIES = _spec("tries", Tries, "address", encrypted=frozenset({"address"}))
LIMITS = _spec("limits", Limits, "subscriptionId")
SWITCHES = _spec("switch", Switch, "key")
FOLLOWED = _spec("followed", Followed, "eventId")
