"""Ports: the push networks, who is on call, and who is told of limits."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Literal, Protocol
from urllib.parse import urlsplit
from uuid import UUID

from cloudsync_chassis import files, traced
from cloudsync_chassis.settings import Settings
from pydantic_core import to_json

Refusal = Literal["unregistered", "badToken", "payloadTooLarge", "throttled"]

_APNS = re.compile(r"[0-9a-fA-F]{64,200}")
_FCM = re.compile(r"[A-Za-z0-9_-]{1,200}:[A-Za-z0-9_:-]{30,4000}|[A-Za-z0-9_:-]{100,4096}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What a device is sent. `kind`: an alert, data alone, or an order to remove what was shown.

    `title` and `text` are empty where the device hides previews and fetches the words by `id`.
    """

    id: UUID
    kind: Literal["alert", "silent", "remove"]
    title: str = ""
    text: str = ""
    deep_link: str = ""
    collapse_key: str | None = None
    badge: int | None = None
    seconds: int = 0
    urgency: str = "normal"


@dataclass(frozen=True, slots=True)
class Address:
    """A device as its network finds it."""

    device_id: UUID
    platform: str
    token: str


class Networks(Protocol):
    """APNs, FCM, WNS and Web Push behind one door."""

    async def send(self, to: Address, envelope: Envelope) -> Refusal | None:
        """Hand over an envelope; None if the network took it, else its refusal. The same envelope
        to the same device again is shown once.
        """
        ...


class LocalNetworks:
    """Writes envelopes into files of the state folder: `push/<device>/<kind>-<id>.json`.

    A token is unregistered once a file `push/unregistered/<device>` says so.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def send(self, to: Address, envelope: Envelope) -> Refusal | None:
        """See `Networks.send`."""
        if self._settings.state_path("push", "unregistered", str(to.device_id)).exists():
            return "unregistered"
        content = to_json({**_plain(envelope), "platform": to.platform})
        if len(content) > _largest(to.platform):
            return "payloadTooLarge"
        name = f"{envelope.kind}-{envelope.id}.json"
        files.replace(self._settings.state_path("push", str(to.device_id), name), content)
        return None


def _plain(envelope: Envelope) -> dict[str, Any]:
    names = Envelope.__slots__
    return {name: getattr(envelope, name) for name in names if getattr(envelope, name) is not None}


def _largest(platform: str) -> int:
    """Bytes of a payload: 4,096 at APNs and FCM, 3,993 before Web Push's encryption (RFC 8291)."""
    return 3993 if platform == "web" else 4096


def well_formed(platform: str, token: str) -> bool:
    """Whether a token has the form of its platform."""
    if platform in ("ios", "macos"):
        return _APNS.fullmatch(token) is not None
    if platform == "android":
        return _FCM.fullmatch(token) is not None
    if platform == "windows":
        return _host_of(token).endswith(".notify.windows.com")
    return _is_subscription(token)


def _host_of(address: str) -> str:
    """The host of an HTTPS address; nothing where it is none."""
    try:
        found = urlsplit(address)
        return found.hostname or "" if found.scheme == "https" and "\\" not in address else ""
    except ValueError:
        return ""


def _is_subscription(token: str) -> bool:
    """Whether it is the JSON of a PushSubscription (W3C Push API) with its two keys."""
    try:
        found = json.loads(token)
    except (ValueError, RecursionError):
        return False
    if not isinstance(found, dict) or not isinstance(found.get("keys"), dict):
        return False
    endpoint, keys = found.get("endpoint"), found["keys"]
    texts = (endpoint, keys.get("p256dh"), keys.get("auth"))
    known = all(isinstance(each, str) and each for each in texts)
    return known and _host_of(str(endpoint)) != ""


class Directory(Protocol):
    """People who are told of something by what they are."""

    async def operators(self) -> tuple[tuple[UUID, UUID], ...]:
        """The platform's operators on call: (organisation, account)."""
        ...

    async def billing(self, tenant: UUID) -> tuple[UUID, ...]:
        """The billing administrators of an organisation."""
        ...


class LocalDirectory:
    """Files below the state folder: `operators.json`, a list of [organisation, account], and
    `billing-contacts/<organisation>.json`, a list of accounts.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def operators(self) -> tuple[tuple[UUID, UUID], ...]:
        """See `Directory.operators`."""
        return tuple((UUID(tenant), UUID(user)) for tenant, user in self._read("operators.json"))

    async def billing(self, tenant: UUID) -> tuple[UUID, ...]:
        """See `Directory.billing`."""
        return tuple(map(UUID, self._read("billing-contacts", f"{tenant}.json")))

    def _read(self, *names: str) -> list[Any]:
        path = self._settings.state_path(*names)
        return list(json.loads(path.read_bytes())) if path.is_file() else []


@dataclass(slots=True)
class World:
    """All ports of the service."""

    networks: Networks
    directory: Directory


def local(settings: Settings) -> World:
    """What works on one machine without a network."""
    return World(traced.calls(LocalNetworks(settings), "push-network"), LocalDirectory(settings))
