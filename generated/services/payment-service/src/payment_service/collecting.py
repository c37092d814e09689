"""Attempts: authorised, captured, booked; the money of orders and invoices."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.logs import logger
from cloudsync_chassis.problem import UNAVAILABLE, breaks_rule

from .generated import aggregates, models, port, problems, tables
from .ledger import ACCOUNTS, Ledger
from .provider import ProviderUnavailableError, RefusedByBankError
from .records import announce, emission, itself, stored

LARGEST = 100_000_000
"""What one payment brings at most, in minor units."""

_STATES = models.PaymentStatus
_CHARGES = models.ChargeStatus
_METHODS = models.PaymentMethodStatus
_PURPOSES = models.PaymentPurpose
_CODES = models.DeclineCode
_LIVING = (_STATES.created, _STATES.requires_action, _STATES.authorized, _STATES.captured)
_AUTHORIZED_FOR = timedelta(days=7)
_PROCESSED = emission(aggregates.PAYMENT, "process-payment", "payment-processed")

log = logger("payments")


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt to be made: which charge, how much of it, by which method, under which key."""

    command: str
    charge: models.Charge
    amount: int
    method: models.PaymentMethod
    key: str
    descriptor: str = "CLOUDSYNC"


class Collecting(Ledger):
    """What an attempt does, whoever begins it."""

    async def method_for(self, ctx: Context, key: UUID | None) -> models.PaymentMethod | None:
        """The method with an id, or the default one; only where it can be charged."""
        if key is None:
            found = await self.payment_method.find(ctx, isDefault=True)
        else:
            found = await self.payment_method.find(ctx, id=key)
        return found if found is not None and found.method_status is _METHODS.active else None

    async def refused_today(self, ctx: Context, method: models.PaymentMethod) -> int:
        """How often the method was refused within a day."""
        table = tables.payments
        statement = sa.select(sa.func.count()).where(
            table.c.organization_id == ctx.tenant,
            table.c.payment_method_id == method.id,
            table.c.status == _STATES.failed.value,
            table.c.created_at > ctx.now - timedelta(days=1),
        )
        return int((await (await ctx.unit.connection()).execute(statement)).scalar_one())

    async def begin(self, ctx: Context, attempt: Attempt) -> models.Payment:
        """Make a payment and authorise it; as the provider left it.

        Account credit pays first. A payment that needs nothing of the method is authorised at
        once.

        Raises:
            ProviderUnavailableError: nothing is known of it.
        """
        charge, method = attempt.charge, attempt.method
        balance = (await self.credit_balances(ctx)).get(charge.currency, 0)
        fields: dict[str, Any] = {
            "causeId": charge.cause_id,
            "purpose": charge.purpose,
            "amountMinor": attempt.amount,
            "currency": charge.currency,
            "creditAppliedMinor": max(0, min(balance, attempt.amount)),
            "paymentMethodId": method.id,
            "methodKind": method.kind,
            "provider": self.providers.first(),
            "statementDescriptor": attempt.descriptor,
        }
        if charge.purpose is _PURPOSES.order:
            fields["orderId"] = charge.cause_id
        if charge.purpose is _PURPOSES.invoice:
            fields["invoiceId"] = charge.cause_id
        if charge.price_digest is not None:
            fields["priceDigest"] = charge.price_digest
        payment = await self.payment.create(ctx, attempt.command, fields, key=attempt.key)
        return await self._authorised(itself(ctx), payment, method, attempt.key)

    async def _authorised(
        self, ctx: Context, payment: models.Payment, method: models.PaymentMethod, key: str
    ) -> models.Payment:
        asked = payment.amount_minor - payment.credit_applied_minor
        fields: dict[str, Any] = {"riskScore": 0}
        if asked > 0:
            provider = self.providers[payment.provider]
            try:
                found = await provider.authorize(
                    key, method.provider_token, asked, payment.currency
                )
            except ProviderUnavailableError:
                self.providers.failed(payment.provider)
                raise
            except RefusedByBankError as error:
                return await self.declined(ctx, payment, error.code, error.retryable)
            if found.risk >= self.risk.refuse_from():
                await provider.void(found.reference)
                risky = {"riskScore": found.risk}
                return await self.declined(ctx, payment, _CODES.fraud_suspected, False, **risky)
            fields = {"riskScore": found.risk, "providerReference": found.reference}
            if found.action_url is not None:
                until = ctx.now + timedelta(seconds=self.settings.action_window)
                asked_for = {"actionUrl": found.action_url, "actionExpiresAt": until}
                return await self.payment.transition(
                    ctx, "require-action", payment.id, {**fields, **asked_for}
                )
        if method.kind is models.PaymentMethodKind.card and asked > 0:
            fields["authorizationExpiresAt"] = ctx.now + _AUTHORIZED_FOR
        return await self.payment.transition(ctx, "record-authorization", payment.id, fields)

    async def declined(
        self,
        ctx: Context,
        payment: models.Payment,
        code: models.DeclineCode,
        retryable: bool,
        **more: Any,
    ) -> models.Payment:
        """Write a no down."""
        command = "record-decline"
        if payment.status is _STATES.authorized:
            command = "record-capture-failure"
        fields = {"declineCode": code, "retryable": retryable, **more}
        return await self.payment.transition(itself(ctx), command, payment.id, fields)

    async def captured(
        self, ctx: Context, payment: models.Payment, amount: int | None = None
    ) -> models.Payment:
        """Take an authorised payment, book it and count it on its charge.

        `amount`: minor units, all of it if absent. Account credit is used up before the method.

        Raises:
            ProviderUnavailableError: it is authorised still.
        """
        amount = payment.amount_minor if amount is None else amount
        credit = min(amount, payment.credit_applied_minor)
        if amount > credit and payment.provider_reference is not None:
            provider = self.providers[payment.provider]
            try:
                await provider.capture(payment.provider_reference, amount - credit, ctx.now)
            except RefusedByBankError as error:
                return await self.declined(ctx, payment, error.code, error.retryable)
        if amount == 0:
            return await self._captured_nothing(ctx, payment)
        fields = {"capturedMinor": amount, "creditAppliedMinor": credit}
        taken = await self.payment.transition(ctx, "capture-payment", payment.id, fields)
        debits = [(ACCOUNTS.provider_clearing, amount - credit), (ACCOUNTS.customer_credit, credit)]
        crediting = [(ACCOUNTS.revenue_deferred, amount)]
        cause = (payment.id, "captured")
        await self.book(ctx, cause, payment.currency, debits, crediting, payment=payment.id)
        await self._count(ctx, payment.cause_id, amount)
        return taken

    async def _captured_nothing(self, ctx: Context, payment: models.Payment) -> models.Payment:
        """An order that is free: no provider, no entry."""
        changes = {"status": _STATES.captured, "capturedAt": ctx.now}
        taken = await stored(ctx, self.payment, payment, changes)
        await announce(ctx, self.payment, _PROCESSED, taken, payment)
        await self._count(ctx, payment.cause_id, 0)
        return taken

    async def _count(self, ctx: Context, cause: UUID, amount: int) -> None:
        charge = await self.charge.find(ctx, causeId=cause)
        if charge is None:
            return
        settled = min(charge.amount_minor, charge.settled_minor + amount)
        charge = await stored(ctx, self.charge, charge, {"settledMinor": settled})
        living = charge.status in (_CHARGES.open, _CHARGES.held, _CHARGES.exhausted)
        if living and settled == charge.amount_minor:
            fields = {"closeReason": None, "closedAt": None}
            await self.charge.transition(itself(ctx), "settle-charge", cause, fields)

    async def living(self, ctx: Context, cause: UUID) -> models.Payment | None:
        """The payment of a charge that is under way or has succeeded."""
        async for each in self.payment.each(ctx, causeId=cause, status=_LIVING):
            return each
        return None

    async def authorize_payment(
        self, ctx: Context, request: port.AuthorizePayment
    ) -> models.Payment:
        """Reserve the money while the payer is there. What failed is kept though it is refused.

        Raises:
            Problem: what the contract declares, `rule-broken`.
        """
        wish = request.body
        charge = await self._claim(ctx, wish)
        present = await self.living(ctx, charge.cause_id)
        if present is None:
            if charge.status is not _CHARGES.open:
                raise problems.PAYMENT_DECLINED(f"the charge is {charge.status.value}")
            method = await self.method_for(ctx, wish.payment_method_id)
            if method is None:
                raise problems.PAYMENT_DECLINED("the method cannot be charged")
            if await self.refused_today(ctx, method) >= self.settings.declines_per_day:
                raise problems.PAYMENT_DECLINED("the card was refused three times today")
            key = f"{charge.purpose.value}:{charge.cause_id}:{charge.attempt_count}"
            descriptor = wish.statement_descriptor or "CLOUDSYNC"
            attempt = Attempt(
                "authorize-payment", charge, wish.amount_minor, method, key, descriptor
            )
            try:
                present = await self.begin(ctx, attempt)
            except ProviderUnavailableError as error:
                raise problems.PROVIDER_UNAVAILABLE("try again later") from error
            await self.failed(ctx, charge, present)
        if present.status is _STATES.failed:
            await ctx.unit.commit()
            code = present.decline_code.value if present.decline_code else ""
            raise problems.PAYMENT_DECLINED(code, declineCode=code)
        if present.status is _STATES.requires_action:
            await ctx.unit.commit()
            raise problems.AUTHENTICATION_REQUIRED(
                "the payer's bank asks for a proof", actionUrl=present.action_url
            )
        return present

    async def _claim(self, ctx: Context, wish: models.AuthorizePaymentRequest) -> models.Charge:
        """The charge that is meant, opened where there is none."""
        is_order = wish.purpose is _PURPOSES.order
        cause = wish.order_id if is_order else wish.invoice_id
        both = wish.order_id is not None and wish.invoice_id is not None
        if cause is None or both or wish.purpose is _PURPOSES.verification:
            raise breaks_rule("the order or the invoice, as the purpose says", pointer="/purpose")
        if is_order and wish.price_digest is None:
            raise breaks_rule("an order brings its digest", pointer="/priceDigest")
        charge = await self.charge.find(ctx, causeId=cause)
        if charge is None:
            fields: dict[str, Any] = {
                "causeId": cause,
                "purpose": wish.purpose,
                "amountMinor": wish.amount_minor,
                "currency": wish.currency,
                "preferredMethodId": wish.payment_method_id,
            }
            if wish.price_digest is not None:
                fields["priceDigest"] = wish.price_digest
            return await self.charge.create(itself(ctx), "open-charge", fields)
        if charge.status is _CHARGES.cancelled and is_order:
            raise problems.ORDER_TOMBSTONED("the order was cancelled")
        priced = charge.price_digest in (None, wish.price_digest)
        open_minor = charge.amount_minor - (0 if is_order else charge.settled_minor)
        if not priced or charge.currency is not wish.currency or wish.amount_minor != open_minor:
            raise problems.AMOUNT_MISMATCH("not as it was priced")
        return charge

    async def failed(self, ctx: Context, charge: models.Charge, payment: models.Payment) -> None:
        """An order is charged once: its failed payment ends the charge."""
        if payment.status is not _STATES.failed or charge.purpose is not _PURPOSES.order:
            return
        present = await self.charge.find(ctx, causeId=charge.cause_id)
        if present is not None and present.status is _CHARGES.open:
            await self.exhaust_charge(itself(ctx), port.ExhaustCharge(cause_id=charge.cause_id))

    async def process_payment(self, ctx: Context, request: port.ProcessPayment) -> None:
        """The payment step of the saga.

        Raises:
            Problem: `unavailable`: the order has not come yet, or no provider answers.
        """
        order = request.body.order_id
        if order is None:
            return
        charge = await self.charge.find(ctx, causeId=order)
        if charge is None:
            raise UNAVAILABLE(f"order {order} is not known yet")
        if charge.status is not _CHARGES.open:
            log.info("order_not_charged", order_id=str(order), status=charge.status.value)
            return
        tried = {"attemptCount": min(10, charge.attempt_count + 1)}
        charge = await stored(ctx, self.charge, charge, tried)
        payment = await self.living(ctx, order)
        try:
            if payment is None:
                payment = await self._order_payment(ctx, charge)
            if payment.status is _STATES.authorized:
                payment = await self.captured(ctx, payment)
        except ProviderUnavailableError as error:
            raise UNAVAILABLE("no provider answers") from error
        await self.failed(ctx, charge, payment)

    async def _order_payment(self, ctx: Context, charge: models.Charge) -> models.Payment:
        method = await self.method_for(ctx, charge.preferred_method_id)
        key = f"order:{charge.cause_id}:0"
        if method is not None:
            attempt = Attempt("process-payment", charge, charge.amount_minor, method, key)
            return await self.begin(ctx, attempt)
        fields = {
            "causeId": charge.cause_id,
            "purpose": charge.purpose,
            "orderId": charge.cause_id,
            "amountMinor": charge.amount_minor,
            "currency": charge.currency,
            "methodKind": models.PaymentMethodKind.card,
        }
        named = charge.preferred_method_id or SENTINEL
        command = "process-payment"
        payment = await self.payment.create(ctx, command, fields, paymentMethodId=named)
        if charge.amount_minor == 0:
            return await self.payment.transition(
                ctx, "record-authorization", payment.id, {"riskScore": 0}
            )
        return await self.declined(ctx, payment, _CODES.do_not_honor, retryable=False)

    async def capture_payment(self, ctx: Context, request: port.CapturePayment) -> models.Payment:
        """Take an authorised amount or a part of it, by hand.

        Raises:
            Problem: what the contract declares, `provider-unavailable`.
        """
        payment = await self.payment.get(ctx, request.payment_id)
        amount = request.body.captured_minor
        expires = payment.authorization_expires_at
        ready = payment.status is _STATES.authorized and (expires is None or ctx.now < expires)
        if not ready or not 0 < amount <= payment.amount_minor:
            return await super().capture_payment(ctx, request)
        try:
            return await self.captured(ctx, payment, amount)
        except ProviderUnavailableError as error:
            raise UNAVAILABLE("no provider answers") from error

    async def void_payment(self, ctx: Context, request: port.VoidPayment) -> models.Payment:
        """Give a reservation back, at the provider too."""
        payment = await super().void_payment(ctx, request)
        if payment.provider_reference is not None:
            await self.providers[payment.provider].void(payment.provider_reference)
        return payment

    async def confirm_action(self, ctx: Context, request: port.ConfirmAction) -> models.Payment:
        """Believe the provider, and nobody's browser, that the payer has proven themselves.

        Raises:
            Problem: `action-expired`, `signature-invalid`, `unavailable`.
        """
        payment = await self.payment.get(ctx, request.payment_id)
        if payment.status is not _STATES.requires_action:
            return payment
        provider = self.providers[payment.provider]
        if not provider.signed(request.body.result.encode(), request.body.signature):
            raise problems.SIGNATURE_INVALID("the provider did not sign it")
        if payment.action_expires_at is not None and payment.action_expires_at <= ctx.now:
            await self.action_expired(itself(ctx), payment)
            await ctx.unit.commit()
            raise problems.ACTION_EXPIRED("the quarter of an hour is over")
        try:
            proven = await provider.confirmed(payment.provider_reference or "")
            return await self.proven(itself(ctx), payment, proven)
        except ProviderUnavailableError as error:
            raise UNAVAILABLE("the provider does not answer") from error

    async def proven(self, ctx: Context, payment: models.Payment, yes: bool) -> models.Payment:
        """Go on after the payer was asked; what the saga waits for is captured."""
        charge = await self.charge.find(ctx, causeId=payment.cause_id)
        if not yes:
            code = _CODES.authentication_failed
            payment = await self.declined(ctx, payment, code, retryable=True)
        else:
            fields: dict[str, Any] = {
                "riskScore": payment.risk_score or 0,
                "providerReference": payment.provider_reference,
            }
            if payment.method_kind is models.PaymentMethodKind.card:
                fields["authorizationExpiresAt"] = ctx.now + _AUTHORIZED_FOR
            payment = await self.payment.transition(ctx, "record-authorization", payment.id, fields)
            if charge is not None and charge.status is _CHARGES.open and charge.attempt_count:
                payment = await self.captured(ctx, payment)
        if charge is not None:
            await self.failed(ctx, charge, payment)
        return payment

    async def action_expired(self, ctx: Context, payment: models.Payment) -> None:
        """End a payment whose payer did not come back."""
        await self.expire_action(ctx, port.ExpireAction(payment_id=payment.id))
        ended = await self.payment.find(ctx, id=payment.id)
        charge = await self.charge.find(ctx, causeId=payment.cause_id)
        if ended is not None and charge is not None:
            await self.failed(ctx, charge, ended)

    async def expire_due(self, ctx: Context) -> int:
        """End the tenant's proofs and reservations whose time is over; how many those were."""
        done = 0
        async for each in self.payment.each(
            ctx, status=(_STATES.requires_action, _STATES.authorized)
        ):
            if each.action_expires_at is not None and each.action_expires_at <= ctx.now:
                await self.action_expired(ctx, each)
                done += 1
            ends = each.authorization_expires_at
            if each.status is _STATES.authorized and ends is not None and ends <= ctx.now:
                await self.lapse_authorization(ctx, port.LapseAuthorization(payment_id=each.id))
                done += 1
        return done

    async def on_seats_reserved(self, ctx: Context, event: Received[models.SeatsReserved]) -> None:
        """The order's money is authorised unless it was, and captured."""
        await self.process_payment(ctx, port.ProcessPayment(body=event.data))


SENTINEL = UUID("01890000-0000-7000-8000-0000000000ff")
"""Stands for the method of an order that named none."""
