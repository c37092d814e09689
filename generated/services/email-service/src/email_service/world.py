"""Ports: keys, name servers, invitations, sealed contacts and the content of files."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from cloudsync_chassis import traced
from cloudsync_chassis.ids import PLATFORM
from cloudsync_chassis.problem import breaks_rule
from cloudsync_chassis.providers.secrets import SCHEME, Secrets
from cloudsync_chassis.settings import Settings
from cloudsync_chassis.store.cipher import FieldCipher
from cloudsync_chassis.store.keys import OwnKeys
from cryptography.exceptions import InvalidTag

from . import outlet
from .generated import models

APP = "https://app.cloudsync.example"
PLATFORM_DOMAIN = "mail.cloudsync.example"
PLATFORM_SELECTOR = "cs1"


class Keys(Protocol):
    """Secrets by name, 32 bytes each: see `dkim_name`, `receipts/<provider>`, `unsubscribe`."""

    async def get(self, name: str) -> bytes:
        """The secret."""
        ...


def dkim_name(domain: str, organization: UUID) -> str:
    """The name of the key by which an organisation signs for a domain.

    Each organisation has its own, so that records which prove a domain for one of them prove it
    for no other.
    """
    return f"dkim/{domain}" if domain == PLATFORM_DOMAIN else f"dkim/{organization}/{domain}"


class OwnSecrets:
    """Secrets `email/<name>`, with dashes for dots."""

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets

    async def get(self, name: str) -> bytes:
        """See `Keys.get`.

        Raises:
            CallError: neither secret-service has it nor a lease that is young enough.
        """
        reference = f"{SCHEME}email/{name}".replace(".", "-").lower()
        return (await self._secrets.own(reference)).get_secret_value()


class Resolver(Protocol):
    """A name server."""

    name: str

    async def texts(self, domain: str) -> tuple[str, ...]:
        """The TXT records of a name; none if there are none."""
        ...


class LocalZone:
    """Records of the file `dns/<domain>.json` below the state folder: name → list of texts.

    The platform's own domain publishes what its key demands, as it does in the world.
    """

    def __init__(self, settings: Settings, keys: Keys, name: str) -> None:
        self._settings = settings
        self._keys = keys
        self.name = name

    async def texts(self, domain: str) -> tuple[str, ...]:
        """See `Resolver.texts`."""
        if domain == PLATFORM_DOMAIN or domain.endswith(f".{PLATFORM_DOMAIN}"):
            return await self._own(domain)
        labels = domain.split(".")
        for start in range(len(labels) - 1):
            path = self._settings.state_path("dns", ".".join(labels[start:]) + ".json")
            if path.is_file():
                known: Mapping[str, Any] = json.loads(path.read_bytes())
                return tuple(map(str, known.get(domain, ())))
        return ()

    async def _own(self, domain: str) -> tuple[str, ...]:
        if domain.startswith(f"{PLATFORM_SELECTOR}._domainkey."):
            key = outlet.public_key(await self._keys.get(dkim_name(PLATFORM_DOMAIN, PLATFORM)))
            return (f"v=DKIM1; k=ed25519; p={key}",)
        if domain.startswith("_dmarc."):
            return ("v=DMARC1; p=reject",)
        return (f"v=spf1 include:{_SPF} -all",) if domain == PLATFORM_DOMAIN else ()


_SPF = "_spf.cloudsync.example"
SPF_INCLUDE = f"include:{_SPF}"


class Contacts(Protocol):
    """Opens addresses that another service sealed, since none lies on the bus in clear."""

    def opened(self, service: str, sealed: str, tenant: UUID) -> tuple[str, ...]:
        """The addresses that a service sealed.

        Raises:
            Problem: `rule-broken`: it was not sealed by that service for this tenant.
        """
        ...


class LocalContacts:
    """The field keys of the other service below the same state folder."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def opened(self, service: str, sealed: str, tenant: UUID) -> tuple[str, ...]:
        """See `Contacts.opened`."""
        place = self._settings.field_key_file
        keys = OwnKeys(place or self._settings.state_path(service, "field-keys"))
        try:
            content = base64.urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4))
            found = FieldCipher.of(keys, b"unused").decrypt(content, tenant)
        except (binascii.Error, InvalidTag, KeyError) as error:
            raise breaks_rule("the seal does not open", pointer="") from error
        return tuple(map(str, found))


class Contents(Protocol):
    """The bytes of files that go out with a mail."""

    async def read(self, tenant: UUID, file: models.AttachmentRef) -> bytes | None:
        """The content; None where only a link can be sent."""
        ...


class LinksOnly:
    """Nothing leaves as an attachment: the mail carries links to the files."""

    async def read(self, tenant: UUID, file: models.AttachmentRef) -> bytes | None:
        """See `Contents.read`."""
        del tenant, file
        return None


@dataclass(slots=True)
class World:
    """All ports of the service."""

    outlet: outlet.Outlet
    keys: Keys
    resolvers: tuple[Resolver, Resolver]
    contacts: Contacts
    contents: Contents


def local(settings: Settings, secrets: Secrets) -> World:
    """What works on one machine without a network."""
    keys = OwnSecrets(secrets)
    return World(
        outlet=traced.calls(outlet.LocalOutlet(settings), "mail-provider"),
        keys=keys,
        resolvers=(LocalZone(settings, keys, "first"), LocalZone(settings, keys, "second")),
        contacts=LocalContacts(settings),
        contents=LinksOnly(),
    )
