"""Memberships: who belongs to an organisation, in which role and on which seat."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.model import given, to_record
from cloudsync_chassis.problem import NOT_FOUND
from cloudsync_chassis.store.query import Page

from .base import seats
from .generated import models, port, problems
from .ranks import require_not_above
from .teams import Teams

_GUEST = models.MemberRole.guest


class Members(Teams):
    """Handlers of memberships."""

    async def get_membership(self, ctx: Context, request: port.GetMembership) -> models.Membership:
        """The membership that has not ended."""
        return await self.membership.get(
            ctx, request.user_id, organizationId=request.organization_id, endedAt=None
        )

    async def list_members(
        self, ctx: Context, request: port.ListMembers
    ) -> Page[models.Membership]:
        """Who belongs to the organisation; those who left are not listed."""
        filters = {
            "role": request.role,
            "seatType": request.seat_type,
            "unitId": request.unit_id,
        }
        place = {"organizationId": request.organization_id, "endedAt": None}
        return await self.membership.list(ctx, request.page, filters, **place)

    async def add_member(self, ctx: Context, request: port.AddMember) -> models.Membership:
        """Make an account a member without a mail to answer."""
        body = request.body
        organization = await self.growing(ctx, request.organization_id)
        role = body.role or models.MemberRole.member
        require_not_above(ctx, role)
        if await self.member(ctx, body.user_id) is not None:
            raise problems.ALREADY_MEMBER("the account has a membership that has not ended")
        usual = models.SeatType.guest if role == _GUEST else models.SeatType.full
        seat = body.seat_type or usual
        if seats(seat):
            await self.take_seats(ctx, organization, 1)
        fields: dict[str, Any] = {"userId": body.user_id, "role": role, "seatType": seat}
        if body.unit_id is not None:
            fields["unitId"] = body.unit_id
            fields["unitPath"] = await self.unit_path(ctx, body.unit_id)
        place = {"organizationId": organization.id}
        made = await self.membership.create(
            ctx, "add-member", {**fields, "joinedAt": ctx.now}, **place
        )
        if role == models.MemberRole.org_owner:
            await self.owners_changed(ctx)
        return made

    async def reassign_member(
        self, ctx: Context, request: port.ReassignMember
    ) -> models.Membership:
        """Move a member to another unit or another kind of seat."""
        organization = await self.locked(ctx, request.organization_id)
        found = await self.present_member(ctx, request.organization_id, request.user_id)
        fields = given(request.body)
        if request.body.unit_id is not None:
            fields["unitPath"] = await self.unit_path(ctx, request.body.unit_id)
        changed = await self.membership.update(
            ctx, "reassign-member", found.user_id, fields, id=found.id
        )
        await self._reseat(ctx, organization, found, changed.seat_type)
        return changed

    async def _reseat(
        self,
        ctx: Context,
        organization: models.Organization,
        before: models.Membership,
        after: models.SeatType,
    ) -> None:
        """Count the seats of a membership whose kind of seat changes; a resting one has none."""
        number = seats(after) - seats(before.seat_type)
        if number and before.resting_since is None:
            await self.take_seats(ctx, organization, number)

    async def change_member_role(
        self, ctx: Context, request: port.ChangeMemberRole
    ) -> models.Membership:
        """Give a colleague another role, with the seat that goes with it."""
        organization = await self.locked(ctx, request.organization_id)
        found = await self.present_member(ctx, request.organization_id, request.user_id)
        role = request.body.role
        require_not_above(ctx, found.role, role)
        if role != found.role and await self.is_last_owner(ctx, found):
            raise problems.LAST_OWNER("no other owner would be left")
        seat = request.body.seat_type or found.seat_type
        if request.body.seat_type is None and (role == _GUEST) != (found.role == _GUEST):
            seat = models.SeatType.guest if role == _GUEST else models.SeatType.full
        await self._reseat(ctx, organization, found, seat)
        changed = await self.membership.update(
            ctx,
            "change-member-role",
            found.user_id,
            {"role": role, "seatType": seat},
            id=found.id,
            previousRole=found.role,
        )
        if models.MemberRole.org_owner in (role, found.role):
            await self.owners_changed(ctx)
            return await self.present_member(ctx, organization.id, found.user_id)
        return changed

    async def remove_member(self, ctx: Context, request: port.RemoveMember) -> None:
        """End a membership and name who inherits the documents; an ended one stays as it is."""
        organization = await self.locked(ctx, request.organization_id)
        found = await self.member(ctx, request.user_id)
        if found is None:
            if await self.membership.find(ctx, userId=request.user_id) is None:
                raise NOT_FOUND("no such membership")
            return
        heir = request.successor_user_id
        if heir is not None and (heir == found.user_id or await self.member(ctx, heir) is None):
            raise problems.SUCCESSOR_NOT_MEMBER("the successor has no membership here")
        fields = {"endReason": models.MembershipEndReason.removed, "successorUserId": heir}
        await self._end(ctx, "remove-member", organization, found, fields)

    async def leave_organization(
        self, ctx: Context, request: port.LeaveOrganization
    ) -> models.Membership:
        """End one's own membership."""
        organization = await self.locked(ctx, request.organization_id)
        found = await self.member(ctx, request.user_id)
        if found is None:
            left = await self.membership.find(ctx, userId=request.user_id)
            if left is None:
                raise NOT_FOUND("no such membership")
            await self.membership.grants.require(ctx, to_record(left))
            return left
        await self.membership.grants.require(ctx, to_record(found))
        fields = {"endReason": models.MembershipEndReason.left}
        return await self._end(ctx, "leave-organization", organization, found, fields)

    async def _end(
        self,
        ctx: Context,
        command: str,
        organization: models.Organization,
        found: models.Membership,
        fields: dict[str, Any],
    ) -> models.Membership:
        if await self.is_last_owner(ctx, found):
            raise problems.LAST_OWNER("no other owner would be left")
        await self.leave_teams(ctx, found, fields.get("successorUserId"))
        found = await self.present_member(ctx, organization.id, found.user_id)
        ended = await self.membership.update(
            ctx, command, found.user_id, ending(ctx, fields), id=found.id
        )
        await self.seat_given_back(ctx, organization, found)
        return ended

    async def seat_given_back(
        self, ctx: Context, organization: models.Organization, ended: models.Membership
    ) -> models.Organization:
        """Free the seat of a membership that ended or rests now, and look at the owners."""
        if ended.resting_since is None and seats(ended.seat_type):
            organization = await self.take_seats(ctx, organization, -1)
        if ended.role == models.MemberRole.org_owner:
            await self.owners_changed(ctx)
        return organization

    async def end_here(
        self,
        ctx: Context,
        found: models.Membership,
        reason: models.MembershipEndReason,
        heir: UUID | None,
    ) -> int:
        """End a membership for the account's sake, even the last owner's, and announce it.

        How many things ended: the membership and the seats in teams. The owners are not looked at.
        """
        organization = await self.locked(ctx, ctx.tenant)
        left = await self.leave_teams(ctx, found, heir)
        found = await self.present_member(ctx, organization.id, found.user_id)
        fields = ending(ctx, {"endReason": reason, "successorUserId": heir})
        ended = await self.membership.rewrite(ctx, found, fields)
        await self.membership.announce(ctx, "member-removed", ended)
        if found.resting_since is None and seats(found.seat_type):
            await self.take_seats(ctx, organization, -1)
        return 1 + left


def ending(ctx: Context, fields: dict[str, Any]) -> dict[str, Any]:
    """What becomes of a membership that ends."""
    return {"endedAt": ctx.now, "lastOwner": False, "teamIds": [], **fields}
