"""Entities that one organisation keeps and all others see."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel

from cloudsync_chassis.context import Context
from cloudsync_chassis.store.query import ListQuery, Page
from cloudsync_chassis.store.repository import Repository
from cloudsync_chassis.store.statements import Selection

E = TypeVar("E", bound=BaseModel)


class Shared(Generic[E]):
    """A repository that works in the tenant `organization`, whoever asks."""

    def __init__(self, inner: Repository[E], organization: UUID) -> None:
        self._inner = inner
        self.organization = organization

    async def insert(self, ctx: Context, entity: E) -> None:
        """See `Repository.insert`."""
        await self._inner.insert(ctx.within(self.organization), entity)

    async def find(self, ctx: Context, values: Mapping[str, Any]) -> E | None:
        """See `Repository.find`."""
        return await self._inner.find(ctx.within(self.organization), values)

    async def select(self, ctx: Context, query: ListQuery) -> Page[E]:
        """See `Repository.select`."""
        return await self._inner.select(ctx.within(self.organization), query)

    async def count(self, ctx: Context, filters: Mapping[str, Any]) -> int:
        """See `Repository.count`."""
        return await self._inner.count(ctx.within(self.organization), filters)

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
        return self._inner.selection(ctx.within(self.organization), name, filters, related)

    async def replace(self, ctx: Context, entity: E, expected: int) -> bool:
        """See `Repository.replace`."""
        return await self._inner.replace(ctx.within(self.organization), entity, expected)

    async def remove(self, ctx: Context, entity_id: UUID, expected: int) -> bool:
        """See `Repository.remove`."""
        return await self._inner.remove(ctx.within(self.organization), entity_id, expected)
