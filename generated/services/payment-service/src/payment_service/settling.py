"""Settlements: what providers report of a day, held against what we captured."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from cloudsync_chassis.context import Context
from cloudsync_chassis.problem import UNAVAILABLE

from .generated import models, port, problems, tables
from .provider import ProviderUnavailableError
from .records import stored
from .returning import Returning


class Settling(Returning):
    """Comparisons of days."""

    async def reconcile_settlement(
        self, ctx: Context, request: port.ReconcileSettlement
    ) -> models.SettlementReconciliation:
        """Hold a provider's report of a day against what was captured.

        Raises:
            Problem: `settlement-not-ready`, `unavailable`.
        """
        day = await self.settlement.get(ctx, request.settlement_id)
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
            result = await stored(ctx, self.settlement, day, {**fields, "settlementStatus": status})
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
