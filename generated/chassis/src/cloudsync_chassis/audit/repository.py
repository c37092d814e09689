"""A repository whose every change leaves a row in the trail."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, Generic
from uuid import UUID

from cloudsync_chassis.audit.trail import AuditTrail
from cloudsync_chassis.context import Context
from cloudsync_chassis.model import Record, to_record
from cloudsync_chassis.store.query import ListQuery, Page
from cloudsync_chassis.store.repository import E, Repository
from cloudsync_chassis.store.statements import Selection


class AuditedRepository(Generic[E]):
    """Passes everything on to `inner`, the entities called `name`."""

    def __init__(self, inner: Repository[E], name: str, trail: AuditTrail) -> None:
        self._inner = inner
        self._name = name
        self._trail = trail

    async def insert(self, ctx: Context, entity: E) -> None:
        """See `Repository.insert`."""
        await self._inner.insert(ctx, entity)
        self._trail.note(ctx, "created", self._name, {}, to_record(entity))

    async def find(self, ctx: Context, values: Mapping[str, Any]) -> E | None:
        """See `Repository.find`."""
        found = await self._inner.find(ctx, values)
        if found is not None and ctx.operation.writes:
            record = to_record(found)
            ctx.unit.seen[self._name, record["id"], record["version"]] = record
        return found

    async def select(self, ctx: Context, query: ListQuery) -> Page[E]:
        """See `Repository.select`."""
        return await self._inner.select(ctx, query)

    async def count(self, ctx: Context, filters: Mapping[str, Any]) -> int:
        """See `Repository.count`."""
        return await self._inner.count(ctx, filters)

    async def tenants(self, ctx: Context, query: ListQuery, after: UUID | None) -> list[UUID]:
        """See `Repository.tenants`."""
        return await self._inner.tenants(ctx, query, after)

    def kind_of(self, name: str) -> Hashable | None:
        """See `Repository.kind_of`."""
        return self._inner.kind_of(name)

    def selection(
        self,
        ctx: Context,
        name: str,
        filters: Mapping[str, Any],
        related: tuple[tuple[str, Any], ...] = (),
    ) -> Selection:
        """See `Repository.selection`."""
        return self._inner.selection(ctx, name, filters, related)

    async def replace(self, ctx: Context, entity: E, expected: int) -> bool:
        """See `Repository.replace`."""
        after = to_record(entity)
        before = await self._stored(ctx, after["id"], expected)
        if not await self._inner.replace(ctx, entity, expected):
            return False
        self._trail.note(ctx, "changed", self._name, before, after)
        return True

    async def remove(self, ctx: Context, entity_id: UUID, expected: int) -> bool:
        """See `Repository.remove`."""
        before = await self._stored(ctx, entity_id, expected)
        if not await self._inner.remove(ctx, entity_id, expected):
            return False
        self._trail.note(ctx, "removed", self._name, before, {})
        return True

    async def _stored(self, ctx: Context, entity_id: UUID, version: int) -> Record:
        """The entity as it is stored; read once where the operation has read it already."""
        known: Record | None = ctx.unit.seen.get((self._name, entity_id, version))
        if known is None:
            found = await self._inner.find(ctx, {"id": entity_id})
            known = to_record(found) if found is not None else {}
        return known or {"id": entity_id}
