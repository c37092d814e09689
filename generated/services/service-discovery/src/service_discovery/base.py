"""What all handlers of service-discovery share: one registry, and what is known of it in memory."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import Any
from uuid import UUID

from cloudsync_chassis.changes import Changes
from cloudsync_chassis.context import Context
from cloudsync_chassis.ids import PLATFORM
from cloudsync_chassis.problem import NOT_FOUND
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.security.principal import workload
from cloudsync_chassis.store.shared import Shared

from . import memory, ports
from .endpoints import CALLED, Shift, View
from .generated import models
from .generated.defaults import Defaults
from .generated.settings import ServiceSettings

ITSELF = "service-discovery"

_FRESH = 0.5
"""Seconds until a replica sees what another one has changed."""


class Base(Defaults):
    """The base of all mixins. Everybody sees the one registry."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        assert isinstance(runtime.settings, ServiceSettings)
        self.settings = runtime.settings
        for each in (
            self.service_instance,
            self.service_definition,
            self.health_report,
            self.traffic_shift,
        ):
            aggregate: Any = each
            aggregate.repository = Shared(aggregate.repository, PLATFORM)
        self.generations = runtime.aggregate(memory.GENERATIONS)
        self.measured = runtime.aggregate(memory.MEASURED)
        self.drains = runtime.aggregate(memory.DRAINING)
        self.moving = runtime.aggregate(memory.MOVING)
        self.addresses: ports.Addresses = ports.OwnOrLoopback()
        self.capacities: ports.Capacities = ports.Twofold()
        self.roots: ports.TrustRoots = ports.TrustFile(
            runtime.settings.state_path(ITSELF, "trust-bundles.json")
        )
        self.changes = Changes()
        self._view: tuple[asyncio.Event, float, View] | None = None

    async def instance(self, ctx: Context, key: UUID) -> models.ServiceInstance:
        """A copy by its id.

        Raises:
            Problem: `not-found`.
        """
        found = await self.service_instance.find(ctx, id=key)
        if found is None:
            raise NOT_FOUND("no such service-instance")
        return found

    async def changed(self, ctx: Context, service: str) -> None:
        """Count a change of a service's endpoint set, or of all (`*`), and tell the watchers."""
        inside = ctx.within(PLATFORM)
        names = [service]
        if service == "*":
            names = [each.name async for each in self.service_definition.each(inside)]
        for name in names:
            known = await self.generations.find(inside, service=name)
            if known is None:
                await self.generations.insert(inside, {"service": name, "number": 2})
            else:
                await self.generations.rewrite(inside, known, {"number": known.number + 1})
        self.changes.strike_after(ctx)

    async def view(self, ctx: Context) -> View:
        """The registry in memory, as it was at most half a second ago."""
        if self._view is not None:
            stroke, loaded, known = self._view
            if not stroke.is_set() and time.monotonic() - loaded < _FRESH:
                return known
        stroke, now = self.changes.coming(), time.monotonic()
        found = await self.present(ctx)
        self._view = stroke, now, found
        return found

    async def present(self, ctx: Context) -> View:
        """The registry as the store has it."""
        inside = ctx.within(PLATFORM)
        instances = [each async for each in self.service_instance.each(inside, status=CALLED)]
        shifts = []
        async for moving in self.moving.each(inside):
            shift = await self.traffic_shift.find(inside, id=moving.shift_id)
            if shift is not None:
                shifts.append(
                    Shift(shift.service_name, shift.from_region, shift.to_region, moving.percent)
                )
        generations = {
            each.service: (each.number, each.updated_at)
            async for each in self.generations.each(inside)
        }
        return View(tuple(instances), tuple(shifts), generations)


def itself(ctx: Context) -> Context:
    """The same operation by the registry itself."""
    return replace(ctx, principal=workload(ITSELF, PLATFORM), if_match=None)
