"""What all handlers of audit-service share: whose trail is meant, and stretches of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, TypeVar
from uuid import UUID

from cloudsync_chassis import traced
from cloudsync_chassis.context import Context
from cloudsync_chassis.executor import Incoming
from cloudsync_chassis.ids import PLATFORM
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.problem import FORBIDDEN
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.security.principal import Principal, workload
from cloudsync_chassis.store.columns import utc_text
from cloudsync_chassis.store.cursor import Position
from cloudsync_chassis.store.query import ListQuery, PageRequest

from . import memory, ports
from .generated.defaults import Defaults
from .generated.models import AuditRecord
from .generated.service import SERVICE
from .generated.settings import ServiceSettings

T = TypeVar("T")

STAFF = frozenset(
    {"data-analyst", "finance-operator", "platform-operator", "security-engineer", "support-agent"}
)
"""Roles that only people of the platform have."""

_NOTE = Operation(id="note-question", access="workload", writes=True)
FIRST_ID, LAST_ID = UUID(int=0), UUID(int=2**128 - 1)
_MANY = 200


class Base(Defaults):
    """The base of all mixins.

    The policy `pol18-two-person-secrets` compares the caller with an approver that no request
    names; the model's own requirements compare both people, so to the policy there is none.
    """

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        assert isinstance(runtime.settings, ServiceSettings)
        self.settings = runtime.settings
        self.days = runtime.aggregate(memory.DAY)
        self.links = runtime.aggregate(memory.LINK)
        self.readings = runtime.aggregate(memory.READING)
        self.breaks = runtime.aggregate(memory.BREAK)
        state = runtime.settings.state_path
        self.seal_keys: ports.SealKeys = ports.LocalSealKeys(state("keys", "audit-seal.key"))
        archive: ports.Archive = ports.FolderArchive(state("buckets", "audit-archive"))
        self.archive = traced.calls(archive, "object-storage")
        exports: ports.Exports = ports.FolderExports(state("buckets", "audit-exports"))
        self.exports = traced.calls(exports, "object-storage")
        self.pager: ports.Pager = ports.PagerFile(state("audit-service", "pager.txt"))
        runtime.policies.supply("approverId", lambda ctx: "")

    def of(self, ctx: Context, organization: UUID) -> Context:
        """The operation in an organisation that a request names.

        Raises:
            Problem: `forbidden`: the caller's own is another one, and not the platform.
        """
        if ctx.principal.kind == "user" and ctx.tenant not in (organization, PLATFORM):
            raise FORBIDDEN("this is the trail of another organisation")
        return ctx.within(organization)

    async def day_of(self, ctx: Context, day: date) -> memory.Day | None:
        """The chain of a day; None where nothing happened."""
        return await self.days.find(ctx, day=day)

    async def stretch(
        self, ctx: Context, field: str, first: datetime, last: datetime, **filters: Any
    ) -> AsyncIterator[AuditRecord]:
        """Records whose `field` lies between two moments, both included, in its order."""
        after = Position(field, utc_text(first), FIRST_ID)
        page = PageRequest(limit=_MANY, after=after)
        while True:
            query = ListQuery(page, filters, due={field: last})
            found = await self.audit_record.repository.select(ctx, query)
            for each in found.items:
                yield each
            if found.following is None:
                return
            page = PageRequest(limit=_MANY, after=found.following)

    async def records_of(
        self, ctx: Context, day: date, hour: int | None = None, **filters: Any
    ) -> list[AuditRecord]:
        """What was written down on a day, or in an hour of it, in the order of the chain."""
        first, over = bounds(day, hour)
        last = over - timedelta(microseconds=1)
        found = [each async for each in self.stretch(ctx, "recordedAt", first, last, **filters)]
        return sorted(found, key=lambda each: each.sequence)

    async def apart(self, ctx: Context, action: Callable[[Context], Awaitable[T]]) -> T:
        """What `action` returns, in a transaction of its own in the same tenant: for questions,
        which do not write themselves.
        """
        me = workload(SERVICE.name, ctx.tenant)
        return await self.runtime.executor.run(
            _NOTE, Incoming(principal=me, trace=ctx.trace), action
        )


def backwards_from(last: datetime) -> Position:
    """Where a list that goes back in time from a moment, which is included, begins."""
    return Position("-occurredAt", utc_text(last), LAST_ID)


def bounds(day: date, hour: int | None = None) -> tuple[datetime, datetime]:
    """When a day (UTC) or an hour of it begins, and when it is over."""
    begin = datetime.combine(day, time(hour or 0), UTC)
    return begin, begin + (timedelta(days=1) if hour is None else timedelta(hours=1))


def is_staff(principal: Principal) -> bool:
    """Whether somebody works for the platform."""
    return principal.kind == "user" and (
        principal.organization_id == PLATFORM or bool(principal.roles & STAFF)
    )
