"""What all handlers of config-service share."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from cloudsync_chassis import traced
from cloudsync_chassis.changes import Changes
from cloudsync_chassis.context import Context
from cloudsync_chassis.ids import PLATFORM
from cloudsync_chassis.problem import NOT_FOUND
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.security.principal import workload
from cloudsync_chassis.store.shared import Shared

from . import memory, places
from .generated import models
from .generated.defaults import Defaults
from .generated.settings import ServiceSettings
from .ports import AbortQueries, Backups, FiringFile, FolderBackups


class Base(Defaults):
    """The base of all mixins. Schemas, releases and freezes are the platform's, whoever asks."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        assert isinstance(runtime.settings, ServiceSettings)
        self.settings = runtime.settings
        self.rollouts = runtime.aggregate(memory.ROLLOUTS)
        self.config_schema.repository = Shared(self.config_schema.repository, PLATFORM)
        self.config_release.repository = Shared(self.config_release.repository, PLATFORM)
        self.change_freeze.repository = Shared(self.change_freeze.repository, PLATFORM)
        own = runtime.settings.state_path("config-service")
        self.abort_queries: AbortQueries = FiringFile(own / "firing-queries.txt")
        self.backups: Backups = traced.calls(
            FolderBackups(runtime.settings.state_path("buckets", "config-backups")),
            "object-storage",
        )
        self.changes = Changes()

    async def entry(self, ctx: Context, key: UUID) -> models.ConfigEntry:
        """An entry of the tenant.

        Raises:
            Problem: `not-found`.
        """
        found = await self.config_entry.find(ctx, id=key)
        if found is None:
            raise NOT_FOUND("no such config-entry")
        return found

    async def revisions(
        self, ctx: Context, entry: models.ConfigEntry, *states: models.ConfigStatus
    ) -> list[models.ConfigEntry]:
        """The other revisions of its key and place that are in one of the states, oldest first."""
        wanted = {"status": states} if states else {}
        place = places.place_of(entry)
        return [
            each
            async for each in self.config_entry.each(ctx, **places.filters_of(entry), **wanted)
            if places.place_of(each) == place and each.id != entry.id
        ]

    async def live(self, ctx: Context, entry: models.ConfigEntry) -> models.ConfigEntry | None:
        """The live revision of an entry's key and place, if it is another one."""
        found = await self.revisions(ctx, entry, models.ConfigStatus.live)
        return found[0] if found else None

    def count_change(self, entry: models.ConfigEntry, result: str) -> None:
        """Measure that an entry has reached an end."""
        self.metrics.config_changes_total(
            target=entry.service_name or "all", result=result, blast_radius=entry.blast_radius.value
        )


def itself(ctx: Context) -> Context:
    """The same operation by the service itself, of whatever version is there."""
    return replace(ctx, principal=workload("config-service", ctx.tenant), if_match=None)
