"""What the service keeps beside its aggregates: where rights come from, sessions, holds."""

from __future__ import annotations

from typing import Annotated, TypeVar
from uuid import UUID

from cloudsync_chassis.aggregate.spec import AggregateSpec
from cloudsync_chassis.camel import Kept
from cloudsync_chassis.store.document import DocumentStore
from pydantic import AwareDatetime, Field


class Sources(Kept):
    """Why somebody may look back: by the place of a subject, by grants, by what it is linked to."""

    subject_id: Annotated[UUID, Field(alias="subjectId")]
    place: list[str]
    grants: list[str]
    targets: list[UUID]


class TeamMember(Kept):
    """That somebody belongs to a team."""

    team_id: Annotated[UUID, Field(alias="teamId")]
    user_id: Annotated[UUID, Field(alias="userId")]


class Standing(Kept):
    """The last word on something by events, which may come twice and in any order."""

    about: str
    at: AwareDatetime
    word: str


class Session(Kept):
    """What was written in a document since its last version."""

    subject_id: Annotated[UUID, Field(alias="subjectId")]
    began_at: Annotated[AwareDatetime, Field(alias="beganAt")]
    last_at: Annotated[AwareDatetime, Field(alias="lastAt")]
    from_sequence: Annotated[int, Field(alias="fromSequence")]
    to_sequence: Annotated[int, Field(alias="toSequence")]
    body_ref: Annotated[str, Field(alias="bodyRef")]
    body_checksum: Annotated[str, Field(alias="bodyChecksum")]
    contributor_ids: Annotated[list[UUID], Field(alias="contributorIds")]


class Hold(Kept):
    """A legal hold and its stretch; without an end it is open."""

    hold_id: Annotated[UUID, Field(alias="holdId")]
    held_from: Annotated[AwareDatetime, Field(alias="heldFrom")]
    held_until: Annotated[AwareDatetime | None, Field(alias="heldUntil")] = None


class Scrub(Kept):
    """Up to which version, by when it was made and by id, payloads were held against digests."""

    region: str
    made_at: Annotated[AwareDatetime, Field(alias="madeAt")]
    last_id: Annotated[UUID, Field(alias="lastId")]


M = TypeVar("M", bound=Kept)


def _spec(name: str, model: type[M], *unique: str) -> AggregateSpec[M]:
    store = DocumentStore(collection=f"version-{name}", unique=(("organizationId", *unique),))
    return AggregateSpec(name=f"kept-{name}", model=model, store=store)


SOURCES = _spec("sources", Sources, "subjectId")
TEAM_MEMBERS = _spec("team-member", TeamMember, "teamId", "userId")
STANDINGS = _spec("standing", Standing, "about")
SESSIONS = _spec("session", Session, "subjectId")
HOLDS = _spec("hold", Hold, "holdId")
SCRUBS = _spec("scrub", Scrub, "region")
