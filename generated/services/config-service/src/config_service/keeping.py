"""Snapshots of what is live, and farewells of tenants."""

from __future__ import annotations

import json

from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.ids import PLATFORM
from cloudsync_chassis.jobs.spec import Due
from cloudsync_chassis.model import to_record
from cloudsync_chassis.runtime import Runtime
from pydantic_core import to_jsonable_python

from .generated import models, port
from .rollouts import Rollouts

_LIVE = models.ConfigStatus.live


class Keeping(Rollouts):
    """What the clock does, and what goes with its tenant."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        work = runtime.work
        work.every(
            self.settings.abort_check_interval,
            "watch-rollouts",
            self.watch_rollouts,
            Due(aggregate="kept-rollout"),
        )
        work.every(
            self.settings.snapshot_interval,
            "write-snapshots",
            lambda ctx: self.write_config_snapshot(ctx, port.WriteConfigSnapshot()),
            Due(aggregate="config-entry", where={"status": _LIVE}),
        )
        work.every(60.0, "measure-snapshots", self.measure)

    async def write_config_snapshot(self, ctx: Context, request: port.WriteConfigSnapshot) -> None:
        """Put all live values of the tenant away, one file for each environment."""
        for environment in models.Environment:
            live = [
                to_jsonable_python(to_record(each))
                async for each in self.config_entry.each(ctx, environment=environment, status=_LIVE)
            ]
            if live:
                told = {"takenAt": ctx.now.isoformat(), "entries": live}
                content = json.dumps(told, ensure_ascii=False).encode()
                await self.backups.keep(ctx.tenant, environment.value, ctx.now, content)

    async def measure(self, ctx: Context) -> None:
        """How old the newest snapshot is."""
        newest = await self.backups.newest()
        if newest is not None:
            self.metrics.config_snapshot_age_seconds((ctx.now - newest).total_seconds())

    async def drop_tenant_values(self, ctx: Context, request: port.DropTenantValues) -> None:
        """Delete all that an organisation has; the platform's own values stay."""
        gone = request.body.organization_id
        if gone == PLATFORM:
            return
        inside = ctx.within(gone)
        async for rollout in self.rollouts.each(inside):
            await self.rollouts.remove(inside, rollout)
        async for entry in self.config_entry.each(inside):
            await self.config_entry.remove(inside, entry)

    async def on_organization_purged(
        self, ctx: Context, event: Received[models.OrganizationPurged]
    ) -> None:
        """The tenant's overrides are deleted with the rest of it."""
        await self.drop_tenant_values(ctx, port.DropTenantValues(body=event.data))
