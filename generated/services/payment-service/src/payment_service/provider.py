"""Port: a payment provider; and one that works on this machine.

The sandbox is deterministic: what a one-time token says decides what its card does (see
PORTS.md). It signs as the real ones do, by HMAC-SHA-256 (RFC 2104) over the moment and the body.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Protocol

from cloudsync_chassis import files
from cloudsync_chassis.settings import Settings

from .generated import models

_CODES = models.DeclineCode
_BEHAVIOURS = {
    "declined": (_CODES.do_not_honor, False),
    "insufficient": (_CODES.insufficient_funds, True),
    "expired": (_CODES.expired_card, False),
}


class ProviderUnavailableError(Exception):
    """No answer in time; what became of the request is not known."""


class TokenSpentError(Exception):
    """The one-time token was used, or is too old."""


class RefusedByBankError(Exception):
    """The bank said no."""

    def __init__(self, code: models.DeclineCode, retryable: bool) -> None:
        super().__init__(code.value)
        self.code = code
        self.retryable = retryable


@dataclass(frozen=True, slots=True)
class Token:
    """What can be charged again, and what may be shown of it."""

    token: str
    fingerprint: str
    last4: str
    brand: models.CardBrand | None = None
    expiry_month: int | None = None
    expiry_year: int | None = None


@dataclass(frozen=True, slots=True)
class Authorization:
    """A reservation, or, with `action_url`, the wish of the bank to hear from the payer."""

    reference: str
    risk: int
    action_url: str | None = None


class Provider(Protocol):
    """What a provider does. A request with the same key is carried out once.

    All calls raise `ProviderUnavailableError` where no answer comes.
    """

    async def exchange(self, one_time_token: str, kind: models.PaymentMethodKind) -> Token:
        """Trade a one-time token. Raises `TokenSpentError`, `RefusedByBankError`."""
        ...

    async def authorize(
        self, key: str, token: str, amount: int, currency: models.Currency
    ) -> Authorization:
        """Reserve minor units. Raises `RefusedByBankError`."""
        ...

    async def confirmed(self, reference: str) -> bool:
        """Whether the payer has proven themselves."""
        ...

    async def capture(self, reference: str, amount: int, now: datetime) -> None:
        """Take minor units of a reservation, once. Raises `RefusedByBankError`."""
        ...

    async def void(self, reference: str) -> None:
        """Give a reservation back; what was taken of it is not a reservation any more."""
        ...

    async def refund(self, reference: str, amount: int, key: str) -> str:
        """Give captured minor units back; its reference. Raises `RefusedByBankError`."""
        ...

    async def report(
        self, day: date, currency: models.Currency, now: datetime
    ) -> dict[str, int] | None:
        """Captured minor units of a day (UTC) by reference; None before it is published."""
        ...

    def signed(self, text: bytes, signature: str) -> bool:
        """Whether the provider has signed this."""
        ...

    async def adopt(self, key: bytes) -> None:
        """Use another key from now on, once a harmless request with it has succeeded."""
        ...


class Sandbox:
    """A provider in the state folder of the service."""

    def __init__(self, settings: Settings, name: models.PaymentProvider) -> None:
        self._settings = settings
        self._name = name.value
        self._key: bytes | None = None

    async def exchange(self, one_time_token: str, kind: models.PaymentMethodKind) -> Token:
        """See `Provider.exchange`. The part after the last dash is the card."""
        spent = self._path("spent", hashlib.sha256(one_time_token.encode()).hexdigest())
        if not files.create_once(spent, b""):
            raise TokenSpentError
        if "refused" in one_time_token:
            raise RefusedByBankError(_CODES.do_not_honor, retryable=False)
        card = f"{kind.value}:{one_time_token.rsplit('-', 1)[-1]}"
        fingerprint = hashlib.sha256(card.encode()).hexdigest()
        found = Token(
            token=f"vault_{one_time_token}",
            fingerprint=fingerprint,
            last4=f"{int(fingerprint[:8], 16) % 10_000:04d}",
        )
        if kind is not models.PaymentMethodKind.card:
            return found
        dated = {"brand": models.CardBrand.visa, "expiry_month": 12, "expiry_year": 2099}
        return Token(**{**asdict(found), **dated})

    async def authorize(
        self, key: str, token: str, amount: int, currency: models.Currency
    ) -> Authorization:
        """See `Provider.authorize`."""
        if "unavailable" in token:
            raise ProviderUnavailableError("no answer")
        for word, (code, retryable) in _BEHAVIOURS.items():
            if word in token:
                raise RefusedByBankError(code, retryable)
        digest = hashlib.sha256(f"{self._name}:{key}".encode()).hexdigest()
        found = Authorization(
            reference=f"py_{digest[:32]}",
            risk=90 if "risky" in token else int(digest[32:34], 16) % 40,
            action_url=f"https://bank.invalid/prove/{digest[:16]}" if "prove" in token else None,
        )
        known = {"amount": amount, "currency": currency.value, "token": token}
        files.create_once(self._path("held", found.reference), json.dumps(known).encode())
        return found

    async def confirmed(self, reference: str) -> bool:
        """See `Provider.confirmed`: a card whose token says `walkaway` never is."""
        return "walkaway" not in self._read("held", reference)["token"]

    async def capture(self, reference: str, amount: int, now: datetime) -> None:
        """See `Provider.capture`."""
        held = self._read("held", reference)
        if "broke" in held["token"] or amount > held["amount"]:
            raise RefusedByBankError(_CODES.insufficient_funds, retryable=True)
        taken = {"amount": amount, "currency": held["currency"], "day": now.date().isoformat()}
        files.create_once(self._path("taken", reference), json.dumps(taken).encode())

    async def void(self, reference: str) -> None:
        """See `Provider.void`."""
        if not self._path("taken", reference).exists():
            self._path("held", reference).unlink(missing_ok=True)

    async def refund(self, reference: str, amount: int, key: str) -> str:
        """See `Provider.refund`."""
        held = self._read("held", reference)
        if "closed" in held["token"]:
            raise RefusedByBankError(_CODES.do_not_honor, retryable=False)
        found = "re_" + hashlib.sha256(f"{self._name}:{key}".encode()).hexdigest()[:32]
        files.create_once(self._path("returned", found), json.dumps({"amount": amount}).encode())
        return found

    async def report(
        self, day: date, currency: models.Currency, now: datetime
    ) -> dict[str, int] | None:
        """See `Provider.report`: published when the day is over."""
        if now.date() <= day:
            return None
        found = {}
        for path in sorted(self._path("taken").glob("*")):
            taken = json.loads(path.read_bytes())
            if taken["day"] == day.isoformat() and taken["currency"] == currency.value:
                found[path.name] = int(taken["amount"])
        return found

    def sign(self, text: bytes) -> str:
        """What the provider would send beside a text, for tests and for playing provider."""
        proof = hmac.new(self._secret(), text, hashlib.sha256).digest()
        return base64.b64encode(proof).decode()

    def signed(self, text: bytes, signature: str) -> bool:
        """See `Provider.signed`."""
        return hmac.compare_digest(self.sign(text), signature)

    async def adopt(self, key: bytes) -> None:
        """See `Provider.adopt`."""
        if len(key) < 16:
            raise ProviderUnavailableError("the provider does not know the key")
        files.replace(self._key_path(), key)
        self._key = key

    def _secret(self) -> bytes:
        if self._key is None:
            self._key = files.secret_bytes(self._key_path())
        return self._key

    def _key_path(self) -> Path:
        return self._settings.state_path("keys", f"provider-{self._name}.key")

    def _path(self, *names: str) -> Path:
        return self._settings.state_path("payment-provider", self._name, *names)

    def _read(self, kind: str, reference: str) -> Any:
        path = self._path(kind, reference)
        if not path.exists():
            raise RefusedByBankError(_CODES.do_not_honor, retryable=False)
        return json.loads(path.read_bytes())
