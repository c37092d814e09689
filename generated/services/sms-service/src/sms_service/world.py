"""Ports: the aggregators that carry texts, what they cost, and who is told of invoices."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from cloudsync_chassis import files, traced
from cloudsync_chassis.settings import Settings
from pydantic_core import to_json

ROUTES = ("twilio", "vonage", "sns")

# What a segment costs by route and country, in millionths of USD, as lists of the routes say.
_PRICES: Mapping[str, Mapping[str, int]] = {
    "twilio": {
        "US": 7900, "CA": 7900, "GB": 42_000, "IE": 75_000, "DE": 85_000, "FR": 68_000,
        "NL": 97_000, "ES": 75_000, "IT": 80_000, "SE": 49_000, "AT": 94_000, "CH": 67_000,
        "SG": 42_000, "AU": 51_500, "NZ": 105_000, "IN": 83_000, "JP": 88_000, "BR": 55_000,
    },
    "vonage": {
        "US": 8090, "CA": 8090, "GB": 41_100, "IE": 72_000, "DE": 88_000, "FR": 70_200,
        "NL": 95_000, "ES": 71_000, "IT": 78_400, "SE": 47_000, "AT": 90_200, "CH": 69_000,
        "SG": 39_000, "AU": 48_300, "IN": 79_000, "JP": 81_000, "BR": 53_000,
    },
    "sns": {
        "US": 6450, "CA": 7420, "GB": 45_200, "IE": 69_500, "DE": 98_000, "FR": 71_800,
        "ES": 78_000, "SG": 47_000, "AU": 54_000, "IN": 89_000, "JP": 74_000,
    },
}  # fmt: skip


class CarrierError(Exception):
    """A route did not take a text."""


class Carriers(Protocol):
    """The aggregators behind one door."""

    def price(self, route: str, country: str) -> int | None:
        """Millionths of USD for a segment; None where the route does not go there."""
        ...

    async def submit(self, route: str, key: str, number: str, sender: str, text: str) -> str:
        """Give a text to a route; its reference. The same `key` again is sent once.

        Raises:
            CarrierError: it was not taken.
        """
        ...


class LocalCarriers:
    """Writes each text into a file of the state folder, `sms/<route>/<key>.json`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def price(self, route: str, country: str) -> int | None:
        """See `Carriers.price`."""
        return _PRICES.get(route, {}).get(country)

    async def submit(self, route: str, key: str, number: str, sender: str, text: str) -> str:
        """See `Carriers.submit`."""
        content = to_json({"to": number, "from": sender, "text": text})
        files.create_once(self._settings.state_path("sms", route, f"{key}.json"), content)
        return f"{route}-{key}"


class BillingContacts(Protocol):
    """Who is told of an organisation's invoices."""

    async def of(self, tenant: UUID) -> tuple[UUID, ...]:
        """The accounts."""
        ...


class LocalBillingContacts:
    """Files `billing-contacts/<organisation>.json` below the state folder: a list of accounts."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def of(self, tenant: UUID) -> tuple[UUID, ...]:
        """See `BillingContacts.of`."""
        path = self._settings.state_path("billing-contacts", f"{tenant}.json")
        known: list[Any] = json.loads(path.read_bytes()) if path.is_file() else []
        return tuple(UUID(str(each)) for each in known)


@dataclass(slots=True)
class World:
    """All ports of the service."""

    carriers: Carriers
    contacts: BillingContacts


def local(settings: Settings) -> World:
    """What works on one machine without a network."""
    return World(
        traced.calls(LocalCarriers(settings), "sms-carrier"), LocalBillingContacts(settings)
    )
