"""Settlements: what providers report of a day, held against what we captured."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from cloudsync_chassis.context import Context
from cloudsync_chassis.ids import PLATFORM
from cloudsync_chassis.jobs.spec import Due
from cloudsync_chassis.problem import UNAVAILABLE, Problem
from cloudsync_chassis.runtime import Runtime

from .generated import models, port, problems, tables
from .provider import ProviderUnavailableError
from .returning import Returning

_HOUR = 3600.0


class Settling(Returning):
    """Comparisons of days."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        expected = Due(
            aggregate="settlement",
            where={"settlementStatus": models.SettlementStatus.expected.value},
        )
        runtime.work.every(_HOUR, "expect-settlements", self.expect_settlements)
        runtime.work.every(_HOUR, "reconcile-settlements", self.reconcile_expected, expected)

    async def expect_settlements(self, ctx: Context) -> None:
        """Note for which providers and currencies a report of yesterday (UTC) has to come."""
        day = (ctx.now - timedelta(days=1)).date()
        table, start = tables.payments, datetime.combine(day, time(0), UTC)
        statement = (
            sa.select(table.c.provider, table.c.currency)
            .where(table.c.captured_at >= start, table.c.captured_at < start + timedelta(days=1))
            .where(table.c.provider_reference.is_not(None))
            .distinct()
        )
        rows = (await (await ctx.unit.connection()).execute(statement)).all()
        inside = ctx.within(PLATFORM)
        for provider, currency in rows:
            fields = {"settlementDate": day, "provider": provider, "currency": currency}
            if await self.settlement.find(inside, **fields) is None:
                body = models.ExpectSettlementRequest.model_validate(fields, strict=False)
                await self.expect_settlement(inside, port.ExpectSettlement(body=body))

    async def reconcile_expected(self, ctx: Context) -> None:
        """Compare the days whose reports have been published since."""
        async for each in self.settlement.each(
            ctx, settlementStatus=models.SettlementStatus.expected
        ):
            try:
                request = port.ReconcileSettlement(settlement_id=each.id)
                await self.reconcile_settlement(ctx, request)
            except Problem as problem:
                if problem.kind is not problems.SETTLEMENT_NOT_READY:
                    raise

    async def reconcile_settlement(
        self, ctx: Context, request: port.ReconcileSettlement
    ) -> models.SettlementReconciliation:
        """Hold a provider's report of a day against what was captured.

        Raises:
            Problem: `settlement-not-ready`, `unavailable`.
        """
        day = await self.settlement.get(ctx, request.settlement_id)
        await ctx.unit.commit()
        try:
            provider = self.providers[day.provider]
            report = await provider.report(day.settlement_date, day.currency, ctx.now)
        except ProviderUnavailableError as error:
            raise UNAVAILABLE("the provider does not answer") from error
        if report is None:
            raise problems.SETTLEMENT_NOT_READY("the report is not published")
        booked = await self.captures_of(ctx, day)
        mismatches = list(_compared(report, booked))
        sides = models.SettlementMismatchSide
        fields: dict[str, Any] = {
            "reportedMinor": sum(report.values()),
            "matchedMinor": sum(
                amount for key, amount in report.items() if booked.get(key, (0, None))[0] == amount
            ),
            "missingCount": sum(each.side is not sides.surplus for each in mismatches),
            "surplusCount": sum(each.side is sides.surplus for each in mismatches),
            "reconciledAt": ctx.now,
        }
        if mismatches:
            status = models.SettlementStatus.discrepant
            result = await self.settlement.rewrite(ctx, day, {**fields, "settlementStatus": status})
        else:
            command = "reconcile-settlement"
            result = await self.settlement.transition(ctx, command, day.id, fields)
        return models.SettlementReconciliation(settlement=result, mismatches=mismatches[:500])

    async def captures_of(
        self, ctx: Context, day: models.Settlement
    ) -> dict[str, tuple[int, UUID | None]]:
        """What the method paid of each capture of the day, and its payment, by reference.

        Over all tenants: a provider reports for us and not for them.
        """
        start = datetime.combine(day.settlement_date, time(0), UTC)
        table = tables.payments
        statement = sa.select(
            table.c.provider_reference,
            table.c.captured_minor - table.c.credit_applied_minor,
            table.c.id,
        ).where(
            table.c.provider == day.provider.value,
            table.c.currency == day.currency.value,
            table.c.provider_reference.is_not(None),
            table.c.captured_at >= start,
            table.c.captured_at < start + timedelta(days=1),
        )
        rows = (await (await ctx.unit.connection()).execute(statement)).all()
        return {reference: (int(amount), payment) for reference, amount, payment in rows}


def _compared(
    report: dict[str, int], booked: dict[str, tuple[int, UUID | None]]
) -> list[models.SettlementMismatch]:
    sides = models.SettlementMismatchSide
    found = []
    for key in sorted(report.keys() | booked.keys()):
        amount, payment = booked.get(key, (0, None))
        if key not in report:
            side, value = sides.missing, amount
        elif key not in booked:
            side, value = sides.surplus, report[key]
        elif report[key] != amount:
            side, value = sides.amount_differs, report[key]
        else:
            continue
        found.append(
            models.SettlementMismatch(
                side=side, provider_reference=key, amount_minor=value, payment_id=payment
            )
        )
    return found
