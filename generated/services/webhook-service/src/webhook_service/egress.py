"""Port: calls to customers' systems, which never reach a private address."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

import httpx

from .generated import models, webhooks
from .generated.settings import ServiceSettings

_KINDS = models.AttemptFailure
_PORTS = (443, 8443)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a call: a status, or how it failed; the time that it took."""

    duration_ms: int
    status: int | None = None
    failure: models.AttemptFailure | None = None
    body: bytes = b""
    retry_after: str | None = None


class Resolver(Protocol):
    """Names to addresses."""

    async def addresses(self, host: str, port: int) -> list[str]:
        """All addresses of a host; none: it has none."""
        ...


class Egress(Protocol):
    """The way out."""

    async def is_public(self, url: str) -> bool:
        """Whether the target may be called: all its addresses are public, its port is allowed."""
        ...

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send, within the time-outs of the contracts; redirects are not followed."""
        ...


class SystemResolver:
    """The resolver of the operating system."""

    async def addresses(self, host: str, port: int) -> list[str]:
        """See `Resolver.addresses`."""
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            return []
        return [str(each[4][0]) for each in found]


class DirectEgress:
    """Resolves at each call, refuses what is not public, and connects to what it has checked.

    Only the address that was looked at is called, so a name that changes in between (DNS
    rebinding) gains nothing; TLS still proves the name.
    """

    def __init__(
        self,
        settings: ServiceSettings,
        resolver: Resolver | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._settings = settings
        self._resolver = resolver or SystemResolver()
        self._transport = transport

    async def is_public(self, url: str) -> bool:
        """See `Egress.is_public`."""
        return await self._pinned(url) is not None

    async def _pinned(self, url: str) -> str | None:
        """An address to connect to; None where any of the host's is not public."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port or 443
        except ValueError:
            return None
        if parts.scheme != "https" or not host or parts.username or port not in _PORTS:
            return None
        try:
            async with asyncio.timeout(webhooks.CONNECT_TIMEOUT):
                addresses = await self._resolver.addresses(host, port)
        except TimeoutError:
            return None
        public = [each for each in addresses if _public(each)]
        return public[0] if public and len(public) == len(addresses) else None

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """See `Egress.post`."""
        began = time.monotonic()
        address = await self._pinned(url)
        if address is None:
            return Answer(_since(began), failure=_KINDS.dns)
        parts = httpx.URL(url)
        target = parts.copy_with(host=address)
        host = parts.host if parts.port is None else f"{parts.host}:{parts.port}"
        timeout = httpx.Timeout(webhooks.TIMEOUT, connect=webhooks.CONNECT_TIMEOUT)
        try:
            async with (
                asyncio.timeout(webhooks.TIMEOUT),
                httpx.AsyncClient(transport=self._transport, timeout=timeout) as client,
                client.stream(
                    "POST",
                    target,
                    headers={**headers, "Host": host},
                    content=body,
                    extensions={"sni_hostname": parts.host},
                ) as answer,
            ):
                return await self._read(answer, began)
        except TimeoutError:
            return Answer(_since(began), failure=_KINDS.timeout)
        except httpx.HTTPError as error:
            return Answer(_since(began), failure=_kind(error))

    async def _read(self, answer: httpx.Response, began: float) -> Answer:
        """The beginning of an answer; one that is too long is a failure."""
        found = b""
        async for part in answer.aiter_bytes():
            found += part
            if len(found) > self._settings.answer_bytes_read:
                return Answer(_since(began), answer.status_code, _KINDS.body_too_large)
        failure = None
        if 300 <= answer.status_code < 400:
            failure = _KINDS.redirect
        elif not 200 <= answer.status_code < 300:
            failure = _KINDS.http_error
        again = answer.headers.get("Retry-After")
        return Answer(_since(began), answer.status_code, failure, found, again)


def _public(address: str) -> bool:
    try:
        found = ipaddress.ip_address(address.split("%")[0])
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    found = mapped or found
    return found.is_global and not found.is_multicast


def _kind(error: httpx.HTTPError) -> models.AttemptFailure:
    if isinstance(error, httpx.TimeoutException):
        return _KINDS.timeout
    if "certificate" in str(error).lower() or "ssl" in str(error).lower():
        return _KINDS.tls
    return _KINDS.connect


def _since(began: float) -> int:
    """Milliseconds, ten thousand at most."""
    return min(10_000, int((time.monotonic() - began) * 1_000))
