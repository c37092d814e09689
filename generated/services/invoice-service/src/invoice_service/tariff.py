"""Port: what metered use costs beyond what seats include."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from typing import Protocol

from .generated import models

_MICROS = 1_000_000
_PLACES = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class Rate:
    """`unit_minor` for each `units` whole units of a meter, after those that each seat includes."""

    units: int
    unit_minor: int
    included_per_seat: int
    label: str


class Tariff(Protocol):
    """The prices of meters."""

    def rate(self, meter: str, currency: models.Currency) -> Rate | None:
        """What a meter costs; None: it is not billed."""
        ...


class StandardTariff:
    """The same number of minor units in each currency but the yen, which has none smaller."""

    _rates = {
        "api_calls": Rate(1_000, 10, 10_000, "API calls, by the thousand"),
        "storage_gib_hours": Rate(720, 5, 100, "Storage, by the gibibyte and month"),
        "meeting_minutes": Rate(100, 20, 1_000, "Meeting minutes, by the hundred"),
        "recording_minutes": Rate(60, 50, 600, "Recordings, by the hour"),
        "egress_gib": Rate(1, 8, 50, "Traffic, by the gibibyte"),
        "export_runs": Rate(1, 100, 10, "Exports"),
    }

    def rate(self, meter: str, currency: models.Currency) -> Rate | None:
        """See `Tariff.rate`."""
        return self._rates.get(meter)


def quantity(total_micros: int, rate: Rate, seats: int) -> Decimal:
    """Billed units: what was used, less what is included; never below zero, six places."""
    used = Decimal(total_micros) / _MICROS - rate.included_per_seat * seats
    billed: Decimal = max(Decimal(0), used) / rate.units
    return billed.quantize(_PLACES, ROUND_DOWN)
