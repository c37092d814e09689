"""What all topics of metrics-service share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from cloudsync_chassis.aggregate.engine import Aggregate
from cloudsync_chassis.context import Context
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.security.principal import workload
from cloudsync_chassis.store.columns import utc_text
from cloudsync_chassis.store.cursor import Position
from cloudsync_chassis.store.query import ListQuery, PageRequest
from pydantic import BaseModel

from . import memory
from .generated.defaults import Defaults
from .generated.settings import ServiceSettings

PLATFORM = UUID("00000000-0000-7000-8000-000000000000")
"""The tenant of what is nobody's own: the dictionary that holds for all, and sums over tenants."""

_MANY = 500
_FIRST = UUID(int=0)

M = TypeVar("M", bound=BaseModel)


class Base(Defaults):
    """The generated defaults with settings and what is kept besides."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        assert isinstance(runtime.settings, ServiceSettings)
        self.settings = runtime.settings
        self.raised = runtime.aggregate(memory.RAISED)
        self.subscribed = runtime.aggregate(memory.SUBSCRIBED)
        self.attempts = runtime.aggregate(memory.ATTEMPTS)
        self.judged = runtime.aggregate(memory.JUDGED)
        self.purges = runtime.aggregate(memory.PURGES)

    async def between(
        self,
        ctx: Context,
        aggregate: Aggregate[M],
        moment: str,
        since: datetime,
        until: datetime,
        /,
        **filters: Any,
    ) -> AsyncIterator[M]:
        """The tenant's entities that pass and whose moment lies from `since` to just before
        `until`, in that order.

        Raises:
            Problem: `deadline-exceeded`.
        """
        following: Position | None = Position(moment, utc_text(since), _FIRST)
        due = {moment: until}
        while following is not None:
            query = ListQuery(PageRequest(limit=_MANY, after=following), filters, due=due)
            found = await aggregate.repository.select(ctx, query)
            for each in found.items:
                if getattr(each, _attribute(moment)) < until:
                    yield each
            ctx.deadline.check()
            following = found.following

    async def tenants(
        self, ctx: Context, aggregate: Aggregate[Any], **filters: Any
    ) -> AsyncIterator[UUID]:
        """Tenants with an entity that passes."""
        query = ListQuery(PageRequest(limit=_MANY), filters)
        found = await aggregate.repository.tenants(ctx, query, None)
        while found:
            for each in found:
                yield each
            found = await aggregate.repository.tenants(ctx, query, found[-1])


def itself(ctx: Context) -> Context:
    """The same operation as the service's own doing, for steps that are no caller's to order."""
    return replace(ctx, principal=workload(ctx.operation.id, ctx.tenant))


def _attribute(name: str) -> str:
    return "".join(f"_{each.lower()}" if each.isupper() else each for each in name)
