"""What seats cost: whole minor units, graduated tiers, half-even rounding where a part is taken."""

from __future__ import annotations

import calendar
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from .generated import models
from .tax import TaxEstimator

_WHOLE = 10_000
_MICROSECOND = timedelta(microseconds=1)


def divided(numerator: int, denominator: int) -> int:
    """The quotient, rounded half to even; `denominator` is above zero."""
    quotient, rest = divmod(numerator, denominator)
    if 2 * rest > denominator or (2 * rest == denominator and quotient % 2):
        return quotient + 1
    return quotient


def part(amount: int, basis_points: int) -> int:
    """So many ten-thousandths of an amount."""
    return divided(amount * basis_points, _WHOLE)


def after(start: datetime, interval: models.BillingInterval) -> datetime:
    """One interval later, on the same day of the month or on its last."""
    months = start.month - 1 + (12 if interval is models.BillingInterval.year else 1)
    year, month = start.year + months // 12, months % 12 + 1
    day = min(start.day, calendar.monthrange(year, month)[1])
    return start.replace(year=year, month=month, day=day)


def remainder(amount: int, start: datetime, end: datetime, now: datetime) -> int:
    """What is left of an amount that was meant for [start, end), at `now`; the sign is kept."""
    left = (end - min(max(now, start), end)) // _MICROSECOND
    return divided(amount * left, (end - start) // _MICROSECOND)


def tiered(tiers: Sequence[models.PriceTier], seats: int) -> Iterator[tuple[int, int]]:
    """Seats and the price of each, tier by tier."""
    done = 0
    for each in sorted(tiers, key=lambda tier: (tier.up_to_seats is None, tier.up_to_seats or 0)):
        upto = seats if each.up_to_seats is None else min(seats, each.up_to_seats)
        if upto > done:
            yield upto - done, each.unit_amount_minor
            done = upto


def gross(tiers: Sequence[models.PriceTier], seats: int) -> int:
    """The price of so many seats for one interval, before discount and tax, in minor units."""
    return sum(count * unit for count, unit in tiered(tiers, seats))


def unit(tiers: Sequence[models.PriceTier], seats: int) -> int:
    """The mean price of one seat, which the subscription keeps, in minor units."""
    return divided(gross(tiers, seats), seats)


def worth(held: models.Subscription) -> int:
    """What one period of a subscription costs after its discount, in minor units."""
    full = held.unit_amount_minor * held.seat_quantity
    return full - part(full, held.discount_basis_points)


@dataclass(frozen=True, slots=True)
class Wish:
    """What shall be priced. `credit_minor` is worth of an old period that the order ends."""

    plan: models.Plan
    price: models.PlanPrice
    seats: int
    discount_basis_points: int = 0
    credit_minor: int = 0


@dataclass(frozen=True, slots=True)
class Quote:
    """A priced wish, in minor units of `currency`."""

    currency: models.Currency
    lines: tuple[models.PriceLine, ...]
    subtotal_minor: int
    tax_minor: int
    total_minor: int
    unit_minor: int
    digest: str


def quote(wish: Wish, taxes: TaxEstimator) -> Quote:
    """Lines in the order in which the checkout prints them, and their sums."""
    kinds = models.PriceLineKind
    lines = [
        _line(kinds.seats, f"{wish.plan.display_name}, {count} × {each}", count * each, count, each)
        for count, each in tiered(wish.price.tiers, wish.seats)
    ]
    full = sum(each.amount_minor for each in lines)
    discount = part(full, wish.discount_basis_points)
    if discount:
        lines.append(_line(kinds.discount, "Discount", -discount))
    credit = min(wish.credit_minor, full - discount)
    if credit:
        lines.append(_line(kinds.credit, "Unused part of the present period", -credit))
    subtotal = full - discount - credit
    tax = part(subtotal, taxes.basis_points(wish.price.currency))
    if tax:
        lines.append(_line(kinds.tax, "Estimated tax", tax))
    return Quote(
        currency=wish.price.currency,
        lines=tuple(lines),
        subtotal_minor=subtotal,
        tax_minor=tax,
        total_minor=subtotal + tax,
        unit_minor=unit(wish.price.tiers, wish.seats),
        digest=_digest(wish, subtotal + tax),
    )


def _line(
    kind: models.PriceLineKind,
    label: str,
    amount: int,
    seats: int | None = None,
    each: int | None = None,
) -> models.PriceLine:
    return models.PriceLine(
        kind=kind, label=label, amount_minor=amount, seats=seats, unit_amount_minor=each
    )


def _digest(wish: Wish, total: int) -> str:
    """SHA-256, in hex, over what the price was made of."""
    facts = {
        "planCode": wish.plan.code,
        "interval": wish.price.interval,
        "currency": wish.price.currency,
        "seats": wish.seats,
        "tiers": [[each.up_to_seats, each.unit_amount_minor] for each in wish.price.tiers],
        "totalMinor": total,
    }
    text = json.dumps(facts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
