"""Payment methods: a provider's tokens, and what may be shown of them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.jobs.spec import Due
from cloudsync_chassis.model import project
from cloudsync_chassis.problem import UNAVAILABLE
from cloudsync_chassis.runtime import Runtime

from .challenge import worked
from .generated import models, port, problems
from .ledger import itself
from .provider import ProviderUnavailableError, RefusedByBankError, Token, TokenSpentError
from .settling import Settling

_METHODS = models.PaymentMethodStatus
_USABLE = (_METHODS.pending_verification, _METHODS.active, _METHODS.expired)
_KEPT = timedelta(days=90)
_DESTROYED = "destroyed"
_PAYMENTS = models.PaymentStatus
_PAID = (
    _PAYMENTS.captured,
    _PAYMENTS.partially_refunded,
    _PAYMENTS.refunded,
    _PAYMENTS.disputed,
)


class Methods(Settling):
    """Attaching, choosing and detaching."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        active = Due(aggregate="payment-method", where={"methodStatus": _METHODS.active.value})
        gone = Due(
            aggregate="payment-method",
            where={"methodStatus": _METHODS.detached.value},
            since="detachedAt",
            after=_KEPT.total_seconds(),
        )
        runtime.work.every(6 * 3600.0, "expire-cards", self.expire_cards, active)
        runtime.work.every(24 * 3600.0, "destroy-tokens", self.destroy_tokens, gone)

    async def attach_payment_method(
        self, ctx: Context, request: port.AttachPaymentMethod
    ) -> models.PaymentMethodSummary:
        """Trade a one-time token; what is attached already is answered with.

        Raises:
            Problem: what the contract declares, `unavailable`.
        """
        wish = request.body
        await self._check_pace(ctx)
        await self._check_work(ctx, wish)
        provider = self.providers[models.PaymentProvider.main]
        await ctx.unit.commit()
        try:
            token = await provider.exchange(wish.one_time_token, wish.kind)
        except TokenSpentError as error:
            raise problems.TOKEN_SPENT("used, or older than ten minutes") from error
        except RefusedByBankError as error:
            raise problems.METHOD_REFUSED(error.code.value) from error
        except ProviderUnavailableError as error:
            raise UNAVAILABLE("the provider does not answer") from error
        present = await self._by_fingerprint(ctx, token.fingerprint)
        if present is None:
            present = await self._attached(ctx, wish, token)
        elif await self.refused_today(ctx, present) >= self.settings.declines_per_day:
            raise problems.CARD_TESTING_SUSPECTED("the card was refused three times today")
        others = await self.payment_method.count(ctx, isDefault=True)
        if present.method_status is _METHODS.active and (wish.make_default or not others):
            present = await self._made_default(ctx, present)
        return project(models.PaymentMethodSummary, present)

    async def _check_pace(self, ctx: Context) -> None:
        """At most so many new methods an hour."""
        recent = 0
        async for each in self.payment_method.each(ctx):
            recent += each.created_at > ctx.now - timedelta(hours=1)
        if recent >= self.settings.methods_per_hour:
            problem = problems.CARD_TESTING_SUSPECTED("too many methods within an hour")
            problem.headers = {"Retry-After": "3600"}
            raise problem

    async def _check_work(self, ctx: Context, wish: models.AttachPaymentMethodRequest) -> None:
        """Whoever never paid works for each try, so that trying cards by the thousand is dear."""
        bits = self.settings.challenge_bits
        if bits <= 0 or await self.payment.count(ctx, status=_PAID):
            return
        if not worked(wish.one_time_token, wish.challenge_answer or "", bits):
            problem = problems.CARD_TESTING_SUSPECTED(
                "a proof of work for the one-time token is asked for", challengeBits=bits
            )
            raise problem

    async def _by_fingerprint(self, ctx: Context, fingerprint: str) -> models.PaymentMethod | None:
        async for each in self.payment_method.each(
            ctx, fingerprint=fingerprint, methodStatus=_USABLE
        ):
            return each
        return None

    async def _attached(
        self, ctx: Context, wish: models.AttachPaymentMethodRequest, token: Token
    ) -> models.PaymentMethod:
        """The new method; a card works at once, a debit after its mandate."""
        fields: dict[str, Any] = {
            "kind": wish.kind,
            "last4": token.last4,
            "holderName": wish.holder_name,
            "providerToken": token.token,
            "fingerprint": token.fingerprint,
            "brand": token.brand,
            "expiryMonth": token.expiry_month,
            "expiryYear": token.expiry_year,
        }
        if wish.kind is not models.PaymentMethodKind.card:
            fields["mandateReference"] = f"CS-{token.fingerprint[:16].upper()}"
        known = {name: each for name, each in fields.items() if each is not None}
        method = await self.payment_method.create(ctx, "attach-payment-method", known)
        if wish.kind is not models.PaymentMethodKind.card:
            return method
        command = "verify-payment-method"
        return await self.payment_method.transition(itself(ctx), command, method.id)

    async def _made_default(
        self, ctx: Context, method: models.PaymentMethod
    ) -> models.PaymentMethod:
        async for each in self.payment_method.each(ctx, isDefault=True):
            if each.id != method.id:
                await self.payment_method.rewrite(ctx, each, {"isDefault": False})
        command = "set-default-payment-method"
        return await self.payment_method.update(ctx, command, method.id, {"isDefault": True})

    async def set_default_payment_method(
        self, ctx: Context, request: port.SetDefaultPaymentMethod
    ) -> models.PaymentMethodSummary:
        """Move the mark of the default.

        Raises:
            Problem: `method-expired`, `method-not-active`.
        """
        method = await self.payment_method.get(ctx, request.payment_method_id)
        if method.method_status is _METHODS.expired:
            raise problems.METHOD_EXPIRED("the date on the card has passed")
        if method.method_status is not _METHODS.active:
            raise problems.METHOD_NOT_ACTIVE(f"it is {method.method_status.value}")
        return project(models.PaymentMethodSummary, await self._made_default(ctx, method))

    async def detach_payment_method(self, ctx: Context, request: port.DetachPaymentMethod) -> None:
        """Take a method out of use for good.

        Raises:
            Problem: `method-in-use`.
        """
        method = await self.payment_method.get(ctx, request.payment_method_id)
        if method.method_status is _METHODS.detached:
            return
        others = await self.payment_method.count(ctx, methodStatus=_METHODS.active)
        others -= method.method_status is _METHODS.active
        if method.is_default and others:
            raise problems.METHOD_IN_USE("another method could take its place")
        states = models.PaymentStatus
        moving = (states.created, states.requires_action, states.authorized)
        if await self.payment.count(ctx, paymentMethodId=method.id, status=moving):
            raise problems.METHOD_IN_USE("a payment with it is on its way")
        await self._detach(ctx, "detach-payment-method", method.id)

    async def _detach(self, ctx: Context, command: str, key: UUID) -> None:
        fields = {"isDefault": False, "detachedAt": ctx.now}
        await self.payment_method.transition(ctx, command, key, fields)

    async def detach_methods_of_organization(
        self, ctx: Context, request: port.DetachMethodsOfOrganization
    ) -> None:
        """End every method of a purged tenant."""
        async for each in self.payment_method.each(ctx, methodStatus=_USABLE):
            await self._detach(ctx, "detach-methods-of-organization", each.id)

    async def expire_cards(self, ctx: Context) -> None:
        """Expire the tenant's cards whose month has passed."""
        async for each in self.payment_method.each(ctx, methodStatus=_METHODS.active):
            if each.expiry_year is None or each.expiry_month is None:
                continue
            year, month = divmod(each.expiry_year * 12 + each.expiry_month, 12)
            if date(year, month + 1, 1) <= ctx.now.date():
                request = port.ExpirePaymentMethod(payment_method_id=each.id)
                await self.expire_payment_method(ctx, request)

    async def destroy_tokens(self, ctx: Context) -> None:
        """Destroy the tokens of methods that were detached ninety days ago."""
        old = {"detachedAt": ctx.now - _KEPT}
        async for each in self.payment_method.each(ctx, old, methodStatus=_METHODS.detached):
            await self.payment_method.rewrite(ctx, each, {"providerToken": _DESTROYED})

    async def on_organization_purged(
        self, ctx: Context, event: Received[models.OrganizationPurged]
    ) -> None:
        """All methods of the tenant are detached."""
        request = port.DetachMethodsOfOrganization(body=event.data)
        await self.detach_methods_of_organization(ctx, request)
