"""Who sits on the seats that were sold."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from cloudsync_chassis import ids
from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.problem import NOT_FOUND

from .generated import models, port, problems
from .seats import Seats

_REASONS = models.RevokeReason
_MOST = 1_000


class People(Seats):
    """Seating and unseating."""

    async def assign_seat(self, ctx: Context, request: port.AssignSeat) -> models.SeatAssignment:
        """Put a person on a free seat.

        Raises:
            Problem: `no-free-seat`, `already-seated`, `not-found`.
        """
        wish = request.body
        pool = await self.seat_pool.find(ctx, poolCode=wish.pool_code)
        if pool is None:
            raise NOT_FOUND("no such pool")
        if await self._seated(ctx, wish.user_id, wish.pool_code):
            raise problems.ALREADY_SEATED("the person sits in the pool")
        if pool.assigned_seats >= pool.committed_seats:
            raise problems.NO_FREE_SEAT(f"all {pool.committed_seats} seats are taken")
        by = ctx.principal.subject if ctx.principal.kind == "user" else str(wish.user_id)
        fields = {
            "userId": wish.user_id,
            "poolCode": wish.pool_code,
            "assignedAt": ctx.now,
            "assignedBy": UUID(by),
        }
        seat = await self.seat_assignment.create(ctx, "assign-seat", fields)
        await self.seat_pool.rewrite(ctx, pool, {"assignedSeats": pool.assigned_seats + 1})
        return seat

    async def _seated(
        self, ctx: Context, user: UUID, code: str | None = None
    ) -> list[models.SeatAssignment]:
        filters: dict[str, Any] = {"userId": user, **({"poolCode": code} if code else {})}
        found = self.seat_assignment.each(ctx, **filters)
        return [each async for each in found if each.revoked_at is None]

    async def revoke_seat(self, ctx: Context, request: port.RevokeSeat) -> models.SeatAssignment:
        """Free one seat.

        Raises:
            Problem: `already-revoked`, `not-found`, `forbidden`.
        """
        seat = await self.seat_assignment.get(ctx, request.body.seat_assignment_id)
        if seat.revoked_at is not None:
            raise problems.ALREADY_REVOKED("the seat was freed before")
        return await self.free_seat(ctx, seat, _REASONS.by_administrator)

    async def touch_seat(self, ctx: Context, request: port.TouchSeat) -> None:
        """Note the hour of a sign-in."""
        seat = await self.seat_assignment.find(ctx, id=request.seat_assignment_id)
        if seat is not None and seat.revoked_at is None:
            hour = ctx.now.replace(minute=0, second=0, microsecond=0)
            await self.seat_assignment.rewrite(ctx, seat, {"lastActiveAt": hour})

    async def reclaim_idle_seats(
        self, ctx: Context, request: port.ReclaimIdleSeats
    ) -> models.ReclaimedSeats:
        """Take seats back from the silent, the longest silent first; never from who asks.

        Raises:
            Problem: `reclaim-running`, `not-found`.
        """
        wish, dry = request.body, bool(request.body.dry_run)
        if await self.seat_pool.find(ctx, poolCode=wish.pool_code) is None:
            raise NOT_FOUND("no such pool")
        before = ctx.now - timedelta(days=wish.idle_days)
        idle, today = [], ctx.now.date()
        async for each in self.seat_assignment.each(ctx, poolCode=wish.pool_code):
            cleared = each.revoke_reason is _REASONS.idle and each.revoked_at is not None
            if cleared and each.revoked_at is not None and each.revoked_at.date() == today:
                raise problems.RECLAIM_RUNNING("the pool was cleared today")
            last = each.last_active_at or each.assigned_at
            mine = str(each.user_id) == ctx.principal.subject
            if each.revoked_at is None and last <= before and not mine:
                idle.append((last, each))
        idle.sort(key=lambda pair: pair[0])
        chosen = [each for _, each in idle[:_MOST]]
        for each in () if dry else chosen:
            await self.free_seat(ctx, each, _REASONS.idle, "reclaim-idle-seats")
        return models.ReclaimedSeats(
            reclaimed_seats=len(chosen),
            user_ids=[each.user_id for each in chosen],
            dry_run=dry,
        )

    async def withdraw_member_seats(self, ctx: Context, request: port.WithdrawMemberSeats) -> None:
        """Free the seats of somebody who has left."""
        for each in await self._seated(ctx, request.body.user_id):
            await self.free_seat(ctx, each, _REASONS.member_removed, "withdraw-member-seats")

    async def erase_seat_holder(self, ctx: Context, request: port.EraseSeatHolder) -> None:
        """Free the seats of an erased person, forget who it was, and report it."""
        told = request.body
        for each in await self._seated(ctx, told.user_id):
            await self.free_seat(ctx, each, _REASONS.account_erased, "erase-seat-holder")
        stranger, erased = ids.uuid7(), 0
        async for each in self.seat_assignment.each(ctx, userId=told.user_id):
            await self.seat_assignment.rewrite(ctx, each, {"userId": stranger})
            erased += 1
        data = {
            "userId": told.user_id,
            "erasureRequestId": told.erasure_request_id,
            "store": "seats",
            "erasedItems": erased,
        }
        await self.seat_assignment.announce(ctx, "usage-erasure-completed", data)

    async def on_login_succeeded(
        self, ctx: Context, event: Received[models.LoginSucceeded]
    ) -> None:
        """The person's seats count as used in this hour."""
        for each in await self._seated(ctx, event.data.user_id):
            await self.touch_seat(ctx, port.TouchSeat(seat_assignment_id=each.id))

    async def on_member_removed(self, ctx: Context, event: Received[models.MemberRemoved]) -> None:
        """The person's seats in the organisation are free."""
        await self.withdraw_member_seats(ctx, port.WithdrawMemberSeats(body=event.data))

    async def on_user_deleted(self, ctx: Context, event: Received[models.UserDeleted]) -> None:
        """All seats of the person go back."""
        await self.erase_seat_holder(ctx, port.EraseSeatHolder(body=event.data))
