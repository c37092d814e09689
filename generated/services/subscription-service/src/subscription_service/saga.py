"""The order saga as seen from here. Messages come twice and in any order; states decide."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.jobs.spec import Due
from cloudsync_chassis.logs import logger
from cloudsync_chassis.problem import NOT_FOUND
from cloudsync_chassis.runtime import Runtime

from .generated import models, port, problems
from .orders import Orders

_STATES = models.OrderStatus
_REASONS = models.OrderCancelReason
_WAITING = (_STATES.placed, _STATES.seats_reserved)
_UNDER_WAY = (*_WAITING, _STATES.cancelling, _STATES.paid)
_MAY_LAPSE = (_STATES.awaiting_approval, *_WAITING, _STATES.cancelling)
_ROUND = 30.0
"""Seconds between two looks at orders whose time is over."""

log = logger("saga")


class Saga(Orders):
    """What happens to an order after it was placed."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        runtime.sagas.compensate(
            {
                ("order", "CreateOrder"): self._close,
                ("order", "Note the seats on the order"): self._call_off,
            }
        )
        late = Due(
            aggregate="order",
            where={"status": tuple(each.value for each in _MAY_LAPSE)},
            since="deadlineAt",
        )
        unanswered = Due(
            aggregate="order",
            where={"status": _STATES.placed.value},
            since="updatedAt",
            after=self.settings.reservation_timeout,
        )
        runtime.work.every(_ROUND, "lapse-orders", self.lapse_orders, late)
        runtime.work.every(_ROUND, "give-up-reservations", self.give_up_reservations, unanswered)

    async def _close(self, ctx: Context, data: Mapping[str, Any]) -> None:
        """Close an order whose saga goes back for another reason than its payment.

        Its seats come back next. One that is paid is cancelled with them.
        """
        order = await self._order(ctx, UUID(data["orderId"]))
        if order is not None and order.status in _WAITING:
            fields = {"cancelReason": _late(order)}
            await self.order.transition(ctx, "begin-order-cancellation", order.id, fields)

    async def _call_off(self, ctx: Context, data: Mapping[str, Any]) -> None:
        """Cancel an order whose seats are back in their pool, though nobody has told of them."""
        order = await self._order(ctx, UUID(data["orderId"]))
        if order is not None and order.status in _UNDER_WAY:
            await self.undo(ctx, order, _late(order))

    async def cancel_order(self, ctx: Context, request: port.CancelOrder) -> models.Order:
        """The customer's wish; an order that is cancelled is answered as it is.

        Raises:
            Problem: `not-found`, `order-already-fulfilled`.
        """
        order = await self.order.get(ctx, request.order_id)
        if order.status in (_STATES.fulfilled, _STATES.paid):
            raise problems.ORDER_ALREADY_FULFILLED(f"the order is {order.status.value}")
        if order.status is _STATES.cancelled:
            return order
        return await self.undo(ctx, order, _REASONS.customer, request.body.motive)

    async def undo(
        self,
        ctx: Context,
        order: models.Order,
        reason: models.OrderCancelReason,
        motive: models.OrderCancelMotive | None = None,
        command: str = "cancel-order",
    ) -> models.Order:
        """Cancel an order, announce it, and give its promotion back."""
        fields: dict[str, Any] = {"cancelReason": reason, "cancelMotive": motive}
        told = {"reason": reason, "notifyUserId": order.placed_by}
        ended = await self.order.transition(ctx, command, order.id, {**fields, **told})
        if order.promotion_code is not None:
            promotion = await self.promotion.find(ctx, promotionCode=order.promotion_code)
            if promotion is not None:
                await self.redeemed(ctx, promotion, -1)
        return ended

    async def record_seats_reserved(self, ctx: Context, request: port.RecordSeatsReserved) -> None:
        """Move a placed order; one that is further already stays where it is."""
        order = await self._order(ctx, request.body.order_id)
        if order is not None and order.status is _STATES.placed:
            fields = {"seatsReservedAt": ctx.now}
            await self.order.transition(ctx, "record-seats-reserved", order.id, fields)

    async def show_payment_action(self, ctx: Context, request: port.ShowPaymentAction) -> None:
        """Put the bank's address on an order that still waits for its payment."""
        order, asked = await self._order(ctx, request.body.order_id), request.body
        if order is None or order.status not in _WAITING or asked.action_expires_at <= ctx.now:
            return
        fields = {"actionUrl": asked.action_url, "actionExpiresAt": asked.action_expires_at}
        await self.order.update(ctx, "show-payment-action", order.id, fields)

    async def settle_order(self, ctx: Context, request: port.SettleOrder) -> None:
        """Note a payment; on a cancelled order it is announced for refund."""
        order = await self._order(ctx, request.body.order_id)
        if order is None or request.body.payment_id in order.captured_payment_ids:
            return
        captured = {"capturedPaymentIds": [*order.captured_payment_ids, request.body.payment_id]}
        if order.status in (*_WAITING, _STATES.cancelling):
            await self.order.telling().transition(ctx, "settle-order", order.id, captured)
            return
        noted = await self.order.rewrite(ctx, order, captured)
        if order.status is _STATES.cancelled:
            reason = order.cancel_reason or _REASONS.hold_lost
            await self.order.announce(
                ctx,
                "order-cancelled",
                noted,
                order,
                reason=reason,
                notifyUserId=order.placed_by,
            )

    async def begin_order_cancellation(
        self, ctx: Context, request: port.BeginOrderCancellation
    ) -> None:
        """Close an order whose payment failed; what was taken in part is kept for the refund."""
        order, failed = await self._order(ctx, request.body.order_id), request.body
        if order is None or order.status not in _WAITING:
            return
        fields: dict[str, Any] = {"cancelReason": _REASONS.payment_failed}
        if failed.captured_minor > 0 and failed.payment_id not in order.captured_payment_ids:
            fields["capturedPaymentIds"] = [*order.captured_payment_ids, failed.payment_id]
        await self.order.transition(ctx, "begin-order-cancellation", order.id, fields)

    async def fulfil_order(self, ctx: Context, request: port.FulfilOrder) -> None:
        """Close the order behind an activation."""
        order = await self._order(ctx, request.body.order_id)
        if order is not None and order.status in (*_WAITING, _STATES.paid):
            await self.order.transition(ctx, "fulfil-order", order.id, {"fulfilledAt": ctx.now})

    async def cancel_orders_of_person(
        self, ctx: Context, request: port.CancelOrdersOfPerson
    ) -> None:
        """Cancel what a suspended person ordered and nobody has paid."""
        states = (_STATES.awaiting_approval, *_WAITING)
        async for each in self.order.each(ctx, placedBy=request.body.user_id, status=states):
            command = "cancel-orders-of-person"
            await self.undo(ctx, each, _REASONS.placer_suspended, command=command)

    async def lapse_orders(self, ctx: Context) -> None:
        """Cancel the tenant's orders whose deadline has passed, whatever they waited for.

        That is seven days for an order that waits for finance, and the deadline of the saga for
        any other, also for one whose seats nobody gave back.
        """
        async for each in self.order.each(ctx, {"deadlineAt": ctx.now}, status=_MAY_LAPSE):
            reason = _late(each)
            if each.status is _STATES.awaiting_approval:
                reason = _REASONS.approval_lapsed
            await self.undo(ctx, each, reason)

    async def give_up_reservations(self, ctx: Context) -> None:
        """Cancel the tenant's orders about whose seats nobody has answered for three minutes."""
        silent = timedelta(seconds=self.settings.reservation_timeout)
        async for each in self.order.each(
            ctx, {"updatedAt": ctx.now - silent}, status=_STATES.placed
        ):
            await self.undo(ctx, each, _REASONS.seats_timeout)

    async def _order(self, ctx: Context, order_id: UUID | None) -> models.Order | None:
        """The order that an event speaks of; events without one are of invoices or expansions."""
        if order_id is None:
            return None
        found = await self.order.find(ctx, id=order_id)
        if found is None:
            raise NOT_FOUND(f"an event speaks of the unknown order {order_id}")
        return found

    async def on_seats_reserved(self, ctx: Context, event: Received[models.SeatsReserved]) -> None:
        """The order shows that its seats are held."""
        await self.record_seats_reserved(ctx, port.RecordSeatsReserved(body=event.data))

    async def on_seats_rejected(self, ctx: Context, event: Received[models.SeatsRejected]) -> None:
        """An order without seats is cancelled; a lost hold also undoes a paid one."""
        order = await self._order(ctx, event.data.order_id)
        if order is None or order.status in (_STATES.cancelled, _STATES.fulfilled):
            return
        lost = event.data.reject_reason is models.RejectReason.hold_lost
        if order.status is _STATES.paid and not lost:
            log.warning("seats_rejected_after_payment", order_id=str(order.id))
        reason = _REASONS.hold_lost if lost else _REASONS.seats_rejected
        await self.undo(ctx, order, reason)

    async def on_seats_released(self, ctx: Context, event: Received[models.SeatsReleased]) -> None:
        """An order that waits for its seats is cancelled, and any whose saga goes back.

        The return of the seats may overtake the word of the failed payment that caused it.
        """
        order = await self._order(ctx, event.data.order_id)
        if order is None:
            return
        failed = event.data.release_reason is models.ReleaseReason.payment_failed
        if failed and order.status in _WAITING:
            await self.undo(ctx, order, _REASONS.payment_failed)
            return
        run = await self.runtime.sagas.state(ctx, "order", str(order.id))
        back = run is not None and run.state == "failing" and order.status in _UNDER_WAY
        if back or order.status is _STATES.cancelling:
            await self.undo(ctx, order, _late(order))

    async def on_payment_processed(
        self, ctx: Context, event: Received[models.PaymentProcessed]
    ) -> None:
        """The order is paid, or the money is announced for refund."""
        await self.settle_order(ctx, port.SettleOrder(body=event.data))

    async def on_payment_failed(self, ctx: Context, event: Received[models.PaymentFailed]) -> None:
        """The order closes and waits for its seats."""
        await self.begin_order_cancellation(ctx, port.BeginOrderCancellation(body=event.data))

    async def on_payment_action_required(
        self, ctx: Context, event: Received[models.PaymentActionRequired]
    ) -> None:
        """The checkout leads the payer to their bank."""
        await self.show_payment_action(ctx, port.ShowPaymentAction(body=event.data))

    async def on_subscription_activated(
        self, ctx: Context, event: Received[models.SubscriptionActivated]
    ) -> None:
        """The order behind it is fulfilled."""
        await self.fulfil_order(ctx, port.FulfilOrder(body=event.data))

    async def on_user_suspended(self, ctx: Context, event: Received[models.UserSuspended]) -> None:
        """Unpaid orders of the person are cancelled."""
        await self.cancel_orders_of_person(ctx, port.CancelOrdersOfPerson(body=event.data))


def _late(order: models.Order) -> models.OrderCancelReason:
    """Why an order ends whose saga goes back: as was noted, or else what it waited for."""
    missing = {
        _STATES.placed: _REASONS.seats_timeout,
        _STATES.seats_reserved: _REASONS.payment_timeout,
        _STATES.paid: _REASONS.hold_lost,
    }
    return order.cancel_reason or missing.get(order.status, _REASONS.payment_failed)
