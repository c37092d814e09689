"""What the topics of this service share: its ports, steps in a tenant's name, and what it remembers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from cloudsync_chassis.aggregate.engine import Aggregate
from cloudsync_chassis.changes import Changes
from cloudsync_chassis.context import Context
from cloudsync_chassis.executor import Incoming
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.propagation import Trace
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.security.principal import workload
from cloudsync_chassis.store.query import ListQuery, PageRequest

from . import memory
from .generated import models
from .generated.defaults import Defaults
from .generated.settings import ServiceSettings
from .world import World

ADMINISTRATORS = frozenset({"org-admin", "org-owner"})

_WORK = Operation(id="reporting-work", access="workload", writes=True, timeout=60.0)
_TENANTS_AT_A_TIME = 500

T = TypeVar("T")


class Base(Defaults):
    """The generated defaults with ports and helpers."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        self.world = World(self._place)
        self.changes = Changes()
        self.kept_answers = runtime.aggregate(memory.KEPT_ANSWERS)
        self.plan_words = runtime.aggregate(memory.PLAN_WORDS)
        self.renewals = runtime.aggregate(memory.RENEWALS)

    def _place(self, *names: str) -> Path:
        return self.runtime.settings.state_path(self.runtime.spec.name, *names)

    @property
    def limits(self) -> ServiceSettings:
        """The service's own settings."""
        settings = self.runtime.settings
        assert isinstance(settings, ServiceSettings)
        return settings

    async def as_service(self, organization: UUID, action: Callable[[Context], Awaitable[T]]) -> T:
        """A step of the service's own in a tenant, in a transaction of its own."""
        me = workload(self.runtime.spec.name, organization)
        incoming = Incoming(principal=me, trace=Trace.new())
        return await self.runtime.executor.run(_WORK, incoming, action)

    async def remember(
        self, ctx: Context, aggregate: Aggregate[Any], fields: Mapping[str, Any], **unique: Any
    ) -> None:
        """Write what is remembered under the unique values, or write it anew."""
        known = await aggregate.find(ctx, **unique)
        if known is not None:
            await aggregate.rewrite(ctx, known, fields)
        else:
            await aggregate.insert(ctx, {**unique, **fields})

    async def tenants(
        self, ctx: Context, aggregate: Aggregate[Any], **filters: Any
    ) -> AsyncIterator[UUID]:
        """Tenants with an entity that passes."""
        query = ListQuery(PageRequest(limit=_TENANTS_AT_A_TIME), filters)
        found = await aggregate.repository.tenants(ctx, query, None)
        while found:
            for each in found:
                yield each
            found = await aggregate.repository.tenants(ctx, query, found[-1])

    async def write_down(self, ctx: Context, fields: Mapping[str, Any]) -> models.Report:
        """A report that nobody asked for with a command, and the event that tells of it."""
        record = {"attempt": 0, "progressPercent": 0, **fields}
        report = await self.report.insert(ctx, record)
        await self.report.announce(ctx, "report-requested", report)
        return report
