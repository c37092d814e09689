"""Meters are CloudSync's own and hold for all; plans say how many seats a pool may sell."""

from __future__ import annotations

import re
from dataclasses import replace

from cloudsync_chassis.context import Context
from cloudsync_chassis.ids import PLATFORM
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.security.principal import workload
from cloudsync_chassis.store.shared import Shared

from .generated import models, port
from .generated.defaults import Defaults
from .generated.settings import ServiceSettings

_EDITION = re.compile("-[0-9]{4}$")
_FAMILY = re.compile("[a-z]+")
_CEILINGS = {"starter": 20, "team": 500, "business": 5_000, "enterprise": 100_000}


class Catalogue(Defaults):
    """The shared meters, and the settings."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        settings = runtime.settings
        if not isinstance(settings, ServiceSettings):
            raise TypeError("settings of another service")
        self.settings = settings
        self.meter.repository = Shared(self.meter.repository, PLATFORM)

    async def define_meter(self, ctx: Context, request: port.DefineMeter) -> None:
        """Enter a meter, or renew its sources."""
        inside = ctx.within(PLATFORM)
        if await self.meter.find(inside, code=request.body.code) is None:
            await self.meter.create(inside, "define-meter", request.body)
            return
        present = await self.meter.find(inside, code=request.body.code)
        if present is not None:
            await self.meter.update(inside, "define-meter", present.id, request.body)

    async def meters(self, ctx: Context) -> dict[str, models.Meter]:
        """Meters that count at present, by code."""
        found = self.meter.each(ctx.within(PLATFORM))
        return {each.code: each async for each in found if each.retired_at is None}


def itself(ctx: Context) -> Context:
    """The same operation as the service's own doing, for steps that are no caller's to order."""
    return replace(ctx, principal=workload(ctx.operation.id, ctx.tenant))


def pool_of(plan_code: str) -> str:
    """The pool of a plan's full seats: `business-2026` sells from `business-full`."""
    return _EDITION.sub("", plan_code)[:27] + "-full"


def ceiling_of(plan_code: str) -> int:
    """How many seats a plan's pool may sell, by the family in its code."""
    family = _FAMILY.match(plan_code)
    return _CEILINGS.get(family[0] if family else "", 100_000)
