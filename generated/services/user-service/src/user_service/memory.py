"""What the service must remember beside its tables, kept as documents in the same database."""

from __future__ import annotations

from typing import Annotated, TypeVar
from uuid import UUID

from cloudsync_chassis.aggregate.spec import AggregateSpec
from cloudsync_chassis.camel import Kept
from cloudsync_chassis.store.document import DocumentStore
from pydantic import AwareDatetime, Field

from .generated import models


class EmailChange(Kept):
    """Digits that were mailed to a new address, as a digest; `codes` counts those of the hour."""

    user_id: Annotated[UUID, Field(alias="userId")]
    address_hash: Annotated[str, Field(alias="addressHash")]
    code_hash: Annotated[str, Field(alias="codeHash")]
    expires_at: Annotated[AwareDatetime, Field(alias="expiresAt")]
    tries: int
    codes: int
    since: AwareDatetime


class Tries(Kept):
    """Wrong digits for an added address."""

    alias_id: Annotated[UUID, Field(alias="aliasId")]
    wrong: int
    since: AwareDatetime


class Standing(Kept):
    """When the last event was sent that told how something stands; older ones come too late."""

    about: UUID
    at: AwareDatetime


class Purge(Kept):
    """A purged organisation whose accounts are being erased."""

    erased: int
    told: bool = False


class Batch(Kept):
    """Operations of a directory's run from `place` on; they name people, and are kept encrypted."""

    sync_id: Annotated[UUID, Field(alias="syncId")]
    place: int
    operations: list[models.DirectoryOperation]


class Export(Kept):
    """An archive that somebody asked for."""

    user_id: Annotated[UUID, Field(alias="userId")]


Kind = TypeVar("Kind", bound=Kept)


def _spec(
    name: str, model: type[Kind], *unique: str, encrypted: frozenset[str] = frozenset()
) -> AggregateSpec[Kind]:
    sets = (("organizationId", *unique),) if unique else ()
    store = DocumentStore(collection=f"user-{name}", unique=sets, encrypted=encrypted)
    return AggregateSpec(name=f"remembered-{name}", model=model, store=store)


EMAIL_CHANGES = _spec("email-change", EmailChange, "userId")
TRIES = _spec("tries", Tries, "aliasId")
STANDINGS = _spec("standing", Standing, "about")
PURGES = _spec("purge", Purge)
BATCHES = _spec("batch", Batch, encrypted=frozenset({"operations"}))
EXPORTS = _spec("export", Export)
