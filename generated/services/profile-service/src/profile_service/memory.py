"""What the service must remember beside its collections, kept as documents of the same store."""

from __future__ import annotations

from typing import Annotated, TypeVar
from uuid import UUID

from cloudsync_chassis.aggregate.spec import AggregateSpec
from cloudsync_chassis.camel import Kept
from cloudsync_chassis.store.document import DocumentStore
from pydantic import AwareDatetime, Field


class Account(Kept):
    """How an account stood by the last event about it, whether its profile was opened or not."""

    user_id: Annotated[UUID, Field(alias="userId")]
    at: AwareDatetime
    suspended: bool = False
    gone: bool = False


class Portrait(Kept):
    """What somebody's picture looks like, to notice the same one elsewhere."""

    user_id: Annotated[UUID, Field(alias="userId")]
    digest: str


class BadFile(Kept):
    """A file in which malware was found."""

    file_id: Annotated[UUID, Field(alias="fileId")]


class Retired(Kept):
    """A custom field that was retired and of which profiles may still hold values."""

    key: str
    after: UUID | None = None
    """The last profile that was looked at."""


class Export(Kept):
    """An archive that somebody asked for."""

    user_id: Annotated[UUID, Field(alias="userId")]


Kind = TypeVar("Kind", bound=Kept)


def _spec(name: str, model: type[Kind], *unique: str) -> AggregateSpec[Kind]:
    sets = (("organizationId", *unique),) if unique else ()
    store = DocumentStore(collection=f"profile-{name}", unique=sets)
    return AggregateSpec(name=f"remembered-{name}", model=model, store=store)


ACCOUNTS = _spec("account", Account, "userId")
PORTRAITS = _spec("portrait", Portrait, "userId")
BAD_FILES = _spec("bad-file", BadFile, "fileId")
RETIRED = _spec("retired", Retired, "key")
EXPORTS = _spec("export", Export)
