"""What the service remembers beside devices and notifications, kept in the same database."""

from __future__ import annotations

from typing import TypeVar
from uuid import UUID

from cloudsync_chassis.aggregate.spec import AggregateSpec
from cloudsync_chassis.camel import Kept
from cloudsync_chassis.store.document import DocumentStore
from pydantic import AwareDatetime


class Compiled(Kept):
    """Published words of this channel: texts and names of variables in turn."""

    template_key: str
    language: str
    revision: int
    pieces: list[str]


class TokenOwner(Kept):
    """Whose device a token wakes; a token moves with the telephone, also between organisations."""

    token_digest: str
    tenant: UUID
    device_id: UUID


class Unwanted(Kept):
    """Topics that a person does not want on their devices."""

    user_id: UUID
    topics: list[str]


class Badge(Kept):
    """The number on somebody's icons."""

    user_id: UUID
    number: int


class Involved(Kept):
    """That somebody has to do with a thing: writes in a direct channel, is invited to an event."""

    about: str
    user_id: UUID


class Minute(Kept):
    """How many alerts a person got in the minute that began then."""

    user_id: UUID
    since: AwareDatetime
    number: int


class Tests(Kept):
    """How many tests a device got in the hour that began then."""

    device_id: UUID
    since: AwareDatetime
    number: int


M = TypeVar("M", bound=Kept)


def _kept(name: str, model: type[M], *unique: tuple[str, ...]) -> AggregateSpec[M]:
    within = tuple(("organizationId", *each) for each in unique)
    store = DocumentStore(collection=name, unique=within)
    return AggregateSpec(name=name, model=model, store=store, unique=unique)


COMPILED = _kept("compiled-words", Compiled, ("templateKey", "language"))
TOKEN_OWNERS = _kept("token-owner", TokenOwner, ("tokenDigest",))
UNWANTED = _kept("unwanted", Unwanted, ("userId",))
BADGES = _kept("badge", Badge, ("userId",))
INVOLVED = _kept("involved", Involved, ("about", "userId"))
MINUTES = _kept("minute", Minute, ("userId",))
TESTS = _kept("tests", Tests, ("deviceId",))
