"""The inventory of seats: held, sold, given back. A pool's version serialises its decisions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from cloudsync_chassis import ids
from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.model import from_record
from cloudsync_chassis.problem import NOT_FOUND, ProblemType, breaks_rule
from cloudsync_chassis.runtime import Runtime

from .catalogue import Catalogue, itself, pool_of
from .generated import models, port, problems

SERVICE_ID = UUID("01890000-0000-7000-8000-0000000000f3")
"""Who asked where no person did."""

TOMBSTONE = "tombstone"
_STATES = models.ReservationStatus
_KINDS = models.ReservationKind
_REASONS = models.RejectReason
_RELEASES = models.ReleaseReason
_LATER = (_RELEASES.contraction, _RELEASES.subscription_cancelled)
"""Reasons for which seats go that no order waits for."""

_RESERVED, _REJECTED = "seats-reserved", "seats-rejected"
_COMMITTED, _RELEASED = "seats-committed", "seats-released"
_REFUSALS: dict[models.RejectReason, ProblemType] = {
    _REASONS.ceiling_exceeded: problems.SEATS_EXHAUSTED,
    _REASONS.pool_frozen: problems.POOL_FROZEN,
    _REASONS.order_tombstoned: problems.ORDER_TOMBSTONED,
    _REASONS.too_many_holds: problems.TOO_MANY_HOLDS,
    _REASONS.hold_lost: problems.SEATS_EXHAUSTED,
}


class Seats(Catalogue):
    """Reservations and their pools."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        runtime.sagas.compensate({("order", "ReserveInventory"): self._return})

    async def _return(self, ctx: Context, data: Mapping[str, Any]) -> None:
        """Give back what an order holds whose saga goes back before it is cancelled."""
        order, subscription = UUID(data["orderId"]), UUID(data["subscriptionId"])
        await self.undo_order(ctx, order, subscription, _RELEASES.order_cancelled)

    async def reserve_seats(self, ctx: Context, request: port.ReserveSeats) -> models.Reservation:
        """Hold seats, or say why not; who asks again learns what was decided the first time.

        Raises:
            Problem: what the contract declares; the refusal of a real wish is kept.
        """
        wish = request.body
        found = await self.decide(ctx, wish, dry_run=bool(wish.dry_run))
        self.traces.seat_decision(found.reject_reason or "reserved")
        if found.reject_reason is not None:
            if not wish.dry_run:
                await ctx.unit.commit()
            free = max(0, found.ceiling - found.seats_before)
            raise _REFUSALS[found.reject_reason](f"{free} seats are free")
        return found

    async def decide(
        self,
        ctx: Context,
        wish: models.ReserveSeatsRequest,
        requested_by: UUID | None = None,
        dry_run: bool = False,
    ) -> models.Reservation:
        """The decision about a wish, kept and announced unless it is a dry run."""
        before = await self.reservation.find(ctx, id=wish.reservation_id)
        if before is not None:
            return before
        if not dry_run:
            await self.expire_seat_hold(ctx, port.ExpireSeatHold())
        pool = await self.seat_pool.find(ctx, poolCode=wish.pool_code)
        sold = pool.held_seats + pool.committed_seats if pool else 0
        ceiling = pool.ceiling if pool else self.settings.initial_pool_ceiling
        reason = await self._refused(ctx, pool, sold + wish.seats > ceiling)
        trial = wish.kind is _KINDS.trial
        settings = self.settings
        life = settings.trial_hold_lifetime if trial else settings.hold_lifetime
        fields: dict[str, Any] = {
            "id": wish.reservation_id,
            "subscriptionId": wish.subscription_id,
            "poolCode": wish.pool_code,
            "kind": wish.kind,
            "status": _STATES.rejected if reason else _STATES.held,
            "seats": wish.seats,
            "seatsBefore": sold,
            "ceiling": ceiling,
            "heldAt": ctx.now,
            "holdExpiresAt": ctx.now + timedelta(seconds=life),
            "requestedBy": requested_by or SERVICE_ID,
            **({"rejectReason": reason} if reason else {}),
        }
        if dry_run:
            untold = {
                "organizationId": ctx.tenant,
                "createdAt": ctx.now,
                "updatedAt": ctx.now,
                "version": 1,
            }
            return from_record(models.Reservation, {**fields, **untold})
        found = await self.reservation.insert(ctx, fields)
        if reason is not None:
            await self._tell(ctx, _REJECTED, found, freeSeats=max(0, ceiling - sold))
            return found
        if pool is None:
            await self._new_pool(ctx, wish.pool_code, ceiling, held=wish.seats)
        else:
            await self.seat_pool.rewrite(ctx, pool, {"heldSeats": pool.held_seats + wish.seats})
        await self._tell(ctx, _RESERVED, found)
        return found

    async def _refused(
        self, ctx: Context, pool: models.SeatPool | None, full: bool
    ) -> models.RejectReason | None:
        if pool is not None and pool.frozen:
            return _REASONS.pool_frozen
        holds = 0
        async for each in self.reservation.each(ctx, status=_STATES.held):
            holds += each.hold_expires_at > ctx.now
        if holds >= self.settings.open_holds_per_organization:
            return _REASONS.too_many_holds
        return _REASONS.ceiling_exceeded if full else None

    async def _new_pool(
        self, ctx: Context, code: str, ceiling: int, held: int = 0
    ) -> models.SeatPool:
        fields = {
            "poolCode": code,
            "ceiling": ceiling,
            "heldSeats": held,
            "committedSeats": 0,
            "assignedSeats": 0,
            "frozen": False,
        }
        return await self.seat_pool.insert(ctx, fields)

    async def _tell(
        self, ctx: Context, told: str, reservation: models.Reservation, **more: Any
    ) -> None:
        """Announce; the reservation of an order bears its id, which is told as long as it is about
        the order: seats that go long after it was fulfilled would take its saga back.
        """
        of_order = reservation.kind in (_KINDS.order, _KINDS.plan_change)
        later = reservation.release_reason in _LATER
        if of_order and not reservation.split_from_id and not later:
            more["orderId"] = reservation.id
        await self.reservation.announce(ctx, told, reservation, **more)

    async def _move(
        self, ctx: Context, code: str, held: int = 0, committed: int = 0
    ) -> models.SeatPool:
        """Move a pool's counters in the transaction that moves the reservation."""
        pool = await self.seat_pool.find(ctx, poolCode=code)
        if pool is None:
            pool = await self._new_pool(ctx, code, self.settings.initial_pool_ceiling)
        changes = {
            "heldSeats": max(0, pool.held_seats + held),
            "committedSeats": max(0, pool.committed_seats + committed),
        }
        return await self.seat_pool.rewrite(ctx, pool, changes)

    async def commit_seats(self, ctx: Context, request: port.CommitSeats) -> models.Reservation:
        """Sell held seats.

        Raises:
            Problem: `hold-expired`, `not-found`, `illegal-transition`.
        """
        found = await self._known(ctx, request.body.reservation_id)
        if found.status is _STATES.committed:
            return found
        late = found.status is _STATES.held and found.hold_expires_at <= ctx.now
        if late or found.status is _STATES.expired:
            raise problems.HOLD_EXPIRED("the hold must be reinstated")
        return await self._sell(ctx, found)

    async def _sell(self, ctx: Context, found: models.Reservation) -> models.Reservation:
        fields = {"committedAt": ctx.now}
        silent = self.reservation.telling()
        sold = await silent.transition(itself(ctx), "commit-seats", found.id, fields)
        pool = await self._move(ctx, sold.pool_code, held=-sold.seats, committed=sold.seats)
        await self._tell(ctx, _COMMITTED, sold, committedTotal=pool.committed_seats)
        return sold

    async def _known(self, ctx: Context, key: UUID) -> models.Reservation:
        found = await self.reservation.find(ctx, id=key)
        if found is None:
            raise NOT_FOUND("no such reservation")
        return found

    async def reinstate_hold(self, ctx: Context, request: port.ReinstateHold) -> models.Reservation:
        """Take the seats of a hold that has ended again, or lose them for good."""
        found = await self._known(ctx, request.body.reservation_id)
        if found.status is not _STATES.expired:
            return found
        pool = await self.seat_pool.find(ctx, poolCode=found.pool_code)
        sold = pool.held_seats + pool.committed_seats if pool else 0
        ceiling = pool.ceiling if pool else self.settings.initial_pool_ceiling
        fields: dict[str, Any] = {
            "seatsBefore": sold,
            "ceiling": ceiling,
            "releasedAt": None,
            "releaseReason": None,
        }
        if sold + found.seats > ceiling or (pool is not None and pool.frozen):
            lost = {"status": _STATES.rejected, "rejectReason": _REASONS.hold_lost}
            gone = await self.reservation.rewrite(ctx, found, {**fields, **lost})
            await self._tell(ctx, _REJECTED, gone, freeSeats=max(0, ceiling - sold))
            return gone
        fields["committedAt"] = ctx.now
        silent = self.reservation.telling()
        kept = await silent.transition(itself(ctx), "reinstate-hold", found.id, fields)
        moved = await self._move(ctx, kept.pool_code, committed=kept.seats)
        await self._tell(ctx, _COMMITTED, kept, committedTotal=moved.committed_seats)
        return kept

    async def release_seats(self, ctx: Context, request: port.ReleaseSeats) -> models.Reservation:
        """Give seats back; what holds none is refused.

        Raises:
            Problem: `seats-in-use`, `illegal-transition`, `not-found`, `forbidden`.
        """
        found = await self._known(ctx, request.body.reservation_id)
        if found.status is _STATES.released:
            return found
        if found.status not in (_STATES.held, _STATES.committed):
            raise problems.ILLEGAL_TRANSITION(f"the reservation is {found.status.value}")
        return await self.give_back(ctx, found, request.body.release_reason)

    async def give_back(
        self, ctx: Context, found: models.Reservation, reason: models.ReleaseReason
    ) -> models.Reservation:
        """Release a held or sold reservation; people keep their seats unless the reason ends them.

        Raises:
            Problem: `seats-in-use`.
        """
        sold = found.status is _STATES.committed
        pool = await self.seat_pool.find(ctx, poolCode=found.pool_code)
        surplus = 0
        if sold and pool is not None:
            surplus = pool.assigned_seats - (pool.committed_seats - found.seats)
        if surplus > 0 and reason not in (
            _RELEASES.order_cancelled,
            _RELEASES.subscription_cancelled,
        ):
            raise problems.SEATS_IN_USE(f"{surplus} people would have no seat")
        if surplus > 0:
            await self.unseat(ctx, found.pool_code, surplus)
        fields = {"releasedAt": ctx.now, "releaseReason": reason}
        silent = self.reservation.telling()
        gone = await silent.transition(ctx, "release-seats", found.id, fields)
        moved = {"committed": -gone.seats} if sold else {"held": -gone.seats}
        await self._move(ctx, gone.pool_code, **moved)
        await self._tell(ctx, _RELEASED, gone)
        return gone

    async def unseat(self, ctx: Context, code: str, count: int) -> None:
        """Take the youngest assignments of a pool off, since its seats are gone."""
        seated = [
            each
            async for each in self.seat_assignment.each(ctx, poolCode=code)
            if each.revoked_at is None
        ]
        for each in sorted(seated, key=lambda one: one.assigned_at, reverse=True)[:count]:
            await self.free_seat(ctx, each, models.RevokeReason.pool_closed)

    async def free_seat(
        self,
        ctx: Context,
        seat: models.SeatAssignment,
        reason: models.RevokeReason,
        command: str = "revoke-seat",
    ) -> models.SeatAssignment:
        """End an assignment and count it off its pool."""
        fields = {"revokedAt": ctx.now, "revokeReason": reason}
        freed = await self.seat_assignment.update(itself(ctx), command, seat.id, fields)
        pool = await self.seat_pool.find(ctx, poolCode=seat.pool_code)
        if pool is not None:
            changes = {"assignedSeats": max(0, pool.assigned_seats - 1)}
            await self.seat_pool.rewrite(ctx, pool, changes)
        return freed

    async def expire_seat_hold(self, ctx: Context, request: port.ExpireSeatHold) -> None:
        """Give the seats of the tenant's lapsed holds back."""
        async for each in self.reservation.each(
            ctx, {"holdExpiresAt": ctx.now}, status=_STATES.held
        ):
            await self._expire(ctx, each)

    async def _expire(self, ctx: Context, held: models.Reservation) -> models.Reservation:
        fields = {"releasedAt": ctx.now, "releaseReason": _RELEASES.hold_expired}
        silent = self.reservation.telling()
        gone = await silent.transition(ctx, "expire-seat-hold", held.id, fields)
        await self._move(ctx, gone.pool_code, held=-gone.seats)
        await self._tell(ctx, _RELEASED, gone)
        return gone

    async def split_reservation(
        self, ctx: Context, request: port.SplitReservation
    ) -> models.Reservation:
        """Cut a part off a sold reservation; the part.

        Raises:
            Problem: `illegal-transition`, `rule-broken`.
        """
        found = await self._known(ctx, request.body.reservation_id)
        part = request.body.seats
        if found.status is not _STATES.committed:
            raise problems.ILLEGAL_TRANSITION(f"the reservation is {found.status.value}")
        if part >= found.seats:
            raise breaks_rule("fewer seats than the reservation has", pointer="/seats")
        rest = await self.reservation.rewrite(ctx, found, {"seats": found.seats - part})
        record = rest.model_dump(by_alias=True, exclude_none=True)
        cut = {"id": ids.uuid7(), "seats": part, "splitFromId": found.id}
        return await self.reservation.insert(ctx, {**record, **cut})

    async def undo_order(
        self, ctx: Context, order: UUID, subscription: UUID | None, reason: models.ReleaseReason
    ) -> None:
        """Whatever an order holds goes back; one that holds nothing is told with zero seats.

        A tombstone keeps seats from being held for it later.
        """
        found = await self.reservation.find(ctx, id=order)
        if found is not None and found.status in (_STATES.held, _STATES.committed):
            await self.give_back(ctx, found, reason)
            return
        if found is not None and not (
            found.status is _STATES.expired and reason is _RELEASES.payment_failed
        ):
            return
        if found is None:
            fields: dict[str, Any] = {
                "id": order,
                "subscriptionId": subscription or order,
                "poolCode": TOMBSTONE,
                "kind": _KINDS.order,
                "status": _STATES.rejected,
                "rejectReason": _REASONS.order_tombstoned,
                "seats": 1,
                "seatsBefore": 0,
                "ceiling": 0,
                "heldAt": ctx.now,
                "holdExpiresAt": ctx.now + timedelta(seconds=self.settings.tombstone_lifetime),
                "requestedBy": SERVICE_ID,
            }
            found = await self.reservation.insert(ctx, fields)
        told: dict[str, Any] = {
            "orderId": order,
            "seats": 0,
            "releaseReason": reason,
            "releasedAt": ctx.now,
        }
        silent = found.model_copy(update={"seats": 0, "release_reason": reason})
        await self.reservation.announce(ctx, _RELEASED, silent, **told)

    async def on_subscription_ordered(
        self, ctx: Context, event: Received[models.SubscriptionOrdered]
    ) -> None:
        """The order's seats are held or refused; the order's id is the reservation's.

        A change within the same pool asks for what is not sold to the subscription already.
        """
        told, code = event.data, pool_of(event.data.plan_code)
        changes = told.kind is models.OrderKind.plan_change
        have = await self.sold_to(ctx, told.subscription_id, code) if changes else 0
        wish = models.ReserveSeatsRequest(
            reservation_id=told.order_id,
            subscription_id=told.subscription_id,
            pool_code=code,
            seats=max(1, told.seat_quantity - have),
            kind=_KINDS.plan_change if changes else _KINDS.order,
        )
        await self.decide(ctx, wish, told.placed_by)

    async def sold_to(self, ctx: Context, subscription: UUID, code: str) -> int:
        """Seats of a pool that are sold to a subscription."""
        found = self.reservation.each(
            ctx, subscriptionId=subscription, poolCode=code, status=_STATES.committed
        )
        return sum([each.seats async for each in found])

    async def on_payment_processed(
        self, ctx: Context, event: Received[models.PaymentProcessed]
    ) -> None:
        """Held seats of a paid order are sold; an expired hold is reinstated if that is possible."""
        order = event.data.order_id
        found = await self.reservation.find(ctx, id=order) if order else None
        if found is None:
            return
        if found.status is _STATES.held and found.hold_expires_at <= ctx.now:
            found = await self._expire(ctx, found)
        if found.status is _STATES.held:
            await self._sell(ctx, found)
        elif found.status is _STATES.expired:
            body = models.ReinstateHoldRequest(reservation_id=found.id)
            await self.reinstate_hold(ctx, port.ReinstateHold(body=body))

    async def on_payment_failed(self, ctx: Context, event: Received[models.PaymentFailed]) -> None:
        """Held seats go back; without a hold a tombstone is left."""
        if event.data.order_id is not None:
            await self.undo_order(ctx, event.data.order_id, None, _RELEASES.payment_failed)

    async def on_order_cancelled(
        self, ctx: Context, event: Received[models.OrderCancelled]
    ) -> None:
        """Whatever the order still holds goes back."""
        told, reason = event.data, _RELEASES.order_cancelled
        await self.undo_order(ctx, told.order_id, told.subscription_id, reason)
