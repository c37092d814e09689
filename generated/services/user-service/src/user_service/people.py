"""Reading people: the overview page, lists, attendees, and what is cached for them."""

from __future__ import annotations

import asyncio
from uuid import UUID

from auth_client import models as auth
from cloudsync_chassis.client.errors import CallError
from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.model import project
from cloudsync_chassis.problem import breaks_rule, not_valid
from cloudsync_chassis.store.query import Page
from org_client import models as org
from profile_client import models as profiles

from .base import Base, normal
from .generated import models, port

_ATTENDEES = 200
_ASKABLE = (
    models.UserStatus.invited,
    models.UserStatus.active,
    models.UserStatus.suspended,
)
_SECOND = frozenset({"totp", "webauthn", "textCode"})
"""Types of factors that are asked for beside a password."""


class People(Base):
    """Handlers of queries over accounts."""

    async def get_user_overview(
        self, ctx: Context, request: port.GetUserOverview
    ) -> models.UserOverview:
        """An account with profile, membership and factors; what does not come is named."""
        user = await self.user.get(ctx, request.user_id)
        profile, membership, factors = await asyncio.gather(
            self._profile(ctx, user.id), self._membership(ctx, user.id), self._factors(user.id)
        )
        parts = models.UserOverviewDegradedItem
        degraded = []
        if profile is None:
            degraded.append(parts.profile)
        if membership is None:
            degraded.append(parts.membership)
        if factors is None:
            degraded.append(parts.sign_in)
        card = project(models.UserCard, user)
        return models.UserOverview(
            card=card,
            profile=project(models.UserOverviewProfile, profile) if profile else None,
            membership=project(models.UserOverviewMembership, membership) if membership else None,
            sign_in=_sign_in(factors) if factors is not None else None,
            degraded=degraded,
        )

    async def _profile(self, ctx: Context, user_id: UUID) -> profiles.Profile | None:
        ask = self.clients.profile.client.get_profile
        try:
            return await self.cards.answer((ctx.tenant, user_id), lambda: ask(user_id=user_id))
        except CallError:
            return None

    async def _membership(self, ctx: Context, user_id: UUID) -> org.Membership | None:
        ask, tenant = self.clients.org.client.get_membership, ctx.tenant
        try:
            return await self.memberships.answer(
                (tenant, user_id), lambda: ask(organization_id=tenant, user_id=user_id)
            )
        except CallError:
            return None

    async def _factors(self, user_id: UUID) -> list[auth.CredentialView] | None:
        """Never kept: an administrator looks here to see whether somebody has added one."""
        try:
            found = await self.clients.auth.client.list_credentials(user_id=user_id)
        except CallError:
            return None
        return found.items

    async def drop_cached_card(self, ctx: Context, request: port.DropCachedCard) -> None:
        """Forget a card, once the event is handled."""
        key = (ctx.tenant, request.body.user_id)
        ctx.unit.after_commit(lambda: self.cards.drop(key))

    async def on_profile_updated(
        self, ctx: Context, event: Received[models.ProfileUpdated]
    ) -> None:
        """Forget the card."""
        await self.drop_cached_card(ctx, port.DropCachedCard(body=event.data))

    async def drop_cached_membership(
        self, ctx: Context, request: port.DropCachedMembership
    ) -> None:
        """Forget the membership that the event at hand is about."""
        del request
        told = ctx.cause.data.get("userId") if ctx.cause is not None else None
        if told is None:
            raise not_valid("no event says whose membership is meant", parameter="userId")
        key = (ctx.tenant, UUID(str(told)))
        ctx.unit.after_commit(lambda: self.memberships.drop(key))

    async def on_member_joined(self, ctx: Context, event: Received[models.MemberJoined]) -> None:
        """Forget the membership."""
        await self.drop_cached_membership(ctx, port.DropCachedMembership())

    async def on_member_removed(self, ctx: Context, event: Received[models.MemberRemoved]) -> None:
        """Forget the membership."""
        await self.drop_cached_membership(ctx, port.DropCachedMembership())

    async def on_member_role_changed(
        self, ctx: Context, event: Received[models.MemberRoleChanged]
    ) -> None:
        """Forget the membership."""
        await self.drop_cached_membership(ctx, port.DropCachedMembership())

    async def list_users(self, ctx: Context, request: port.ListUsers) -> Page[models.UserCard]:
        """Cards of the tenant's accounts."""
        filters = {
            "status": request.status,
            "kind": request.kind,
            "managerId": request.manager_id,
            "username": request.username,
            "externalId": request.external_id,
        }
        found = await self.user.list(ctx, request.page, filters)
        cards = tuple(project(models.UserCard, each) for each in found.items)
        return Page(cards, found.following)

    async def resolve_attendees(
        self, ctx: Context, request: port.ResolveAttendees
    ) -> models.ResolvedAttendees:
        """Turn ids and addresses into people who can be asked; the rest is listed as sent."""
        user_ids = request.body.user_ids or []
        addresses = [each.root for each in request.body.addresses or []]
        if len(user_ids) + len(addresses) > _ATTENDEES:
            raise breaks_rule(f"{_ATTENDEES} people at most", pointer="")
        found: dict[UUID, models.User] = {}
        unknown: list[str] = []
        named = {
            each.id: each async for each in self.user.each(ctx, id=tuple(user_ids)) if user_ids
        }
        for user_id in user_ids:
            self._sort_out(named.get(user_id), str(user_id), found, unknown)
        for address in addresses:
            self._sort_out(await self._by_address(ctx, address), address, found, unknown)
        attendees = [project(models.Attendee, each) for each in found.values()]
        items = [models.ResolvedAttendeesUnknownItem(each) for each in unknown]
        return models.ResolvedAttendees(attendees=attendees, unknown=items)

    def _sort_out(
        self,
        user: models.User | None,
        sent: str,
        found: dict[UUID, models.User],
        unknown: list[str],
    ) -> None:
        robot = models.AccountKind.service_account
        if user is None or user.status not in _ASKABLE or user.kind == robot:
            unknown.append(sent)
        else:
            found[user.id] = user

    async def _by_address(self, ctx: Context, address: str) -> models.User | None:
        wanted = normal(address)
        user = await self.user.find(ctx, primaryEmail=wanted)
        if user is not None:
            return user
        row = await self.email_alias.find(ctx, address=wanted)
        if row is None or row.verified_at is None or row.purpose == models.AddressPurpose.former:
            return None
        return await self.user.find(ctx, id=row.user_id)


def _sign_in(factors: list[auth.CredentialView]) -> models.UserOverviewSignIn:
    second = any(each.type.value in _SECOND for each in factors)
    return models.UserOverviewSignIn(factors=len(factors), second_factor=second)
