"""What happens to accounts, followed through all organisations that they belong to.

These events are the home tenant's; memberships are wherever somebody is a guest. Whether an event
comes too late is judged per account by when it was sent.
"""

from __future__ import annotations

from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.logs import logger

from .base import seats
from .generated import models, port
from .members import Members

log = logger("accounts")

_ERASED = "erased@invalid.example"


class Accounts(Members):
    """Handlers of what user-service tells."""

    async def on_user_suspended(self, ctx: Context, event: Received[models.UserSuspended]) -> None:
        """Mark the memberships."""
        await self.mark_member_suspended(ctx, port.MarkMemberSuspended(body=event.data))

    async def mark_member_suspended(self, ctx: Context, request: port.MarkMemberSuspended) -> None:
        """Note on every membership that the account is barred; seats stay taken."""
        body = request.body
        if await self.is_news(ctx, body.user_id):
            await self._mark(ctx, body.user_id, suspended=True)

    async def on_user_reinstated(
        self, ctx: Context, event: Received[models.UserReinstated]
    ) -> None:
        """Take the mark off."""
        await self.unmark_member_suspended(ctx, port.UnmarkMemberSuspended(body=event.data))

    async def unmark_member_suspended(
        self, ctx: Context, request: port.UnmarkMemberSuspended
    ) -> None:
        """Remove the note once the account works again."""
        if await self.is_news(ctx, request.body.user_id):
            await self._mark(ctx, request.body.user_id, suspended=False)

    async def _mark(self, ctx: Context, user_id: UUID, *, suspended: bool) -> None:
        async for inside in self.organizations_of(ctx, user_id):
            found = await self.member(inside, user_id)
            if found is not None and (found.suspended_at is not None) != suspended:
                since = ctx.now if suspended else None
                await self.membership.rewrite(inside, found, {"suspendedAt": since})

    async def on_user_deactivated(
        self, ctx: Context, event: Received[models.UserDeactivated]
    ) -> None:
        """Give the leaver's seats back."""
        await self.vacate_seats(ctx, port.VacateSeats(body=event.data))

    async def vacate_seats(self, ctx: Context, request: port.VacateSeats) -> None:
        """Let the memberships rest; role, unit and teams stay for whoever comes back."""
        user_id = request.body.user_id
        if not await self.is_news(ctx, user_id):
            return
        async for inside in self.organizations_of(ctx, user_id):
            organization = await self.locked(inside, inside.tenant)
            found = await self.member(inside, user_id)
            if found is None or found.resting_since is not None:
                continue
            fields = {"restingSince": ctx.now, "suspendedAt": None, "lastOwner": False}
            await self.membership.rewrite(inside, found, fields)
            await self.seat_given_back(inside, organization, found)

    async def on_user_reactivated(
        self, ctx: Context, event: Received[models.UserReactivated]
    ) -> None:
        """Take seats again."""
        await self.retake_seats(ctx, port.RetakeSeats(body=event.data))

    async def retake_seats(self, ctx: Context, request: port.RetakeSeats) -> None:
        """Wake the resting memberships where a seat is free; elsewhere administrators are told."""
        user_id = request.body.user_id
        if not await self.is_news(ctx, user_id):
            return
        async for inside in self.organizations_of(ctx, user_id):
            organization = await self.locked(inside, inside.tenant)
            found = await self.member(inside, user_id)
            if found is None or found.resting_since is None:
                continue
            needed = seats(found.seat_type)
            if organization.seats_taken + needed > organization.seat_limit and needed:
                self.notify(inside, f"no seat is free for {user_id}, who is back")
                continue
            if needed:
                await self.take_seats(inside, organization, needed)
            await self.membership.rewrite(inside, found, {"restingSince": None})
            if found.role == models.MemberRole.org_owner:
                await self.owners_changed(inside)

    async def on_user_deleted(self, ctx: Context, event: Received[models.UserDeleted]) -> None:
        """Follow the erasure."""
        await self.end_memberships(ctx, port.EndMemberships(body=event.data))

    async def end_memberships(self, ctx: Context, request: port.EndMemberships) -> None:
        """End everything of an erased person in all organisations, and report how much it was."""
        body = request.body
        await self.is_news(ctx, body.user_id)  # from now on older news of the account are late
        reason = models.MembershipEndReason.user_deleted
        erased = 0
        async for inside in self.organizations_of(ctx, body.user_id):
            found = await self.member(inside, body.user_id)
            heir = body.successor_user_id
            if heir is not None and await self.member(inside, heir) is None:
                heir = None
            if found is not None:
                erased += await self.end_here(inside, found, reason, heir)
                await self.owners_changed(inside)
            erased += await self._forget_addresses(inside, body.user_id)
        told = {
            "userId": body.user_id,
            "erasureRequestId": body.erasure_request_id,
            "store": models.MembershipErasureCompletedStore.organizations,
            "erasedItems": erased,
        }
        await self.membership.announce(ctx, "membership-erasure-completed", told)

    async def _forget_addresses(self, ctx: Context, user_id: UUID) -> int:
        """Empty the invitations of somebody's addresses; open ones give their seats back."""
        emptied = 0
        async for known in self.known_addresses.each(ctx, userId=user_id):
            answered = await self.invitation.find(ctx, id=known.invitation_id)
            await self.known_addresses.remove(ctx, known)
            if answered is None or answered.invitee_email == _ERASED:
                continue
            address = answered.invitee_email
            async for each in self.invitation.each(ctx, inviteeEmail=address):
                fields: dict[str, object] = {"inviteeEmail": _ERASED}
                if each.outcome == models.InvitationOutcome.open:
                    fields["outcome"] = models.InvitationOutcome.withdrawn
                    organization = await self.locked(ctx, ctx.tenant)
                    await self.take_seats(ctx, organization, -seats(each.seat_type))
                await self.invitation.rewrite(ctx, each, fields)
                emptied += 1
        return emptied

    async def on_user_merged(self, ctx: Context, event: Received[models.UserMerged]) -> None:
        """Follow the merger."""
        await self.merge_memberships(ctx, port.MergeMemberships(body=event.data))

    async def merge_memberships(self, ctx: Context, request: port.MergeMemberships) -> None:
        """Give the absorbed account's memberships and seats in teams to the one that stays."""
        absorbed, survivor = request.body.absorbed_id, request.body.survivor_id
        if absorbed == survivor:
            return
        async for inside in self.organizations_of(ctx, absorbed):
            found = await self.member(inside, absorbed)
            if found is not None:
                await self._merge(inside, found, survivor)

    async def _merge(self, ctx: Context, absorbed: models.Membership, survivor: UUID) -> None:
        reason = models.MembershipEndReason.merged
        teams = [each.id for each in await self.teams_of(ctx, absorbed.user_id)]
        await self._hand_on(ctx, absorbed.user_id, survivor)
        await self.end_here(ctx, absorbed, reason, survivor)
        if await self.member(ctx, survivor) is None:
            await self._join_in_place(ctx, absorbed, survivor)
        for team_id in teams:
            team = await self.team.find(ctx, id=team_id)
            heir = await self.present_member(ctx, ctx.tenant, survivor)
            if team is not None:
                await self.seat_in_team(ctx, team, [heir], survivor)
        await self.owners_changed(ctx)

    async def _join_in_place(
        self, ctx: Context, absorbed: models.Membership, survivor: UUID
    ) -> None:
        """Make the survivor a member as the absorbed one was; without a free seat it rests."""
        organization = await self.locked(ctx, ctx.tenant)
        fields: dict[str, object] = {
            "userId": survivor,
            "role": absorbed.role,
            "seatType": absorbed.seat_type,
            "unitId": absorbed.unit_id,
            "unitPath": absorbed.unit_path,
            "joinedAt": ctx.now,
        }
        needed = seats(absorbed.seat_type)
        if needed and organization.seats_taken >= organization.seat_limit:
            fields["restingSince"] = ctx.now
            self.notify(ctx, f"no seat is free for {survivor}, whose accounts were merged")
        elif needed:
            await self.take_seats(ctx, organization, needed)
        joined = await self.membership.insert(ctx, fields)
        await self.membership.announce(ctx, "member-joined", joined)

    async def _hand_on(self, ctx: Context, absorbed: UUID, survivor: UUID) -> None:
        """The survivor leads and heads what the absorbed account did, and answers for it."""
        async for team in self.team.each(ctx, leadUserIds=absorbed):
            leads = [survivor if each == absorbed else each for each in team.lead_user_ids]
            fields = {"leadUserIds": list(dict.fromkeys(leads))}
            await self.team.rewrite(ctx, team, fields)
        async for unit in self.org_unit.each(ctx):
            if unit.head_user_id == absorbed:
                await self.org_unit.rewrite(ctx, unit, {"headUserId": survivor})
        organization = await self.organization.find(ctx, id=ctx.tenant)
        if organization is not None and organization.owner_user_id == absorbed:
            await self.organization.rewrite(ctx, organization, {"ownerUserId": survivor})
