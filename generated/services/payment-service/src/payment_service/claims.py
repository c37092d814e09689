"""Charges: what is owed for orders and invoices, and when it is tried."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.jobs.spec import Due
from cloudsync_chassis.problem import UNAVAILABLE
from cloudsync_chassis.runtime import Runtime

from .attempts import Attempt
from .collecting import LARGEST, Collecting
from .generated import models, port, problems
from .ledger import ACCOUNTS, itself
from .provider import ProviderUnavailableError

_STATES = models.ChargeStatus
_PAYMENTS = models.PaymentStatus
_REASONS = models.ChargeCloseReason
_UNSETTLED = (_STATES.open, _STATES.held, _STATES.exhausted)


class Claims(Collecting):
    """The life of a charge."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)

        async def attempt(ctx: Context) -> None:
            await self.attempt_charge(ctx, port.AttemptCharge())

        due = Due(aggregate="charge", where={"status": _STATES.open.value}, since="nextAttemptAt")
        runtime.work.every(10.0, "attempt-charges", attempt, due)

    async def open_order_charge(self, ctx: Context, request: port.OpenOrderCharge) -> None:
        """Write down what an order costs; a tombstone learns it and stays one."""
        told = request.body
        fields: dict[str, Any] = {
            "amountMinor": told.total_minor,
            "currency": told.currency,
            "preferredMethodId": told.payment_method_id,
            "priceDigest": told.price_digest,
        }
        charge = await self.charge.find(ctx, causeId=told.order_id)
        if charge is None:
            known = {"causeId": told.order_id, "purpose": models.PaymentPurpose.order}
            # a parameter: a method that is gone fails the payment and not the claim
            method = fields.pop("preferredMethodId")
            command = "open-order-charge"
            await self.charge.create(ctx, command, {**known, **fields}, preferredMethodId=method)
        elif charge.status is _STATES.cancelled or charge.price_digest is None:
            await self.charge.rewrite(ctx, charge, fields)

    async def collect_invoice(self, ctx: Context, request: port.CollectInvoice) -> None:
        """Open the charge of an invoice that is collected automatically, and try it at once."""
        issued = request.body
        if issued.collection_mode is not models.CollectionMode.automatic:
            return
        if issued.amount_due_minor == 0:
            return
        if await self.charge.find(ctx, causeId=issued.invoice_id) is not None:
            return
        fields: dict[str, Any] = {
            "causeId": issued.invoice_id,
            "purpose": models.PaymentPurpose.invoice,
            "amountMinor": issued.amount_due_minor,
            "currency": issued.currency,
        }
        planned = issued.amount_due_minor <= LARGEST
        if planned:
            fields["nextAttemptAt"] = ctx.now
        charge = await self.charge.create(ctx, "collect-invoice", fields)
        payment = await self._attempt(ctx, charge) if planned else None
        if payment is not None:
            self.advance_later(ctx, payment)

    async def attempt_charge(self, ctx: Context, request: port.AttemptCharge) -> None:
        """Try the charges of the tenant whose day has come."""
        due = {"nextAttemptAt": ctx.now}
        async for each in self.charge.each(ctx, due, status=_STATES.open):
            payment = await self._attempt(ctx, each)
            if payment is not None:
                self.advance_later(ctx, payment)

    async def _attempt(self, ctx: Context, charge: models.Charge) -> models.Payment | None:
        """Write an attempt down and plan the next one; the payment that is to go on, if any.

        One that no provider has answered is still the same attempt: it is left to go on, and the
        charge is looked at again in an hour.
        """
        payment = await self.living(ctx, charge.cause_id) if charge.settled_minor == 0 else None
        if payment is not None and payment.status is _PAYMENTS.created and charge.attempt_count:
            soon = {"nextAttemptAt": ctx.now + timedelta(hours=1)}
            await self.charge.rewrite(ctx, charge, soon)
            return payment
        number = charge.attempt_count + 1
        following = self._planned(charge, number)
        changes = {"attemptCount": min(10, number), "nextAttemptAt": following}
        charge = await self.charge.rewrite(ctx, charge, changes)
        if payment is None:
            payment = await self._begun(ctx, charge)
        if payment is None and following is None:
            await self.exhaust_charge(itself(ctx), port.ExhaustCharge(cause_id=charge.cause_id))
        return payment

    async def _begun(self, ctx: Context, charge: models.Charge) -> models.Payment | None:
        """A new payment of what is left of a charge, if it has a method that may be charged."""
        method = await self.method_for(ctx, charge.preferred_method_id)
        if method is None:
            return None
        if await self.refused_today(ctx, method) >= self.settings.declines_per_day:
            return None
        amount = min(charge.amount_minor - charge.settled_minor, LARGEST)
        return await self.begin(ctx, Attempt("attempt-charge", charge, amount, method))

    def _planned(self, charge: models.Charge, number: int) -> datetime | None:
        """When the attempt after so many is made; None after the last."""
        days = [int(each) for each in self.settings.invoice_attempt_days.split(",")]
        if number >= len(days):
            return None
        return charge.created_at + timedelta(days=days[number])

    async def retry_charge(self, ctx: Context, request: port.RetryCharge) -> models.Charge:
        """Try an invoice now. What failed is kept though it is refused.

        Raises:
            Problem: what the contract declares, `unavailable`.
        """
        charge = await self.charge.get(ctx, request.cause_id)
        is_invoice = charge.purpose is models.PaymentPurpose.invoice
        if charge.status not in (_STATES.open, _STATES.exhausted) or not is_invoice:
            raise problems.CHARGE_CLOSED(f"the charge is {charge.status.value}")
        key = request.body.preferred_method_id
        method = await self.method_for(ctx, key)
        if method is None:
            raise problems.PAYMENT_DECLINED("no method can be charged")
        if await self.refused_today(ctx, method) >= self.settings.declines_per_day:
            problem = problems.METHOD_BLOCKED("refused three times today")
            problem.headers = {"Retry-After": "86400"}
            raise problem
        fields: dict[str, Any] = {"closeReason": None, "closedAt": None, "nextAttemptAt": None}
        if key is not None:
            fields["preferredMethodId"] = key
        silent = self.charge.telling()
        charge = await silent.transition(ctx, "retry-charge", charge.cause_id, fields)
        payment = await self._attempt(itself(ctx), charge)
        if payment is None:
            raise problems.PAYMENT_DECLINED("no method can be charged")
        try:
            payment = await self.advance(ctx, payment.id)
        except ProviderUnavailableError as error:
            raise UNAVAILABLE("no provider answers") from error
        if payment.status is _PAYMENTS.failed:
            await ctx.unit.commit()
            code = payment.decline_code.value if payment.decline_code else ""
            raise problems.PAYMENT_DECLINED(code, declineCode=code)
        return await self.charge.get(ctx, charge.cause_id)

    async def close_paid_charge(self, ctx: Context, request: port.ClosePaidCharge) -> None:
        """End what is left of a charge whose invoice needs no more money."""
        charge = await self.charge.find(ctx, causeId=request.body.invoice_id)
        if charge is None or charge.status not in _UNSETTLED:
            return
        fields: dict[str, Any] = {"nextAttemptAt": None}
        if not 0 < charge.settled_minor == charge.amount_minor:
            fields |= {"closeReason": _REASONS.paid_otherwise, "closedAt": ctx.now}
            await self._void_all(ctx, charge.cause_id)
        await self.charge.transition(ctx, "close-paid-charge", charge.cause_id, fields)

    async def hold_charge(self, ctx: Context, request: port.HoldCharge) -> None:
        """Make no attempt while an objection is open."""
        charge = await self.charge.find(ctx, causeId=request.body.invoice_id)
        if charge is None or charge.status is not _STATES.open:
            return
        await self._void_all(ctx, charge.cause_id)
        fields = {"nextAttemptAt": None}
        silent = self.charge.telling()
        await silent.transition(ctx, "hold-charge", charge.cause_id, fields)

    async def _void_all(self, ctx: Context, cause: UUID) -> int:
        """Give the reservations of a charge back, and end proofs that are waited for."""
        done = 0
        states = (_PAYMENTS.authorized, _PAYMENTS.requires_action, _PAYMENTS.created)
        async for each in self.payment.each(ctx, causeId=cause, status=states):
            if each.status is _PAYMENTS.authorized:
                await self.void_payment(itself(ctx), port.VoidPayment(payment_id=each.id))
            else:
                await self.refused(ctx, each, models.DeclineCode.timeout, retryable=True)
            done += 1
        return done

    async def resume_charge(self, ctx: Context, request: port.ResumeCharge) -> None:
        """Go on a day after the answer at the earliest, unless all attempts are spent."""
        charge = await self.charge.find(ctx, causeId=request.body.invoice_id)
        if charge is None or charge.status is not _STATES.held:
            return
        planned = self._planned(charge, charge.attempt_count)
        fields: dict[str, Any] = {}
        if planned is not None and charge.amount_minor <= LARGEST:
            fields["nextAttemptAt"] = max(planned, ctx.now + timedelta(days=1))
        await self.charge.transition(ctx, "resume-charge", charge.cause_id, fields)
        if planned is None:
            await self.exhaust_charge(ctx, port.ExhaustCharge(cause_id=charge.cause_id))

    async def cancel_invoice_charge(self, ctx: Context, request: port.CancelInvoiceCharge) -> None:
        """End the charge that the event which runs makes void; others have nothing to end."""
        event = ctx.cause
        if event is None or "invoiceId" not in event.data:
            return
        voided = event.type.endswith("invoice-voided.v1")
        reason = _REASONS.invoice_voided if voided else _REASONS.invoice_written_off
        charge = await self.charge.find(ctx, causeId=UUID(str(event.data["invoiceId"])))
        if charge is None or charge.status is _STATES.cancelled:
            return
        await self._void_all(ctx, charge.cause_id)
        fields: dict[str, Any] = {"nextAttemptAt": None, "closeReason": reason}
        fields["closedAt"] = ctx.now
        silent = self.charge.telling()
        await silent.transition(ctx, "cancel-invoice-charge", charge.cause_id, fields)
        await self._to_credit(ctx, (charge.cause_id, "void"), charge.currency, charge.settled_minor)

    async def _to_credit(
        self, ctx: Context, cause: tuple[UUID, str], currency: models.Currency, amount: int
    ) -> None:
        """What we have and are not owed stands to the customer's account."""
        debits = [(ACCOUNTS.revenue_deferred, amount)]
        await self.book(ctx, cause, currency, debits, [(ACCOUNTS.customer_credit, amount)])

    async def apply_credit_note(self, ctx: Context, request: port.ApplyCreditNote) -> None:
        """Ask for less, and book what is beyond the debt."""
        note = request.body
        if note.reason in (models.CreditReason.refund, models.CreditReason.cancellation):
            return
        surplus = note.account_credit_minor or 0
        charge = await self.charge.find(ctx, causeId=note.invoice_id)
        if charge is not None and charge.status in _UNSETTLED:
            wanted = max(0, charge.amount_minor - (note.amount_minor - surplus))
            surplus += max(0, charge.settled_minor - wanted)
            lowered = max(wanted, charge.settled_minor)
            charge = await self.charge.rewrite(ctx, charge, {"amountMinor": lowered})
            if 0 < charge.settled_minor == charge.amount_minor:
                fields = {"closeReason": None, "closedAt": None}
                await self.charge.transition(ctx, "settle-charge", charge.cause_id, fields)
        cause = (note.credit_note_id, "account credit")
        await self._to_credit(ctx, cause, note.currency, surplus)

    async def on_subscription_ordered(
        self, ctx: Context, event: Received[models.SubscriptionOrdered]
    ) -> None:
        """The order's claim is written down."""
        await self.open_order_charge(ctx, port.OpenOrderCharge(body=event.data))

    async def on_invoice_issued(self, ctx: Context, event: Received[models.InvoiceIssued]) -> None:
        """Invoices that are collected automatically are charged."""
        await self.collect_invoice(ctx, port.CollectInvoice(body=event.data))

    async def on_invoice_paid(self, ctx: Context, event: Received[models.InvoicePaid]) -> None:
        """What credit has paid is not charged."""
        await self.close_paid_charge(ctx, port.ClosePaidCharge(body=event.data))

    async def on_invoice_disputed(
        self, ctx: Context, event: Received[models.InvoiceDisputed]
    ) -> None:
        """No attempt is made on what a customer objects to."""
        await self.hold_charge(ctx, port.HoldCharge(body=event.data))

    async def on_invoice_dispute_resolved(
        self, ctx: Context, event: Received[models.InvoiceDisputeResolved]
    ) -> None:
        """Attempts go on."""
        await self.resume_charge(ctx, port.ResumeCharge(body=event.data))

    async def on_invoice_voided(self, ctx: Context, event: Received[models.InvoiceVoided]) -> None:
        """The claim is dead."""
        await self.cancel_invoice_charge(ctx, port.CancelInvoiceCharge())

    async def on_invoice_written_off(
        self, ctx: Context, event: Received[models.InvoiceWrittenOff]
    ) -> None:
        """Nobody charges an insolvent customer's card."""
        await self.cancel_invoice_charge(ctx, port.CancelInvoiceCharge())

    async def on_credit_note_issued(
        self, ctx: Context, event: Received[models.CreditNoteIssued]
    ) -> None:
        """The next attempt asks for less."""
        await self.apply_credit_note(ctx, port.ApplyCreditNote(body=event.data))
