"""Giving money back: refunds, compensation of orders, and what banks take."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.jobs.spec import Due
from cloudsync_chassis.problem import NOT_FOUND, breaks_rule
from cloudsync_chassis.runtime import Runtime

from .claims import Claims
from .generated import models, port, problems
from .ledger import ACCOUNTS, SERVICE_ID
from .provider import RefusedByBankError

DISPUTE_FEE_MINOR = 1_500
"""What a network takes for a case that is lost, in minor units of its currency."""

_PAYMENTS = models.PaymentStatus
_REFUNDS = models.RefundStatus
_MONEY_TAKEN = (_PAYMENTS.captured, _PAYMENTS.partially_refunded)


class Returning(Claims):
    """Refunds and disputes."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        runtime.sagas.compensate({("order", "ProcessPayment"): self._give_back})
        states = (_REFUNDS.requested, _REFUNDS.approved, _REFUNDS.sent)
        going = Due(
            aggregate="refund", where={"refundStatus": tuple(each.value for each in states)}
        )
        self.each_due("send-refunds", going, self.hand_over)

    async def _give_back(self, ctx: Context, data: Mapping[str, Any]) -> None:
        """Compensate an order whose saga goes back, though nobody has told that it is cancelled."""
        await self._undo_order(ctx, UUID(data["orderId"]))

    async def refund_payment(self, ctx: Context, request: port.RefundPayment) -> models.Refund:
        """Ask for money to go back.

        Raises:
            Problem: what the contract declares, `rule-broken`.
        """
        payment = await self.payment.get(ctx, request.payment_id)
        wish = request.body
        if not await self.flags.billing_refunds(ctx):
            raise problems.REFUNDS_FROZEN("the ledger is out of balance")
        if payment.status is _PAYMENTS.disputed:
            raise problems.PAYMENT_DISPUTED("the bank has the money")
        if wish.amount_minor == 0:
            raise breaks_rule("more than nothing", pointer="/amountMinor")
        left = payment.captured_minor - await self._returning(ctx, payment.id)
        if payment.status not in _MONEY_TAKEN or wish.amount_minor > left:
            raise problems.REFUND_EXCEEDS_CAPTURED(f"{max(0, left)} is left")
        window = timedelta(seconds=self.settings.refund_window)
        if payment.captured_at is None or payment.captured_at + window < ctx.now:
            raise problems.REFUND_WINDOW_CLOSED("the capture is too old")
        fields: dict[str, Any] = {
            "causeId": payment.cause_id,
            "amountMinor": wish.amount_minor,
            "currency": payment.currency,
            "reason": wish.reason.value,
            "explanation": wish.explanation,
            "requestedBy": UUID(ctx.principal.subject),
        }
        if payment.order_id is not None:
            fields["orderId"] = payment.order_id
        return await self.refund.create(ctx, "refund-payment", fields, paymentId=payment.id)

    async def _returning(self, ctx: Context, payment: UUID) -> int:
        """What is on its way back or has gone, in minor units."""
        lost = (_REFUNDS.failed, _REFUNDS.withdrawn)
        return sum(
            [
                each.amount_minor
                async for each in self.refund.each(ctx, paymentId=payment)
                if each.refund_status not in lost
            ]
        )

    async def hand_over(self, ctx: Context, key: UUID) -> None:
        """Give a refund to its provider, if it may go, and note the answer.

        Commits before the call. The part that account credit paid goes back to the credit.

        Raises:
            ProviderUnavailableError: it is sent, and will be sent again.
            Problem: `not-found`.
        """
        refund = await self._refund(ctx, key)
        if not self._may_go(refund):
            return
        payment = await self.payment.find(ctx, id=refund.payment_id)
        if payment is None:
            raise NOT_FOUND("the payment of a refund is gone")
        if refund.refund_status is not _REFUNDS.sent:
            await self.send_refund(ctx, port.SendRefund(refund_id=refund.id))
        credit = self._credit_part(payment, refund)
        reference: str | None = f"cr_{refund.id.hex}"
        if refund.amount_minor > credit and payment.provider_reference is not None:
            await ctx.unit.commit()
            try:
                reference = await self.providers[payment.provider].refund(
                    payment.provider_reference, refund.amount_minor - credit, str(refund.id)
                )
            except RefusedByBankError:
                reference = None
            refund = await self._refund(ctx, key)
            ctx = ctx.later()
            if refund.refund_status is not _REFUNDS.sent:
                return
        if reference is None:
            await self.fail_refund(ctx, port.FailRefund(refund_id=refund.id))
            return
        body = models.SettleRefundRequest(refund_reference=reference)
        await self.settle_refund(ctx, port.SettleRefund(refund_id=refund.id, body=body))

    def _may_go(self, refund: models.Refund) -> bool:
        """Whether nobody has to agree any more."""
        if refund.refund_status is not _REFUNDS.requested:
            return refund.refund_status in (_REFUNDS.approved, _REFUNDS.sent)
        small = refund.amount_minor <= self.settings.refund_approval_minor
        return small or refund.reason is models.RefundReason.order_cancelled

    def _credit_part(self, payment: models.Payment, refund: models.Refund) -> int:
        """The method's money goes back first, then what credit had paid."""
        by_method = payment.captured_minor - payment.credit_applied_minor
        left = max(0, by_method - payment.refunded_minor)
        return max(0, refund.amount_minor - left)

    async def settle_refund(self, ctx: Context, request: port.SettleRefund) -> None:
        """The provider confirmed: announce it and book it."""
        refund = await self._refund(ctx, request.refund_id)
        if refund.refund_status is _REFUNDS.succeeded:
            return
        await super().settle_refund(ctx, request)
        payment = await self.payment.find(ctx, id=refund.payment_id)
        credit = self._credit_part(payment, refund) if payment is not None else 0
        crediting = [
            (ACCOUNTS.provider_clearing, refund.amount_minor - credit),
            (ACCOUNTS.customer_credit, credit),
        ]
        debits = [(ACCOUNTS.refunds, refund.amount_minor)]
        cause = (refund.id, "refunded")
        await self.book(
            ctx, cause, refund.currency, debits, crediting, refund.payment_id, refund.id
        )

    async def fail_refund(self, ctx: Context, request: port.FailRefund) -> None:
        """The method takes nothing back: the amount stands to the customer's credit."""
        refund = await self._refund(ctx, request.refund_id)
        await super().fail_refund(ctx, request)
        debits = [(ACCOUNTS.refunds, refund.amount_minor)]
        crediting = [(ACCOUNTS.customer_credit, refund.amount_minor)]
        cause = (refund.id, "to credit")
        await self.book(
            ctx, cause, refund.currency, debits, crediting, refund.payment_id, refund.id
        )

    async def _refund(self, ctx: Context, key: UUID) -> models.Refund:
        found = await self.refund.find(ctx, id=key)
        if found is None:
            raise NOT_FOUND("no such refund")
        return found

    async def apply_refund(self, ctx: Context, request: port.ApplyRefund) -> None:
        """Draw the payment's state from the sum of its refunds, however often it is told."""
        payment = await self.payment.find(ctx, id=request.body.payment_id)
        if payment is None:
            raise NOT_FOUND("the payment of a refund is unknown")
        done = _REFUNDS.succeeded
        total = sum(
            [
                each.amount_minor
                async for each in self.refund.each(ctx, paymentId=payment.id, refundStatus=done)
            ]
        )
        total = min(total, payment.captured_minor)
        if payment.status not in _MONEY_TAKEN or total <= payment.refunded_minor:
            return
        whole = total == payment.captured_minor
        status = _PAYMENTS.refunded if whole else _PAYMENTS.partially_refunded
        await self.payment.rewrite(ctx, payment, {"refundedMinor": total, "status": status})

    async def refund_user(self, ctx: Context, request: port.RefundUser) -> None:
        """Compensate the payment of an order, and leave a tombstone in any case."""
        await self._undo_order(ctx, request.body.order_id)

    async def _undo_order(self, ctx: Context, order: UUID) -> None:
        charge = await self.charge.find(ctx, causeId=order)
        closing = {
            "closeReason": models.ChargeCloseReason.order_cancelled,
            "closedAt": ctx.now,
            "nextAttemptAt": None,
        }
        if charge is None:
            fields: dict[str, Any] = {
                "causeId": order,
                "purpose": models.PaymentPurpose.order,
                "amountMinor": 0,
                "currency": models.Currency.usd,
                **{name: each for name, each in closing.items() if each is not None},
            }
            charge = await self.charge.telling().create(ctx, "refund-user", fields)
        elif charge.status is not models.ChargeStatus.cancelled:
            silent = self.charge.telling()
            charge = await silent.transition(ctx, "refund-user", charge.cause_id, closing)
        refunded, before = False, False
        async for each in self.payment.each(ctx, orderId=order):
            if each.status in _MONEY_TAKEN and not await self._compensated(ctx, each.id):
                refunded = await self._compensate(ctx, each) or refunded
            elif each.status in (*_MONEY_TAKEN, _PAYMENTS.refunded):
                before = True
        voided = await self._void_all(ctx, order)
        if refunded:
            return
        reasons = models.SkipReason
        reason = reasons.authorization_voided if voided else reasons.nothing_captured
        if before:
            reason = reasons.already_refunded
        more: dict[str, Any] = {"orderId": order, "reason": reason}
        await self.charge.announce(ctx, "refund-skipped", charge, **more)

    async def _compensated(self, ctx: Context, payment: UUID) -> int:
        reason = models.RefundReason.order_cancelled
        return await self.refund.count(ctx, paymentId=payment, reason=reason)

    async def _compensate(self, ctx: Context, payment: models.Payment) -> bool:
        """Refund what is left of a capture, by the service's own wish; whether anything was."""
        amount = payment.captured_minor - payment.refunded_minor
        if amount <= 0:
            return False
        fields: dict[str, Any] = {
            "paymentId": payment.id,
            "causeId": payment.cause_id,
            "orderId": payment.order_id,
            "amountMinor": amount,
            "currency": payment.currency,
            "reason": models.RefundReason.order_cancelled,
            "refundStatus": _REFUNDS.requested,
            "requestedBy": SERVICE_ID,
        }
        refund = await self.refund.insert(ctx, fields)
        self.after(ctx, "hand-refund-over", lambda inside: self.hand_over(inside, refund.id))
        return True

    async def register_dispute(self, ctx: Context, request: port.RegisterDispute) -> None:
        """Write a case down; the bank has taken the money."""
        body = request.body
        if await self.dispute.find(ctx, caseReference=body.case_reference) is not None:
            return
        await super().register_dispute(ctx, request)
        case = await self.dispute.find(ctx, caseReference=body.case_reference)
        if case is not None:
            debits = [(ACCOUNTS.receivable, case.amount_minor)]
            crediting = [(ACCOUNTS.provider_clearing, case.amount_minor)]
            cause = (case.id, "taken")
            await self.book(ctx, cause, case.currency, debits, crediting, case.payment_id)

    async def apply_dispute_outcome(self, ctx: Context, request: port.ApplyDisputeOutcome) -> None:
        """Set a payment free again, or count the whole of it as given back; and book it."""
        told = request.body
        payment = await self.payment.find(ctx, id=told.payment_id)
        if payment is None:
            raise NOT_FOUND("the payment of a dispute is unknown")
        won = told.outcome is models.DisputeOutcome.won
        if payment.status is _PAYMENTS.disputed and won:
            status = _PAYMENTS.partially_refunded if payment.refunded_minor else _PAYMENTS.captured
            await self.payment.rewrite(ctx, payment, {"status": status})
        elif payment.status in (*_MONEY_TAKEN, _PAYMENTS.disputed) and not won:
            changes = {"status": _PAYMENTS.refunded, "refundedMinor": payment.captured_minor}
            await self.payment.rewrite(ctx, payment, changes)
        back = ACCOUNTS.provider_clearing if won else ACCOUNTS.refunds
        lost = told.outcome is models.DisputeOutcome.lost
        fee = DISPUTE_FEE_MINOR if lost else 0
        debits = [(back, told.amount_minor), (ACCOUNTS.fees, fee)]
        crediting = [(ACCOUNTS.receivable, told.amount_minor), (ACCOUNTS.provider_clearing, fee)]
        cause = (told.dispute_id, "closed")
        await self.book(ctx, cause, told.currency, debits, crediting, told.payment_id)

    async def on_order_cancelled(
        self, ctx: Context, event: Received[models.OrderCancelled]
    ) -> None:
        """Gives back what was captured, voids what was authorised, leaves a tombstone."""
        await self.refund_user(ctx, port.RefundUser(body=event.data))

    async def on_payment_refunded(
        self, ctx: Context, event: Received[models.PaymentRefunded]
    ) -> None:
        """The payment counts what went back."""
        await self.apply_refund(ctx, port.ApplyRefund(body=event.data))

    async def on_payment_disputed(
        self, ctx: Context, event: Received[models.PaymentDisputed]
    ) -> None:
        """The payment waits for the network, unless it has decided already."""
        case = await self.dispute.find(ctx, id=event.data.dispute_id)
        payment = await self.payment.find(ctx, id=event.data.payment_id)
        decided = case is not None and case.outcome is not None
        if payment is None or decided or payment.status not in _MONEY_TAKEN:
            return
        request = port.MarkPaymentDisputed(payment_id=payment.id, body=event.data)
        await self.mark_payment_disputed(ctx, request)

    async def on_payment_dispute_closed(
        self, ctx: Context, event: Received[models.PaymentDisputeClosed]
    ) -> None:
        """The payment counts as captured again, or as refunded."""
        await self.apply_dispute_outcome(ctx, port.ApplyDisputeOutcome(body=event.data))
