"""What the topics of this service share: its ports, work in a tenant's name, writes beside commands."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import sqlalchemy as sa
from cloudsync_chassis import ids
from cloudsync_chassis.aggregate.engine import Aggregate
from cloudsync_chassis.aggregate.payload import Change
from cloudsync_chassis.aggregate.spec import Emission
from cloudsync_chassis.context import Context
from cloudsync_chassis.executor import Incoming
from cloudsync_chassis.model import from_record, to_record
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.problem import VERSION_CONFLICT
from cloudsync_chassis.propagation import Trace
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.security.principal import workload
from cloudsync_chassis.store.document import sortable
from cloudsync_chassis.store.system import documents

from . import memory
from .generated import models
from .generated.defaults import Defaults
from .generated.settings import ServiceSettings
from .world import World

PLATFORM = UUID("00000000-0000-7000-8000-000000000000")
"""The tenant of what is nobody's own; also who stands where an erased person did."""

ADMINISTRATORS = frozenset({"org-admin", "org-owner"})

_WORK = Operation(id="reporting-work", access="workload", writes=True, timeout=60.0)
_ORGANIZATIONS_AT_A_TIME = 500

T = TypeVar("T")


class Base(Defaults):
    """The generated defaults with ports and helpers."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        self.world = World(self._place, runtime.cipher)
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
        """Work of the service's own in a tenant, in a transaction of its own."""
        me = workload(self.runtime.spec.name, organization)
        incoming = Incoming(principal=me, trace=Trace.new())
        return await self.runtime.executor.run(_WORK, incoming, action)

    async def overwrite(
        self, ctx: Context, aggregate: Aggregate[Any], entity: Any, fields: Mapping[str, Any]
    ) -> Any:
        """Change fields that no command may change, whatever the state; None removes one.

        Raises:
            Problem: `version-conflict`.
        """
        record = {**to_record(entity), **fields, "updatedAt": ctx.now}
        record["version"] = entity.version + 1
        record = {name: each for name, each in record.items() if each is not None}
        changed = from_record(aggregate.spec.model, record)
        if not await aggregate.repository.replace(ctx, changed, entity.version):
            raise VERSION_CONFLICT()
        return changed

    async def remember(
        self, ctx: Context, aggregate: Aggregate[Any], fields: Mapping[str, Any], **unique: Any
    ) -> None:
        """Write what is remembered under the unique values, or write it anew."""
        known = await aggregate.find(ctx, **unique)
        if known is not None:
            await self.overwrite(ctx, aggregate, known, fields)
            return
        envelope = {
            "id": ids.uuid7(),
            "organizationId": ctx.tenant,
            "createdAt": ctx.now,
            "updatedAt": ctx.now,
            "version": 1,
        }
        made = from_record(aggregate.spec.model, {**envelope, **unique, **fields})
        await aggregate.repository.insert(ctx, made)

    async def organizations(
        self, aggregate: Aggregate[Any], until: tuple[str, datetime] | None = None, **values: str
    ) -> list[UUID]:
        """Tenants with an entity that has the values (and a moment that has come), all of them."""
        store: Any = aggregate.spec.store
        base = sa.select(documents.c.organization_id).distinct()
        base = base.where(documents.c.collection == store.collection)
        for name, value in values.items():
            base = base.where(documents.c.body[name].as_string() == value)
        if until is not None:
            base = base.where(documents.c.body[until[0]].as_string() <= sortable(until[1]))
        base = base.order_by(documents.c.organization_id).limit(_ORGANIZATIONS_AT_A_TIME)
        found: list[UUID] = []
        while True:
            page = base.where(documents.c.organization_id > found[-1]) if found else base
            async with self.runtime.database.transaction(write=False) as connection:
                rows = list((await connection.execute(page)).scalars())
            found += rows
            if len(rows) < _ORGANIZATIONS_AT_A_TIME:
                return found

    async def write_down(self, ctx: Context, fields: Mapping[str, Any]) -> models.Report:
        """A report that nobody asked for with a command, and the event that tells of it."""
        record = {
            "attempt": 0,
            "progressPercent": 0,
            **fields,
            "id": ids.uuid7(),
            "organizationId": ctx.tenant,
            "createdAt": ctx.now,
            "updatedAt": ctx.now,
            "version": 1,
        }
        report = from_record(models.Report, record)
        await self.report.repository.insert(ctx, report)
        emits = self.report.spec.commands["request-report"].emits
        await self.announce(ctx, self.report, emits, report)
        return report

    async def announce(
        self, ctx: Context, aggregate: Aggregate[Any], emits: tuple[Emission, ...], entity: Any
    ) -> None:
        """Announce events about an entity as it is."""
        change = Change(aggregate.spec.name, to_record(entity))
        await aggregate.emit(ctx, emits, change)
