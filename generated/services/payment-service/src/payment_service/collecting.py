"""The money of orders and invoices: who asks for it, and when it is asked for."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.logs import logger
from cloudsync_chassis.problem import UNAVAILABLE, breaks_rule

from .attempts import Attempt, Attempts
from .generated import models, port, problems
from .ledger import itself
from .provider import ProviderUnavailableError

LARGEST = 100_000_000
"""What one payment brings at most, in minor units."""

_STATES = models.PaymentStatus
_CHARGES = models.ChargeStatus
_PURPOSES = models.PaymentPurpose
_CODES = models.DeclineCode

log = logger("payments")


class Collecting(Attempts):
    """Who begins an attempt, and what ends one by itself."""

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
            descriptor = wish.statement_descriptor or "CLOUDSYNC"
            amount = wish.amount_minor
            attempt = Attempt("authorize-payment", charge, amount, method, descriptor)
            present = await self.begin(ctx, attempt)
        if present.status is _STATES.created:
            try:
                present = await self.advance(ctx, present.id)
            except ProviderUnavailableError as error:
                raise problems.PROVIDER_UNAVAILABLE("try again later") from error
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

    async def process_payment(self, ctx: Context, request: port.ProcessPayment) -> None:
        """The payment step of the saga: the provider is asked once this is committed.

        Raises:
            Problem: `unavailable`: the order has not come yet.
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
        charge = await self.charge.rewrite(ctx, charge, tried)
        payment = await self.living(ctx, order)
        if payment is None:
            payment = await self._order_payment(ctx, charge)
        self.advance_later(ctx, payment)

    async def _order_payment(self, ctx: Context, charge: models.Charge) -> models.Payment:
        method = await self.method_for(ctx, charge.preferred_method_id)
        if method is not None:
            attempt = Attempt("process-payment", charge, charge.amount_minor, method)
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
        silent = self.payment.telling()
        payment = await silent.create(ctx, command, fields, paymentMethodId=named)
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
            self.release_later(ctx, payment.provider, payment.provider_reference)
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
            await self.expire_action(itself(ctx), port.ExpireAction(payment_id=payment.id))
            await ctx.unit.commit()
            raise problems.ACTION_EXPIRED("the quarter of an hour is over")
        await ctx.unit.commit()
        try:
            yes = await provider.confirmed(payment.provider_reference or "")
        except ProviderUnavailableError as error:
            raise UNAVAILABLE("the provider does not answer") from error
        payment = await self.payment.get(ctx, request.payment_id)
        ctx = ctx.later()
        if payment.status is not _STATES.requires_action:
            return payment
        payment = await self.proven(itself(ctx), payment, yes)
        try:
            return await self.advance(ctx, payment.id)
        except ProviderUnavailableError:
            return payment

    async def expire_action(self, ctx: Context, request: port.ExpireAction) -> None:
        """End a payment whose payer did not come back; an order's charge ends with it."""
        await super().expire_action(ctx, request)
        ended = await self.payment.find(ctx, id=request.payment_id)
        if ended is not None:
            await self.spent(ctx, ended.cause_id)

    async def on_seats_reserved(self, ctx: Context, event: Received[models.SeatsReserved]) -> None:
        """The order's money is authorised unless it was, and captured."""
        await self.process_payment(ctx, port.ProcessPayment(body=event.data))


SENTINEL = UUID("01890000-0000-7000-8000-0000000000ff")
"""Stands for the method of an order that named none."""
