"""Ports: which tax a party pays, and whether the register knows its identifier.

Sources of the rules: Council Directive 2006/112/EC, articles 44 and 196 (reverse charge); the
structure of identifiers is that of VIES.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol

from .generated import models

_ENTITIES = models.LegalEntity
UNION = frozenset(
    [
        "AT",
        "BE",
        "BG",
        "CY",
        "CZ",
        "DE",
        "DK",
        "EE",
        "ES",
        "FI",
        "FR",
        "GR",
        "HR",
        "HU",
        "IE",
        "IT",
        "LT",
        "LU",
        "LV",
        "MT",
        "NL",
        "PL",
        "PT",
        "RO",
        "SE",
        "SI",
        "SK",
    ]
)
_EUROPE = UNION | frozenset(
    [
        "AD",
        "AL",
        "BA",
        "CH",
        "GB",
        "GI",
        "IS",
        "LI",
        "MC",
        "MD",
        "ME",
        "MK",
        "NO",
        "RS",
        "SM",
        "UA",
        "VA",
    ]
)
_ASIA_PACIFIC = frozenset(
    [
        "AU",
        "BD",
        "CN",
        "HK",
        "ID",
        "IN",
        "JP",
        "KH",
        "KR",
        "LK",
        "MM",
        "MN",
        "MO",
        "MY",
        "NP",
        "NZ",
        "PH",
        "SG",
        "TH",
        "TW",
        "VN",
    ]
)
EMBARGOED = frozenset({"CU", "IR", "KP", "SY"})

_RATES = {
    "AT": 2000,
    "AU": 1000,
    "BE": 2100,
    "BG": 2000,
    "CH": 810,
    "CY": 1900,
    "CZ": 2100,
    "DE": 1900,
    "DK": 2500,
    "EE": 2200,
    "ES": 2100,
    "FI": 2550,
    "FR": 2000,
    "GB": 2000,
    "GR": 2400,
    "HR": 2500,
    "HU": 2700,
    "IE": 2300,
    "IN": 1800,
    "IT": 2200,
    "JP": 1000,
    "LT": 2100,
    "LU": 1700,
    "LV": 2100,
    "MT": 1800,
    "NL": 2100,
    "NO": 2500,
    "PL": 2300,
    "PT": 2300,
    "RO": 1900,
    "SE": 2500,
    "SG": 900,
    "SI": 2200,
    "SK": 2300,
}
_IDENTIFIER = re.compile("[A-Z0-9]{7,12}")
_PREFIXES = {"GR": "EL"}


class TaxUnavailableError(Exception):
    """Nobody can tell the tax at present."""


@dataclass(frozen=True, slots=True)
class Tax:
    """A rate in ten-thousandths, and whether the customer owes it instead of us."""

    basis_points: int
    reverse_charge: bool = False


class TaxProvider(Protocol):
    """Who knows the rates."""

    async def tax(
        self, party: models.BillingParty, standing: models.TaxStanding, seller: models.LegalEntity
    ) -> Tax:
        """The tax on a supply of software to a party.

        Raises:
            TaxUnavailableError: try again later.
        """
        ...


class TaxRegister(Protocol):
    """The public register of identifiers."""

    async def confirms(self, tax_id: str, country: str) -> bool:
        """Whether the identifier belongs to a business of the country.

        Raises:
            TaxUnavailableError: the register does not answer.
        """
        ...


class StandardRates:
    """Standard rates by country; none in the United States, where they depend on the address."""

    async def tax(
        self, party: models.BillingParty, standing: models.TaxStanding, seller: models.LegalEntity
    ) -> Tax:
        """See `TaxProvider.tax`."""
        country = party.address.country
        if standing is models.TaxStanding.exempt:
            return Tax(0)
        confirmed = standing is models.TaxStanding.business_confirmed
        abroad = seller is _ENTITIES.cloudsync_ireland and country != "IE"
        if confirmed and abroad and country in UNION:
            return Tax(0, reverse_charge=True)
        return Tax(_RATES.get(country, 0))


class StructureRegister:
    """Confirms what is structured as an identifier of the country."""

    async def confirms(self, tax_id: str, country: str) -> bool:
        """See `TaxRegister.confirms`."""
        prefix = _PREFIXES.get(country, country)
        rest = tax_id.removeprefix(prefix)
        structured = _IDENTIFIER.fullmatch(rest) is not None
        return rest != tax_id and structured and any(each.isdigit() for each in rest)


def seller_of(country: str) -> models.LegalEntity:
    """Which of the three companies bills a country."""
    if country in _EUROPE:
        return _ENTITIES.cloudsync_ireland
    return _ENTITIES.cloudsync_singapore if country in _ASIA_PACIFIC else _ENTITIES.cloudsync_inc
