"""Invitations: places kept under an address, and what becomes of them."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from cloudsync_chassis.context import Context
from cloudsync_chassis.jobs.spec import Due
from cloudsync_chassis.model import project
from cloudsync_chassis.problem import RATE_LIMITED
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.store.query import ListQuery, PageRequest

from .base import DAY, Base, seats
from .generated import models, operations, port, problems, tables
from .ranks import require_not_above

_DAYS = 14
"""How long an invitation is good unless said otherwise."""

_QUIET = timedelta(days=30)
"""How long somebody who declined is left alone."""

_EXPIRED_AT_ONCE = 500
"""Invitations that one run of the timer, or one command of the tenant, expires."""

_YEAR = 365 * DAY.total_seconds()
_CLOSED = tuple(
    each.value for each in models.InvitationOutcome if each != models.InvitationOutcome.open
)

_table = tables.invitations


class Invitations(Base):
    """Handlers of invitations."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        answered = Due(
            aggregate="invitation", where={"outcome": _CLOSED}, since="createdAt", after=_YEAR
        )
        runtime.work.every(DAY.total_seconds(), "drop-old-invitations", self._drop_old, answered)

    async def _drop_old(self, ctx: Context) -> None:
        """Addresses are kept for a year; beyond it only where an account is known by them."""
        due = {"createdAt": ctx.now - timedelta(seconds=_YEAR)}
        async for each in self.invitation.each(ctx, due, outcome=_CLOSED):
            if await self.known_addresses.find(ctx, invitationId=each.id) is None:
                await self.invitation.remove(ctx, each)

    async def invite_member(
        self, ctx: Context, request: port.InviteMember
    ) -> models.InvitationBatch:
        """Keep a seat for each address and have a link mailed to it."""
        body = request.body
        organization = await self.growing(ctx, request.organization_id)
        organization = await self._expire_due(ctx, organization)
        role, guest = body.intended_role or models.MemberRole.member, models.MemberRole.guest
        usual = models.SeatType.guest if role == guest else models.SeatType.full
        seat = body.seat_type or usual
        if role == guest and organization.guest_policy == models.GuestPolicy.forbidden:
            raise problems.GUESTS_FORBIDDEN("the organisation admits no guests")
        require_not_above(ctx, role)
        addresses = list(dict.fromkeys(_normal(each.root) for each in body.invitee_emails))
        await self._require_allowance(ctx, organization, len(addresses))
        welcome: list[str] = []
        refused: list[models.RefusedAddress] = []
        for address in addresses:
            refusal = await self._refusal(ctx, organization, role, address)
            if refusal is None:
                welcome.append(address)
            else:
                refused.append(models.RefusedAddress(invitee_email=address, refusal=refusal))
        if seats(seat) and welcome:
            organization = await self.take_seats(ctx, organization, len(welcome))
        fields = {
            "intendedRole": role,
            "role": role,
            "seatType": seat,
            "unitId": body.unit_id,
            "expiresAt": ctx.now + timedelta(days=body.expires_in_days or _DAYS),
            "invitedBy": self.person(ctx, organization.owner_user_id),
            "organizationName": organization.legal_name,
        }
        told = {name: each for name, each in fields.items() if each is not None}
        invited = [await self._invite(ctx, each, told) for each in welcome]
        return models.InvitationBatch(invited=invited, refused=refused)

    async def _invite(
        self, ctx: Context, address: str, fields: dict[str, Any]
    ) -> models.InvitationCard:
        token = secrets.token_urlsafe(32)
        sealed = base64.urlsafe_b64encode(self.runtime.cipher.encrypt([address], ctx.tenant))
        own = {
            "inviteeEmail": address,
            "tokenHash": _digest(token),
            "sealedInvitee": sealed.decode().rstrip("="),
        }
        made = await self.invitation.create(
            ctx, "invite-member", {**fields, **own}, organizationId=ctx.tenant
        )
        ctx.unit.after_commit(self._posting(ctx.tenant, made, token))
        return project(models.InvitationCard, made)

    def _posting(
        self, tenant: UUID, invitation: models.Invitation, token: str
    ) -> Callable[[], None]:
        def post() -> None:
            address, expires = invitation.invitee_email, invitation.expires_at
            self.world.mail.post(tenant, address, token, expires)

        return post

    async def _require_allowance(
        self, ctx: Context, organization: models.Organization, number: int
    ) -> None:
        """Tenants that pay nothing may invite so many a day.

        Raises:
            Problem: `rate-limited`.
        """
        if organization.edition != models.Edition.free:
            return
        statement = sa.select(sa.func.count()).where(
            _table.c.organization_id == ctx.tenant, _table.c.created_at > ctx.now - DAY
        )
        sent = await (await ctx.unit.connection()).scalar(statement) or 0
        if sent + number > self.settings.invitations_per_day_unpaid:
            raise RATE_LIMITED(f"{sent} invitations were sent within a day")

    async def _refusal(
        self,
        ctx: Context,
        organization: models.Organization,
        role: models.MemberRole,
        address: str,
    ) -> models.InvitationRefusal | None:
        policy = organization.guest_policy
        if role == models.MemberRole.guest and policy == models.GuestPolicy.verified_domains:
            verified = {each.domain for each in organization.email_domains if each.verified_at}
            if address.rpartition("@")[2] not in verified:
                return models.InvitationRefusal.domain_forbidden
        known = await self.known_addresses.find(ctx, addressHash=_digest(address))
        if known is not None and await self.member(ctx, known.user_id) is not None:
            return models.InvitationRefusal.already_member
        open_ = {"inviteeEmail": address, "outcome": models.InvitationOutcome.open}
        if await self.invitation.find(ctx, **open_) is not None:
            return models.InvitationRefusal.already_invited
        declined = {"inviteeEmail": address, "outcome": models.InvitationOutcome.declined}
        last = PageRequest(limit=1, sort="-updatedAt")
        found = (await self.invitation.repository.select(ctx, ListQuery(last, declined))).items
        if found and found[0].updated_at > ctx.now - _QUIET:
            return models.InvitationRefusal.suppressed_address
        return None

    async def withdraw_invitation(self, ctx: Context, request: port.WithdrawInvitation) -> None:
        """Make the link worthless and give the seat back."""
        organization = await self.locked(ctx, request.organization_id)
        before = await self.invitation.find(ctx, id=request.invitation_id)
        await self.invitation.transition(
            ctx,
            "withdraw-invitation",
            request.invitation_id,
            organizationId=request.organization_id,
        )
        if before is not None and before.outcome == models.InvitationOutcome.open:
            await self.take_seats(ctx, organization, -seats(before.seat_type))

    async def accept_invitation(
        self, ctx: Context, request: port.AcceptInvitation
    ) -> models.Membership:
        """Turn an open invitation into a membership; its seat becomes the member's."""
        ctx, found = await self._shown(ctx, request.body.token)
        user_id = request.body.user_id
        if ctx.principal.kind == "user" and ctx.principal.subject != str(user_id):
            raise problems.ADDRESS_MISMATCH("somebody else is signed in")
        known = await self.known_addresses.find(ctx, addressHash=_digest(found.invitee_email))
        if known is not None and known.user_id != user_id:
            raise problems.ADDRESS_MISMATCH("the address is another account's")
        present = await self.member(ctx, user_id)
        answered = known is not None and known.invitation_id == found.id
        if found.outcome == models.InvitationOutcome.accepted and answered and present is not None:
            return present  # the same acceptance once more
        organization = await self.locked(ctx, ctx.tenant)
        closed = (models.OrgStatus.deleted, models.OrgStatus.purged)
        self._require_open(ctx, found, organization.status not in closed)
        if known is None:
            fields = {"addressHash": _digest(found.invitee_email), "userId": user_id}
            fields["invitationId"] = found.id
            await self.known_addresses.insert(ctx, fields)
        else:
            await self.known_addresses.rewrite(ctx, known, {"invitationId": found.id})
        if present is not None:
            accepted = {"outcome": models.InvitationOutcome.accepted}
            await self.invitation.rewrite(ctx, found, accepted)
            await self.take_seats(ctx, organization, -seats(found.seat_type))
            return present
        role = found.intended_role
        command = "accept-invitation"
        await self.invitation.transition(ctx, command, found.id, {"role": role}, userId=user_id)
        fields = {"userId": user_id, "role": role, "seatType": found.seat_type}
        place = {"unitId": found.unit_id, "unitPath": await self.unit_path(ctx, found.unit_id)}
        return await self.membership.insert(ctx, {**fields, **place, "joinedAt": ctx.now})

    async def decline_invitation(self, ctx: Context, request: port.DeclineInvitation) -> None:
        """Give the seat back; whoever shows the token is taken for the invited person."""
        ctx, found = await self._shown(ctx, request.body.token)
        if found.outcome == models.InvitationOutcome.declined:
            return
        self._require_open(ctx, found)
        organization = await self.locked(ctx, ctx.tenant)
        await self.invitation.transition(ctx, "decline-invitation", found.id)
        await self.take_seats(ctx, organization, -seats(found.seat_type))

    async def _shown(self, ctx: Context, token: str) -> tuple[Context, models.Invitation]:
        """The invitation of a token, and the operation within its tenant, which it names alone.

        Raises:
            Problem: `invitation-expired`.
        """
        hashed = _digest(token)
        index = bytes.fromhex(self.runtime.cipher.blind_index(hashed) or "")
        statement = sa.select(_table.c.organization_id).where(_table.c.token_bidx == index)
        tenant = await (await ctx.unit.connection()).scalar(statement)
        if tenant is None:
            raise problems.INVITATION_EXPIRED("there is no such invitation")
        inside = ctx.within(tenant)
        found = await self.invitation.find(inside, tokenHash=hashed)
        if found is None:
            raise problems.INVITATION_EXPIRED("there is no such invitation")
        return inside, found

    def _require_open(self, ctx: Context, found: models.Invitation, alive: bool = True) -> None:
        if found.outcome != models.InvitationOutcome.open or found.expires_at <= ctx.now:
            raise problems.INVITATION_EXPIRED("it was answered, withdrawn, or its time is over")
        if not alive:
            raise problems.INVITATION_EXPIRED("the organisation is leaving")

    async def expire_invitation(self, ctx: Context, request: port.ExpireInvitation) -> None:
        """Expire what is due in the tenant and give the seats back."""
        del request
        await self._expire_due(ctx, await self.locked(ctx, ctx.tenant))

    async def _expire_due(
        self, ctx: Context, organization: models.Organization
    ) -> models.Organization:
        """The organisation with the seats back that invitations held whose time has passed."""
        page = PageRequest(limit=_EXPIRED_AT_ONCE, sort="expiresAt")
        open_ = {"outcome": models.InvitationOutcome.open}
        query = ListQuery(page, open_, due={"expiresAt": ctx.now})
        found, freed = await self.invitation.repository.select(ctx, query), 0
        if found.following is not None:
            self.runtime.work.wake(ctx, operations.EXPIRE_INVITATION.id)
        for each in found.items:
            expired = {"outcome": models.InvitationOutcome.expired}
            await self.invitation.rewrite(ctx, each, expired)
            freed += seats(each.seat_type)
        return await self.take_seats(ctx, organization, -freed) if freed else organization


def _normal(address: str) -> str:
    """The address as it is compared: mail domains know no case (RFC 5321, 2.4)."""
    local, _, domain = address.rpartition("@")
    return f"{local}@{domain.lower()}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.casefold().encode() if "@" in text else text.encode()).hexdigest()
