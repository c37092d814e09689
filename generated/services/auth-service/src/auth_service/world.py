"""What lies outside: each a port with an implementation that works on one machine.

`PORTS.md` says what takes their place in production.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID, uuid4

from cloudsync_chassis import files
from cloudsync_chassis.settings import Settings

from .proofs import digest

_BREACHED = frozenset(
    digest(each)
    for each in (
        "password1234",
        "123456789012",
        "passwordpassword",
        "qwertyuiop123",
        "iloveyou1234",
        "administrator",
        "letmeinletmein",
        "correcthorsebatterystaple",
    )
)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request comes from; `risk` is 0 to 100."""

    address: str
    country: str
    risk: int
    blocked: bool = False


class Origins(Protocol):
    """GeoIP, block lists and the risk model."""

    async def of(self, identifier: str, device: str) -> Origin:
        """Where somebody who names themselves so seems to be."""
        ...


class Letters(Protocol):
    """Brings a secret to its person, by mail or text; nothing else ever shows it."""

    def send(self, user: UUID, kind: str, content: str) -> None:
        """Send it, or see to it that it will be sent."""
        ...


class Breaches(Protocol):
    """Passwords of published breaches."""

    async def has(self, password: str) -> bool:
        """Whether it is among them; asked by the beginning of its digest (k-anonymity)."""
        ...


class Consents(Protocol):
    """Codes by which customers let support look over their shoulder."""

    async def given(self, user: UUID, ticket: str, code: str) -> bool:
        """Whether the customer gave this code for the ticket, and has not withdrawn it."""
        ...


@dataclass(frozen=True, slots=True)
class Registration:
    """How this service is known to an identity provider, and the JWK set that signs its tokens."""

    authorization_endpoint: str
    client_id: str
    redirect_uri: str
    keys: Mapping[str, Any]


class Providers(Protocol):
    """Customers' identity providers, as their discovery documents and administrators tell."""

    async def registration(self, issuer: str) -> Registration | None:
        """What is known of an issuer."""
        ...

    async def redeem(self, issuer: str, code: str, secret_ref: str) -> str | None:
        """The ID token for a code, once; `secret_ref` is where the vault has the client's secret."""
        ...


class Clients(Protocol):
    """Programs that people use CloudSync by, as they were registered."""

    async def addresses(self, client: UUID) -> frozenset[str]:
        """Where a client may wait for a code; nowhere if nobody registered it."""
        ...


class OriginFile:
    """This machine, unless `origin.json` in the folder says otherwise."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "origin.json"

    async def of(self, identifier: str, device: str) -> Origin:
        """See `Origins.of`."""
        del identifier, device
        told = json.loads(self._path.read_text()) if self._path.is_file() else {}
        return Origin(**({"address": "127.0.0.1", "country": "ZZ", "risk": 0} | told))


class LetterFolder:
    """Leaves each letter as a JSON file that only this user can read."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, user: UUID, kind: str, content: str) -> None:
        """See `Letters.send`."""
        letter = {"userId": str(user), "kind": kind, "content": content}
        files.replace(self._folder / f"{uuid4()}.json", json.dumps(letter).encode())


class CommonPasswords:
    """The most common passwords that are long enough."""

    async def has(self, password: str) -> bool:
        """See `Breaches.has`."""
        return digest(password.casefold()) in _BREACHED


class ConsentFolder:
    """A file per person and ticket with the digest of the code."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def given(self, user: UUID, ticket: str, code: str) -> bool:
        """See `Consents.given`."""
        path = self._folder / f"{user}-{ticket}"
        return path.is_file() and path.read_text().strip() == digest(code)


class ProviderFolder:
    """A folder per issuer, named by its digest: `registration.json` with the names of
    `Registration`, and in `codes/` a file per code, named by its digest, with the ID token.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def registration(self, issuer: str) -> Registration | None:
        """See `Providers.registration`."""
        path = self._folder / digest(issuer) / "registration.json"
        return Registration(**json.loads(path.read_text())) if path.is_file() else None

    async def redeem(self, issuer: str, code: str, secret_ref: str) -> str | None:
        """See `Providers.redeem`; no secret is asked for on one machine."""
        del secret_ref
        path = self._folder / digest(issuer) / "codes" / digest(code)
        if not path.is_file():
            return None
        token = path.read_text()
        path.unlink()
        return token


class ClientFolder:
    """A file per client; each line is an address."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def addresses(self, client: UUID) -> frozenset[str]:
        """See `Clients.addresses`."""
        path = self._folder / str(client)
        return frozenset(path.read_text().split()) if path.is_file() else frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """All ports of the service."""

    origins: Origins
    letters: Letters
    breaches: Breaches
    consents: Consents
    providers: Providers
    clients: Clients


def local(settings: Settings) -> World:
    """Everything on this machine, below the state folder."""
    place = settings.state_path("auth-service")
    return World(
        origins=OriginFile(place),
        letters=LetterFolder(place / "letters"),
        breaches=CommonPasswords(),
        consents=ConsentFolder(place / "consents"),
        providers=ProviderFolder(place / "providers"),
        clients=ClientFolder(place / "clients"),
    )
