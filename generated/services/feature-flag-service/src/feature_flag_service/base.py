"""What all handlers of feature-flag-service share."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import Any
from uuid import UUID

from cloudsync_chassis.changes import Changes
from cloudsync_chassis.context import Context
from cloudsync_chassis.ids import PLATFORM
from cloudsync_chassis.problem import NOT_FOUND, UNAVAILABLE
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.security.principal import workload
from cloudsync_chassis.store.shared import Shared

from . import memory, rules
from .generated import models
from .generated.defaults import Defaults
from .generated.settings import ServiceSettings
from .zstd import Compression, Stored

_FRESH = 2.0
"""Seconds until a replica sees what another one has changed."""


class Base(Defaults):
    """The base of all mixins. Everybody sees the platform's flags, segments and exceptions."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        assert isinstance(runtime.settings, ServiceSettings)
        self.settings = runtime.settings
        for each in (
            self.feature_flag,
            self.flag_segment,
            self.flag_override,
            self.flag_experiment,
        ):
            aggregate: Any = each
            aggregate.repository = Shared(aggregate.repository, PLATFORM)
        self.salts = runtime.aggregate(memory.SALTS)
        self.seen = runtime.aggregate(memory.SEEN)
        self.subscribed = runtime.aggregate(memory.SUBSCRIBED)
        self.compression: Compression = Stored()
        self.changes = Changes()
        self._bundles: dict[models.Environment, tuple[asyncio.Event, float, rules.Bundle]] = {}

    def check_region(self) -> None:
        """Refuse changes outside of the writer's region, where we know where we are.

        Raises:
            Problem: `unavailable`.
        """
        here, writer = self.settings.region, self.settings.writer_region
        if here is not None and here != writer:
            raise UNAVAILABLE(f"changes are made in {writer}")

    async def flag(self, ctx: Context, key: UUID) -> models.FeatureFlag:
        """A flag by its id.

        Raises:
            Problem: `not-found`.
        """
        found = await self.feature_flag.find(ctx, id=key)
        if found is None:
            raise NOT_FOUND("no such feature-flag")
        return found

    async def rules_of(self, ctx: Context, environment: models.Environment) -> rules.Bundle:
        """The rules in memory, as they were at most two seconds ago."""
        known = self._bundles.get(environment)
        if known is not None:
            stroke, loaded, bundle = known
            if not stroke.is_set() and time.monotonic() - loaded < _FRESH:
                return bundle
        stroke, now = self.changes.coming(), time.monotonic()
        bundle = await self.loaded(ctx, environment)
        self._bundles[environment] = stroke, now, bundle
        return bundle

    async def loaded(
        self,
        ctx: Context,
        environment: models.Environment,
        instead: models.FeatureFlag | None = None,
    ) -> rules.Bundle:
        """The rules as the store has them, with one flag as it is about to be."""
        inside = ctx.within(PLATFORM)
        flags: dict[str, models.FeatureFlag] = {}
        async for flag in self.feature_flag.each(
            inside, environment=environment, status=rules.DECIDING
        ):
            flags[flag.key] = flag
        if instead is not None:
            flags.pop(instead.key, None)
            if instead.status in rules.DECIDING:
                flags[instead.key] = instead
        salts = {each.flag_id: each.salt async for each in self.salts.each(inside)}
        seeds = {
            each.id: rules.seed(each.key, salts[each.id])
            for each in flags.values()
            if each.id in salts
        }
        segments = {each.segment_name: each async for each in self.flag_segment.each(inside)}
        return rules.Bundle(flags, seeds, segments)

    async def move(
        self, ctx: Context, command: str, key: UUID, fields: dict[str, Any], **changes: Any
    ) -> models.FeatureFlag:
        """A command of the model on a flag, which carries the digest that comes of `changes`."""
        self.check_region()
        found = await self.feature_flag.find(ctx, id=key)
        if found is not None:
            after = found.model_copy(update=changes)
            bundle = await self.loaded(ctx, found.environment, after)
            fields = {**fields, "rulesChecksum": bundle.checksum}
        moved = await self.feature_flag.transition(ctx.within(PLATFORM), command, key, fields)
        self.changes.strike_after(ctx)
        return moved


def itself(ctx: Context) -> Context:
    """The same operation by the service itself, in the platform's organisation."""
    return replace(ctx, principal=workload("feature-flag-service", PLATFORM), if_match=None)
