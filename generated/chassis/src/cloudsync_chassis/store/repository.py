"""What the aggregate engine asks of a store."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, Protocol, TypeVar
from uuid import UUID

from pydantic import BaseModel

from cloudsync_chassis.context import Context
from cloudsync_chassis.store.query import ListQuery, Page
from cloudsync_chassis.store.statements import Selection

E = TypeVar("E", bound=BaseModel)


class UniqueViolationError(Exception):
    """Another entity has the same values in `fields` (JSON names; empty if unknown)."""

    def __init__(self, fields: tuple[str, ...] = ()) -> None:
        super().__init__(", ".join(fields))
        self.fields = fields


class Repository(Protocol[E]):
    """Entities of one type. Every call sees the context's tenant only, within its unit of work."""

    async def insert(self, ctx: Context, entity: E) -> None:
        """Add a new entity.

        Raises:
            UniqueViolationError: its id or another unique value is taken.
        """
        ...

    async def find(self, ctx: Context, values: Mapping[str, Any]) -> E | None:
        """The one entity whose fields have these values."""
        ...

    async def select(self, ctx: Context, query: ListQuery) -> Page[E]:
        """A page of those that pass the filters."""
        ...

    async def count(self, ctx: Context, filters: Mapping[str, Any]) -> int:
        """How many pass the filters, which are those of `ListQuery`."""
        ...

    async def tenants(self, ctx: Context, query: ListQuery, after: UUID | None) -> list[UUID]:
        """Tenants that have an entity which passes the filters and is due, by id, from `after` on;
        the page says how many at most. Only for the service itself: no tenant restricts it.
        """
        ...

    def kind_of(self, name: str) -> Hashable | None:
        """How a field is kept: the database can compare two of one kind. None: it compares none,
        since the field is encrypted or a list.
        """
        ...

    def selection(
        self,
        ctx: Context,
        name: str,
        filters: Mapping[str, Any],
        related: tuple[tuple[str, Any], ...] = (),
    ) -> Selection:
        """What a field holds in all entities that pass `filters` and, if there are any, one of
        `related`, which are those of `ListQuery`: for the filters of another repository, of a field
        of the same kind, where it stands for these values without being read.
        """
        ...

    async def replace(self, ctx: Context, entity: E, expected: int) -> bool:
        """Store a new state if the stored version is still `expected`.

        Raises:
            UniqueViolationError: a unique value is taken.
        """
        ...

    async def remove(self, ctx: Context, entity_id: UUID, expected: int) -> bool:
        """Delete if the stored version is still `expected`."""
        ...
