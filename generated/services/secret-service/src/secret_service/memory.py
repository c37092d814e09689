"""What the service keeps beside its aggregates."""

from __future__ import annotations

from typing import Annotated, TypeVar
from uuid import UUID

from cloudsync_chassis.aggregate.spec import AggregateSpec
from cloudsync_chassis.camel import Kept
from cloudsync_chassis.store.document import DocumentStore
from pydantic import AwareDatetime, Field


class Held(Kept):
    """A reader that was given a secret, and until when its copy may be in its memory."""

    secret_id: Annotated[UUID, Field(alias="secretId")]
    service: str
    until: AwareDatetime


class Disabled(Kept):
    """A webhook endpoint that was disabled, and when its key goes unless it is used meanwhile."""

    endpoint_id: Annotated[UUID, Field(alias="endpointId")]
    since: AwareDatetime
    due: AwareDatetime


M = TypeVar("M", bound=Kept)


def _spec(name: str, model: type[M], *unique: str) -> AggregateSpec[M]:
    store = DocumentStore(collection=f"secret-{name}", unique=(("organizationId", *unique),))
    return AggregateSpec(name=f"kept-{name}", model=model, store=store)


HELD = _spec("held", Held, "secretId", "service")
DISABLED = _spec("disabled", Disabled, "endpointId")
