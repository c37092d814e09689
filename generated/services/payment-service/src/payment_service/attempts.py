"""Attempts: an intent is written down, a provider is called, and what it said is written down.

No transaction is open while a provider is called. What a crash leaves half done a job finds, and
the key under which the provider was asked makes asking again harmless.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from cloudsync_chassis.context import Context
from cloudsync_chassis.jobs.spec import Due, Job
from cloudsync_chassis.logs import logger
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.problem import NOT_FOUND
from cloudsync_chassis.runtime import Runtime

from .generated import models, port, tables
from .ledger import ACCOUNTS, Ledger, itself
from .provider import Authorization, ProviderUnavailableError, RefusedByBankError

_STATES = models.PaymentStatus
_CHARGES = models.ChargeStatus
_METHODS = models.PaymentMethodStatus
_PURPOSES = models.PaymentPurpose
_CODES = models.DeclineCode
_LIVING = (_STATES.created, _STATES.requires_action, _STATES.authorized, _STATES.captured)
_GOING = (_STATES.created, _STATES.authorized)
_AUTHORIZED_FOR = timedelta(days=7)
_AT_ONCE = 8
"""Calls to providers that one replica has under way after operations."""
_PATIENCE = 600.0
"""Seconds within which such a call has its turn, or else is left to the job."""
_ROUND, _LOST_AFTER = 10.0, 30.0

log = logger("attempts")


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt to be made: on which charge, how much of it, by which method."""

    command: str
    charge: models.Charge
    amount: int
    method: models.PaymentMethod
    descriptor: str = "CLOUDSYNC"


