"""What happens by the clock beside what the model schedules: idle sessions end, and what has had its
time goes.
"""

from __future__ import annotations

from datetime import timedelta
from ipaddress import ip_network
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from cloudsync_chassis.aggregate.engine import Aggregate
from cloudsync_chassis.context import Context
from cloudsync_chassis.jobs.spec import Due, Job
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.store.query import ListQuery, PageRequest

from .base import LIVING, SESSIONS
from .generated import models, port
from .tenancy import Tenancy

_HOUR = 3600.0
_DAY = 86_400.0
_IDLE = Operation(id="expire-idle-sessions", access="workload", writes=True)

_AT_ONCE = 500
"""What one call drops or shortens; the rest follows in the next round, at once."""

_SHORTEN = "shorten-addresses"
_WHOLE = timedelta(days=30)
"""How long addresses are kept whole."""

_REMINDED = (30, 7, 1)
"""Days before the end of a certificate at which administrators hear of it."""

_ADMINISTRATORS = (
    models.SystemRole.security_admin,
    models.SystemRole.org_admin,
    models.SystemRole.org_owner,
)

_PREFIX = {4: 24, 6: 48}
"""Bits of an address that stay."""


class Timers(Tenancy):
    """The jobs of the service's own."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        runtime.work.add((self._idling(),))
        old = Due(aggregate="session", since="createdAt", after=_WHOLE.total_seconds())
        runtime.work.every(_HOUR, _SHORTEN, self._shorten, old)
        # a negative time: it lies ahead
        ending = Due(
            aggregate="identity-provider",
            since="certificateExpiresAt",
            after=-_REMINDED[0] * _DAY,
        )
        runtime.work.every(_HOUR, "remind-of-certificates", self._remind, ending)
        self._drop("old-sessions", self.session, "createdAt", 90 * _DAY)
        self._drop("used-refresh-tokens", self.formers, "at", 30 * _DAY)
        self._drop("expired-questions", self.challenges, "expiresAt", _HOUR)
        self._drop("spent-codes", self.codes, "expiresAt", _DAY)
        self._drop("lapsed-grants", self.role_grant, "expiresAt")
        self._drop("lifted-suspensions", self.withheld, "until")

    def _idling(self) -> Job:
        """Sessions that nobody refreshes.

        How long one may idle is its own affair, but few differ from the default: those that may
        idle for less are refused in time and end here an hour later.
        """
        usual = float(self.session.spec.defaults["idleTimeoutSeconds"])

        async def expire(ctx: Context, session_id: UUID) -> None:
            await self.expire_session(ctx, port.ExpireSession(session_id=session_id))

        return Job(
            operation=_IDLE,
            every=300.0,
            per="entity",
            due=Due(
                aggregate="session",
                where={"status": tuple(each.value for each in LIVING)},
                since="updatedAt",
                after=usual,
            ),
            call=expire,
        )

    def _drop(self, what: str, kept: Aggregate[Any], since: str, after: float = 0.0) -> None:
        """Remove what is over for so many seconds."""
        job, late = f"drop-{what}", timedelta(seconds=after)

        async def drop(ctx: Context) -> None:
            page = PageRequest(limit=_AT_ONCE, sort="createdAt")
            query = ListQuery(page, due={since: ctx.now - late})
            found = await kept.repository.select(ctx, query)
            for each in found.items:
                await kept.remove(ctx, each)
            if found.following is not None:
                self.runtime.work.wake(ctx, job)

        due = Due(aggregate=kept.spec.name, since=since, after=after)
        self.runtime.work.every(_HOUR, job, drop, due)

    async def _remind(self, ctx: Context) -> None:
        """Tell the tenant's administrators which certificates end soon, once at each distance."""
        soon = {"certificateExpiresAt": ctx.now + timedelta(days=_REMINDED[0])}
        async for each in self.identity_provider.each(ctx, soon):
            left = each.certificate_expires_at - ctx.now
            if each.disabled_at is not None or left <= timedelta():
                continue
            days = min(distance for distance in _REMINDED if left <= timedelta(days=distance))
            if await self._is_new(ctx, each, days):
                content = f"{each.issuer} {each.certificate_expires_at.isoformat()}"
                for person in await self._administrators(ctx):
                    self.letter(ctx, person, "certificateEnds", content)

    async def _is_new(self, ctx: Context, provider: models.IdentityProvider, days: int) -> bool:
        """Whether nobody was told of this certificate at this distance; from now on they were."""
        known = await self.reminders.find(ctx, providerId=provider.id)
        ends = provider.certificate_expires_at
        fields = {"providerId": provider.id, "endsAt": ends, "days": days}
        if known is None:
            await self.reminders.insert(ctx, fields)
        elif known.ends_at == ends and known.days <= days:
            return False
        else:
            await self.reminders.rewrite(ctx, known, fields)
        return True

    async def _administrators(self, ctx: Context) -> set[UUID]:
        grants = self.role_grant.each(ctx, role=_ADMINISTRATORS)
        return {
            each.principal_id
            async for each in grants
            if each.expires_at is None or each.expires_at > ctx.now
        }

    async def _shorten(self, ctx: Context) -> None:
        """Leave of the tenant's older addresses only the network that they are in."""
        last = await self.shortened.find(ctx)
        place = (SESSIONS.c.created_at, SESSIONS.c.id)
        statement = sa.select(SESSIONS.c.id).where(
            SESSIONS.c.organization_id == ctx.tenant, SESSIONS.c.created_at <= ctx.now - _WHOLE
        )
        if last is not None:
            statement = statement.where(sa.tuple_(*place) > (last.at, last.session_id))
        statement = statement.order_by(*place).limit(_AT_ONCE)
        rows = (await (await ctx.unit.connection()).execute(statement)).scalars().all()
        session: models.Session | None = None
        for session_id in rows:
            session = await self.session.find(ctx, id=session_id)
            if session is not None:
                address = {"ipAddress": _network(session)}
                await self.session.rewrite(ctx, session, address)
        if session is not None:
            fields = {"at": session.created_at, "sessionId": session.id}
            if last is None:
                await self.shortened.insert(ctx, fields)
            else:
                await self.shortened.rewrite(ctx, last, fields)
        if len(rows) == _AT_ONCE:
            self.runtime.work.wake(ctx, _SHORTEN)


def _network(session: models.Session) -> str:
    whole = session.ip_address
    return str(ip_network((whole, _PREFIX[whole.version]), strict=False).network_address)
