"""What the service keeps beside its aggregates."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from cloudsync_chassis.aggregate.spec import AggregateSpec
from cloudsync_chassis.model import Model
from cloudsync_chassis.store.document import DocumentStore
from pydantic import AwareDatetime, Field


class Rollout(Model):
    """How far a rollout has come; entries of a release share one.

    `since` is when the present stage began, or last began to be quiet; `firing_since` is there
    while the abort query yields something.
    """

    id: UUID
    organization_id: Annotated[UUID, Field(alias="organizationId")]
    created_at: Annotated[AwareDatetime, Field(alias="createdAt")]
    updated_at: Annotated[AwareDatetime, Field(alias="updatedAt")]
    version: int
    entry_ids: Annotated[list[UUID], Field(alias="entryIds")]
    release_id: Annotated[UUID | None, Field(alias="releaseId")] = None
    stages: list[int]
    stage: int
    since: AwareDatetime
    firing_since: Annotated[AwareDatetime | None, Field(alias="firingSince")] = None


ROLLOUTS = AggregateSpec(
    name="kept-rollout", model=Rollout, store=DocumentStore(collection="config-rollout")
)
