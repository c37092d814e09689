"""What all handlers of the service share: the tenant under its lock, seats, owners."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa
from cloudsync_chassis.context import Context
from cloudsync_chassis.logs import logger
from cloudsync_chassis.problem import CONDITION_NOT_MET, NOT_FOUND, REFERENCE_UNKNOWN, FieldError
from cloudsync_chassis.runtime import Runtime

from . import memory, world
from .generated import models, problems, tables
from .generated.defaults import Defaults
from .generated.settings import ServiceSettings

log = logger("org")

FREE_SEATS = 10
"""Seats of the free edition."""

_MANY = 10_000
"""Organisations that one person can belong to; more are left to the next event."""


def seats(seat_type: models.SeatType) -> int:
    """Seats of the licence that a membership or an open invitation takes."""
    return 1 if seat_type == models.SeatType.full else 0


class Base(Defaults):
    """The aggregates, what is remembered beside them, and the world outside."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        if not isinstance(runtime.settings, ServiceSettings):
            raise TypeError("org-service needs its own settings")
        self.settings = runtime.settings
        self.hand_overs = runtime.aggregate(memory.HAND_OVERS)
        self.consents = runtime.aggregate(memory.CONSENTS)
        self.known_addresses = runtime.aggregate(memory.KNOWN_ADDRESSES)
        self.standings = runtime.aggregate(memory.STANDINGS)
        self.offers = runtime.aggregate(memory.OFFERS)
        self.settled = runtime.aggregate(memory.SETTLED)
        self.world = world.local(runtime.settings)

    async def locked(self, ctx: Context, organization_id: UUID) -> models.Organization:
        """The organisation, its row locked until the transaction ends; seats count under it.

        Raises:
            Problem: `not-found`, also for another tenant's.
        """
        table = tables.organizations
        statement = sa.select(table.c.id).where(
            table.c.id == organization_id, table.c.organization_id == ctx.tenant
        )
        await (await ctx.unit.connection()).execute(statement.with_for_update())
        found = await self.organization.find(ctx, id=organization_id)
        if found is None:
            raise NOT_FOUND("no such organization")
        return await self.up_to_date(ctx, found)

    async def up_to_date(
        self, ctx: Context, organization: models.Organization
    ) -> models.Organization:
        """The organisation once what was due meanwhile has been done; here nothing is."""
        del ctx
        return organization

    async def growing(self, ctx: Context, organization_id: UUID) -> models.Organization:
        """As `locked`, for commands that bring people or units in.

        Raises:
            Problem: `not-found`; `condition-not-met` unless the organisation is active.
        """
        found = await self.locked(ctx, organization_id)
        if found.status != models.OrgStatus.active:
            raise CONDITION_NOT_MET(f"the organisation is {found.status}")
        return found

    async def take_seats(
        self, ctx: Context, organization: models.Organization, number: int
    ) -> models.Organization:
        """The organisation with so many seats more taken (negative: given back).

        Where freed seats were all that was missing, it can write again at once.

        Raises:
            Problem: `seat-limit-reached`.
        """
        taken = max(0, organization.seats_taken + number)
        if number > 0 and taken > organization.seat_limit:
            free = max(0, organization.seat_limit - organization.seats_taken)
            raise problems.SEAT_LIMIT_REACHED(f"{number} needed, {free} free")
        fields: dict[str, object] = {"seatsTaken": taken}
        settled = (
            organization.status == models.OrgStatus.restricted
            and organization.restricted_reason == models.RestrictionReason.seats_exceeded
            and taken <= organization.seat_limit
        )
        if settled:
            fields |= {"status": models.OrgStatus.active, "restrictedReason": None}
        changed = await self.organization.rewrite(ctx, organization, fields)
        if settled:
            await self.organization.announce(ctx, "organization-unrestricted", changed)
        return changed

    async def member(self, ctx: Context, user_id: UUID) -> models.Membership | None:
        """The membership of a person that has not ended."""
        return await self.membership.find(ctx, userId=user_id, endedAt=None)

    async def present_member(
        self, ctx: Context, organization_id: UUID, user_id: UUID
    ) -> models.Membership:
        """As `member`, below an organisation.

        Raises:
            Problem: `not-found`.
        """
        found = await self.member(ctx, user_id)
        if found is None or found.organization_id != organization_id:
            raise NOT_FOUND("no such membership")
        return found

    async def owners(self, ctx: Context) -> list[models.Membership]:
        """Who holds the owner's role and does not rest, those who joined first at the top."""
        role = models.MemberRole.org_owner
        found = self.membership.each(ctx, role=role, endedAt=None, restingSince=None)
        return [each async for each in found]

    async def owners_changed(self, ctx: Context) -> None:
        """Mark the last owner, and see that the one who answers for the contract is an owner."""
        owners = await self.owners(ctx)
        marked = [each async for each in self.membership.each(ctx, lastOwner=True, endedAt=None)]
        last = {owners[0].id} if len(owners) == 1 else set()
        for each in {one.id: one for one in (*marked, *owners)}.values():
            await self.membership.rewrite(ctx, each, {"lastOwner": each.id in last})
        organization = await self.organization.find(ctx, id=ctx.tenant)
        if organization is None:
            return
        if not owners:
            log.warning("organization_without_owner", organization_id=str(ctx.tenant))
            self.notify(ctx, "nobody holds the owner's role any more")
        elif organization.owner_user_id not in {each.user_id for each in owners}:
            fields = {"ownerUserId": owners[0].user_id}
            await self.organization.rewrite(ctx, organization, fields)

    async def is_last_owner(self, ctx: Context, membership: models.Membership) -> bool:
        """Whether nobody else could answer for the contract."""
        if membership.role != models.MemberRole.org_owner:
            return False
        return not any(each.id != membership.id for each in await self.owners(ctx))

    async def unit_path(self, ctx: Context, unit_id: UUID | None) -> str | None:
        """The path of a unit: ids without hyphens from the root down, joined by dots.

        Raises:
            Problem: `reference-unknown`.
        """
        labels: list[str] = []
        while unit_id is not None:
            unit = await self.org_unit.find(ctx, id=unit_id)
            if unit is None:
                raise REFERENCE_UNKNOWN(errors=(FieldError("no such unit", "/unitId"),))
            if unit.path is not None:
                return ".".join((unit.path, *labels))
            labels.insert(0, unit.id.hex)
            unit_id = unit.parent_unit_id
        return ".".join(labels) or None

    async def organizations_of(self, ctx: Context, user_id: UUID) -> AsyncIterator[Context]:
        """The operation within each organisation that a person belongs or belonged to.

        Events of accounts are the home tenant's, memberships are wherever the person is a guest.
        """
        table = tables.memberships
        statement = sa.select(table.c.organization_id).where(table.c.user_id == user_id)
        statement = statement.distinct().order_by(table.c.organization_id).limit(_MANY)
        for organization_id in (await (await ctx.unit.connection()).execute(statement)).scalars():
            yield ctx.within(organization_id)

    async def is_news(self, ctx: Context, about: UUID) -> bool:
        """Whether the event at hand is younger than all handled before about the same thing."""
        at = ctx.cause.time if ctx.cause is not None else ctx.now
        known = await self.standings.find(ctx, about=about)
        if known is None:
            await self.standings.insert(ctx, {"about": about, "at": at})
            return True
        if at < known.at:
            return False
        await self.standings.rewrite(ctx, known, {"at": at})
        return True

    def notify(self, ctx: Context, text: str) -> None:
        """Tell the administrators of the tenant, once the transaction has committed."""
        tenant = ctx.tenant
        ctx.unit.after_commit(lambda: self.world.notices.tell(tenant, text))

    def person(self, ctx: Context, otherwise: UUID) -> UUID:
        """The caller's id as a person; for a workload, somebody who answers for it."""
        return UUID(ctx.principal.subject) if ctx.principal.kind == "user" else otherwise


DAY = timedelta(days=1)
