"""The double-entry ledger: bookings sum to zero, are written once and never changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid5

import sqlalchemy as sa
from cloudsync_chassis.context import Context
from cloudsync_chassis.problem import breaks_rule
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.security.principal import workload

from .generated import models, port, tables
from .generated.defaults import Defaults
from .generated.settings import ServiceSettings
from .providers import Providers, RiskThresholds

SERVICE_ID = UUID("01890000-0000-7000-8000-0000000000f2")
"""Who asked for a refund where no person did: this service."""

ACCOUNTS = models.LedgerAccount
_LARGEST = 100_000_000
_SIDES = models.LedgerDirection


class Ledger(Defaults):
    """Bookings; and the ports of the service."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        settings = runtime.settings
        if not isinstance(settings, ServiceSettings):
            raise TypeError("settings of another service")
        self.settings = settings
        self.providers = Providers(settings)
        self.risk = RiskThresholds(settings)

    async def post_ledger_transaction(
        self, ctx: Context, request: port.PostLedgerTransaction
    ) -> None:
        """Write a booking; the same one again changes nothing.

        Raises:
            Problem: `rule-broken`: debits and credits differ in a currency, or a line is
                nothing.
        """
        body = request.body
        sums: dict[models.Currency, int] = {}
        for line in body.lines:
            if line.amount_minor == 0:
                raise breaks_rule("a line of nothing", pointer="/lines")
            sign = 1 if line.direction is _SIDES.debit else -1
            sums[line.currency] = sums.get(line.currency, 0) + sign * line.amount_minor
        if any(sums.values()):
            raise breaks_rule("the lines do not sum to zero", pointer="/lines")
        if await self.ledger_entry.count(ctx, transactionId=body.transaction_id):
            return
        for line in body.lines:
            fields: dict[str, Any] = {
                "transactionId": body.transaction_id,
                "account": line.account,
                "direction": line.direction,
                "amountMinor": line.amount_minor,
                "currency": line.currency,
                "paymentId": body.payment_id,
                "refundId": body.refund_id,
                "bookedAt": ctx.now,
            }
            await self.ledger_entry.insert(ctx, fields)

    async def book(
        self,
        ctx: Context,
        cause: tuple[UUID, str],
        currency: models.Currency,
        debits: Sequence[tuple[models.LedgerAccount, int]],
        crediting: Sequence[tuple[models.LedgerAccount, int]],
        payment: UUID | None = None,
        refund: UUID | None = None,
    ) -> None:
        """Book what a cause (its id and a word for the occasion) moved; once for each cause.

        Amounts above what one entry holds are split.
        """
        lines = [
            models.LedgerLine(account=account, direction=side, amount_minor=part, currency=currency)
            for side, amounts in ((_SIDES.debit, debits), (_SIDES.credit, crediting))
            for account, amount in amounts
            for part in _parts(amount)
        ]
        if not lines:
            return
        body = models.PostLedgerTransactionRequest(
            transaction_id=transaction_of(*cause),
            payment_id=payment,
            refund_id=refund,
            lines=lines,
        )
        await self.post_ledger_transaction(ctx, port.PostLedgerTransaction(body=body))

    async def credit_balances(self, ctx: Context) -> dict[models.Currency, int]:
        """What stands to the tenant's credit, in minor units."""
        table = tables.ledger_entries
        signed = sa.case(
            (table.c.direction == _SIDES.credit.value, table.c.amount_minor),
            else_=-table.c.amount_minor,
        )
        statement = (
            sa.select(table.c.currency, sa.func.sum(signed))
            .where(table.c.organization_id == ctx.tenant)
            .where(table.c.account == ACCOUNTS.customer_credit.value)
            .group_by(table.c.currency)
        )
        rows = (await (await ctx.unit.connection()).execute(statement)).all()
        return {models.Currency(currency): int(balance) for currency, balance in rows}

    async def get_account_credit(
        self, ctx: Context, request: port.GetAccountCredit
    ) -> models.AccountCredit:
        """The balance of each currency that has one."""
        balances = await self.credit_balances(ctx)
        return models.AccountCredit(
            balances=[
                models.Money(amount_minor=amount, currency=currency)
                for currency, amount in sorted(balances.items())
                if amount
            ],
            as_of=ctx.now,
        )


def itself(ctx: Context) -> Context:
    """The same operation as the service's own doing, for steps that are no caller's to order."""
    return replace(ctx, principal=workload(ctx.operation.id, ctx.tenant))


def transaction_of(cause: UUID, occasion: str) -> UUID:
    """The booking of an occasion: always the same, in the form of a version 7 (RFC 9562)."""
    mixed = uuid5(cause, occasion).int
    mixed &= ~(0xF << 76)
    return UUID(int=mixed | 0x7 << 76)


def _parts(amount: int) -> list[int]:
    whole, rest = divmod(amount, _LARGEST)
    return [_LARGEST] * whole + ([rest] if rest else [])
