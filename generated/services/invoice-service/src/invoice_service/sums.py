"""Lines and sums of an invoice: whole minor units, each amount rounded half to even."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from cloudsync_chassis.model import to_record
from pydantic_core import to_jsonable_python

from .generated import models
from .taxes import Tax

_WHOLE = 10_000
_FROZEN = (
    "invoiceNumber",
    "legalEntity",
    "billTo",
    "servicePeriodStart",
    "servicePeriodEnd",
    "issuedOn",
    "dueOn",
    "currency",
    "lines",
    "subtotalMinor",
    "discountMinor",
    "taxMinor",
    "totalMinor",
    "reverseCharge",
)


def amount(quantity: Decimal | str, unit_minor: int) -> int:
    """Quantity times price."""
    return int((Decimal(quantity) * unit_minor).quantize(Decimal(1), ROUND_HALF_EVEN))


def portion(value: int, numerator: int, denominator: int) -> int:
    """`value` × numerator ÷ denominator."""
    return int((Decimal(value * numerator) / denominator).quantize(Decimal(1), ROUND_HALF_EVEN))


def line(
    kind: models.LineKind, text: str, quantity: Decimal | str, unit: int, **more: Any
) -> models.InvoiceLine:
    """A line that has no place yet (`placed` gives it one)."""
    written = f"{Decimal(quantity):f}"
    return models.InvoiceLine(
        position=1,
        kind=kind,
        description=text[:240],
        quantity=written,
        unit_amount_minor=unit,
        amount_minor=amount(written, unit),
        tax_rate_basis_points=0,
        **more,
    )


def placed(lines: Sequence[models.InvoiceLine], tax: Tax) -> list[models.InvoiceLine]:
    """The lines one after the other, at the rate of the tax."""
    rate = tax.basis_points
    return [
        each.model_copy(update={"position": place, "tax_rate_basis_points": rate})
        for place, each in enumerate(lines, start=1)
    ]


def net(lines: Sequence[models.InvoiceLine]) -> tuple[int, int]:
    """Sum of what is billed (below zero where prorations give more back), and of discounts."""
    discounts = [each.amount_minor for each in lines if each.kind is models.LineKind.discount]
    return sum(each.amount_minor for each in lines) - sum(discounts), -sum(discounts)


def worked_out(lines: Sequence[models.InvoiceLine], tax: Tax) -> dict[str, Any]:
    """Fields of an unpaid invoice with these lines.

    A draft that would come to less than nothing shows nothing, and waits for further lines.
    """
    billed, discount = net(lines)
    subtotal = max(0, billed)
    discount = max(0, min(discount, subtotal))
    taxed = portion(subtotal - discount, tax.basis_points, _WHOLE)
    total = subtotal - discount + taxed
    return {
        "lines": [to_record(each) for each in placed(lines, tax)],
        "subtotalMinor": subtotal,
        "discountMinor": discount,
        "taxMinor": taxed,
        "totalMinor": total,
        "amountDueMinor": total,
        "reverseCharge": tax.reverse_charge,
    }


def adds_up(invoice: models.Invoice) -> bool:
    """Whether every amount follows from its line, and the sums from the amounts."""
    exact = all(
        each.amount_minor == amount(each.quantity, each.unit_amount_minor) for each in invoice.lines
    )
    return exact and net(invoice.lines) == (invoice.subtotal_minor, invoice.discount_minor)


def digest(record: Mapping[str, Any]) -> str:
    """`sha256:` and the digest of the issued content as JSON with sorted names."""
    content = {name: record[name] for name in _FROZEN if name in record}
    text = json.dumps(to_jsonable_python(content), sort_keys=True, separators=(",", ":"))
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()
