"""Port: how much tax an order will probably bear. The invoice states the real one."""

from __future__ import annotations

from typing import Protocol

from .generated import models

_STANDARD = {
    models.Currency.eur: 2300,
    models.Currency.gbp: 2000,
    models.Currency.sgd: 900,
    models.Currency.aud: 1000,
    models.Currency.jpy: 1000,
    models.Currency.inr: 1800,
}


class TaxEstimator(Protocol):
    """Rates before the buyer's address is known."""

    def basis_points(self, currency: models.Currency) -> int:
        """Tax on seats that are priced in this currency, in ten-thousandths."""
        ...


class StandardRates:
    """The standard rate where a currency is mostly at home (EUR: Ireland, whose company sells).

    Sales tax in the United States depends on the buyer's address and is left to the invoice.
    """

    def basis_points(self, currency: models.Currency) -> int:
        """See `TaxEstimator.basis_points`."""
        return _STANDARD.get(currency, 0)