class Attempts(Ledger):
    """What becomes of a payment, whoever begins it."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        self._turns = asyncio.Semaphore(_AT_ONCE)
        lost = Due(
            aggregate="payment",
            where={"status": tuple(each.value for each in _GOING)},
            since="updatedAt",
            after=_LOST_AFTER,
        )
        self.each_due("advance-payments", lost, self.advance)

    def each_due(
        self, name: str, due: Due, call: Callable[[Context, UUID], Awaitable[Any]]
    ) -> None:
        """Every ten seconds, `call` for each entity that is due, in an operation of its own."""
        operation = Operation(id=name, access="workload", writes=True, timeout=60.0)
        job = Job(operation=operation, every=_ROUND, per="entity", due=due, call=call)
        self.runtime.work.add([job])

    def after(self, ctx: Context, name: str, call: Callable[[Context], Awaitable[Any]]) -> None:
        """Call a provider once the running operation has committed, when there is a turn."""

        async def act(inside: Context) -> None:
            async with self._turns:
                await call(inside)

        self.runtime.work.soon(ctx, name, act, timeout=_PATIENCE)

    def advance_later(self, ctx: Context, payment: models.Payment) -> None:
        """Go on with a payment once the running operation has committed."""
        self.after(ctx, "advance-payment", lambda inside: self.advance(inside, payment.id))

    def release_later(self, ctx: Context, name: models.PaymentProvider, reference: str) -> None:
        """Give a reservation back; where that is lost, it ends by itself within seven days."""

        async def release(_: Context) -> None:
            await self.providers[name].void(reference)

        self.after(ctx, "release-reservation", release)

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

    async def living(self, ctx: Context, cause: UUID) -> models.Payment | None:
        """The payment of a charge that is under way or has succeeded."""
        async for each in self.payment.each(ctx, causeId=cause, status=_LIVING):
            return each
        return None

    async def begin(self, ctx: Context, attempt: Attempt) -> models.Payment:
        """Write down that a provider is to be asked. Account credit pays first."""
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
        # each attempt on a charge is one of its own, and the same attempt is made once
        number = f"{charge.cause_id}:{charge.attempt_count}"
        return await self.payment.telling().create(ctx, attempt.command, fields, key=number)

    async def advance(self, ctx: Context, key: UUID) -> models.Payment:
        """Take a payment as far as it goes by now: authorised, and captured where that is wanted.

        Commits before each call to the provider.

        Raises:
            ProviderUnavailableError: nothing is known; it stays as it is and is due again.
            Problem: `not-found`.
        """
        payment = await self._present(ctx, key)
        if payment.status is _STATES.created:
            payment = await self._authorised(itself(ctx), payment)
            ctx = ctx.later()
        expires = payment.authorization_expires_at
        alive = expires is None or ctx.now < expires
        if payment.status is _STATES.authorized and alive and await self._wanted(ctx, payment):
            payment = await self.captured(itself(ctx), payment, payment.amount_minor)
        return payment

    async def _present(self, ctx: Context, key: UUID) -> models.Payment:
        found = await self.payment.find(ctx, id=key)
        if found is None:
            raise NOT_FOUND("no such payment")
        return found

    async def _wanted(self, ctx: Context, payment: models.Payment) -> bool:
        """Whether the money is to be taken: seats are reserved, or the invoice is issued."""
        charge = await self.charge.find(ctx, causeId=payment.cause_id)
        return charge is not None and charge.status is _CHARGES.open and charge.attempt_count > 0

    async def _authorised(self, ctx: Context, payment: models.Payment) -> models.Payment:
        asked = payment.amount_minor - payment.credit_applied_minor
        if asked == 0:
            return await self._written(ctx, payment, None)
        method = await self.method_for(ctx, payment.payment_method_id)
        if method is None:
            return await self.declined(ctx, payment, _CODES.do_not_honor, retryable=True)
        provider = self.providers[payment.provider]
        await ctx.unit.commit()
        answer: Authorization | RefusedByBankError
        try:
            answer = await provider.authorize(
                _key(payment), method.provider_token, asked, payment.currency
            )
        except ProviderUnavailableError:
            self.providers.failed(payment.provider)
            raise
        except RefusedByBankError as error:
            answer = error
        present = await self._present(ctx, payment.id)
        ctx = ctx.later()
        if present.status is not _STATES.created:
            called_off = present.status in (_STATES.failed, _STATES.voided)
            if called_off and isinstance(answer, Authorization):
                self.release_later(ctx, payment.provider, answer.reference)
            return present
        if isinstance(answer, RefusedByBankError):
            return await self.declined(ctx, present, answer.code, answer.retryable)
        if answer.risk >= self.risk.refuse_from():
            self.release_later(ctx, payment.provider, answer.reference)
            risky = {"riskScore": answer.risk}
            return await self.declined(ctx, present, _CODES.fraud_suspected, False, **risky)
        return await self._written(ctx, present, answer)

    async def _written(
        self, ctx: Context, payment: models.Payment, found: Authorization | None
    ) -> models.Payment:
        """A provider's yes, or its wish to hear from the payer; None: credit pays all."""
        if found is None:
            fields: dict[str, Any] = {"riskScore": 0}
            return await self.payment.transition(ctx, "record-authorization", payment.id, fields)
        fields = {"riskScore": found.risk, "providerReference": found.reference}
        if found.action_url is not None:
            until = ctx.now + timedelta(seconds=self.settings.action_window)
            fields |= {"actionUrl": found.action_url, "actionExpiresAt": until}
            return await self.payment.transition(ctx, "require-action", payment.id, fields)
        if payment.method_kind is models.PaymentMethodKind.card:
            fields["authorizationExpiresAt"] = ctx.now + _AUTHORIZED_FOR
        return await self.payment.transition(ctx, "record-authorization", payment.id, fields)

    async def proven(self, ctx: Context, payment: models.Payment, yes: bool) -> models.Payment:
        """Write down what the payer's bank has learnt of the payer."""
        if not yes:
            return await self.declined(ctx, payment, _CODES.authentication_failed, retryable=True)
        fields: dict[str, Any] = {
            "riskScore": payment.risk_score or 0,
            "providerReference": payment.provider_reference,
        }
        if payment.method_kind is models.PaymentMethodKind.card:
            fields["authorizationExpiresAt"] = ctx.now + _AUTHORIZED_FOR
        return await self.payment.transition(ctx, "record-authorization", payment.id, fields)

    async def refused(
        self,
        ctx: Context,
        payment: models.Payment,
        code: models.DeclineCode,
        retryable: bool,
        **more: Any,
    ) -> models.Payment:
        """Write a no down; its charge is the caller's affair."""
        command = "record-decline"
        if payment.status is _STATES.authorized:
            command = "record-capture-failure"
        fields = {"declineCode": code, "retryable": retryable, **more}
        return await self.payment.transition(itself(ctx), command, payment.id, fields)

    async def declined(
        self,
        ctx: Context,
        payment: models.Payment,
        code: models.DeclineCode,
        retryable: bool,
        **more: Any,
    ) -> models.Payment:
        """Write a no down, and that the charge is spent if no attempt is to follow."""
        ended = await self.refused(ctx, payment, code, retryable, **more)
        await self.spent(ctx, ended.cause_id)
        return ended

    async def spent(self, ctx: Context, cause: UUID) -> None:
        """Give up the charge of a failed payment: an order's at once, an invoice's at the last."""
        charge = await self.charge.find(ctx, causeId=cause)
        if charge is None or charge.status is not _CHARGES.open:
            return
        if charge.purpose is _PURPOSES.order or charge.next_attempt_at is None:
            await self.exhaust_charge(itself(ctx), port.ExhaustCharge(cause_id=cause))

    async def captured(self, ctx: Context, payment: models.Payment, amount: int) -> models.Payment:
        """Take minor units of an authorised payment, book them and count them on its charge.

        Account credit is used up before the method. Commits before the provider is called.

        Raises:
            ProviderUnavailableError: it is authorised still.
        """
        credit = min(amount, payment.credit_applied_minor)
        reference = payment.provider_reference
        if amount > credit and reference is not None:
            await ctx.unit.commit()
            try:
                await self.providers[payment.provider].capture(reference, amount - credit, ctx.now)
            except RefusedByBankError as error:
                present = await self._present(ctx, payment.id)
                if present.status is not _STATES.authorized:
                    return present
                return await self.declined(ctx.later(), present, error.code, error.retryable)
            payment = await self._present(ctx, payment.id)
            ctx = ctx.later()
            if payment.status is not _STATES.authorized:
                self._too_late(ctx, payment, amount - credit)
                return payment
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

    def _too_late(self, ctx: Context, payment: models.Payment, amount: int) -> None:
        """What was called off while it was taken goes back; nothing of it is in the books."""
        reference = payment.provider_reference
        if payment.status not in (_STATES.voided, _STATES.failed) or reference is None:
            return
        log.error("captured_though_called_off", payment_id=str(payment.id))
        provider, key = self.providers[payment.provider], f"late:{payment.id}"

        async def give_back(_: Context) -> None:
            await provider.refund(reference, amount, key)

        self.after(ctx, "return-late-capture", give_back)

    async def _captured_nothing(self, ctx: Context, payment: models.Payment) -> models.Payment:
        """An order that is free: no provider, no entry."""
        changes = {"status": _STATES.captured, "capturedAt": ctx.now}
        taken = await self.payment.rewrite(ctx, payment, changes)
        await self.payment.announce(ctx, "payment-processed", taken, payment)
        await self._count(ctx, payment.cause_id, 0)
        return taken

    async def _count(self, ctx: Context, cause: UUID, amount: int) -> None:
        charge = await self.charge.find(ctx, causeId=cause)
        if charge is None:
            return
        settled = min(charge.amount_minor, charge.settled_minor + amount)
        charge = await self.charge.rewrite(ctx, charge, {"settledMinor": settled})
        living = charge.status in (_CHARGES.open, _CHARGES.held, _CHARGES.exhausted)
        if living and settled == charge.amount_minor:
            fields = {"closeReason": None, "closedAt": None}
            await self.charge.transition(itself(ctx), "settle-charge", cause, fields)


def _key(payment: models.Payment) -> str:
    """Under which the provider carries a payment out once; an order has one payment for ever."""
    if payment.purpose is _PURPOSES.order:
        return f"order:{payment.cause_id}"
    return f"{payment.purpose.value}:{payment.cause_id}:{payment.id}"
