"""Public keys of the issuer: from a file or an address, cached, refreshed for an unknown key."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
from joserfc.jwk import ECKey

Fetch = Callable[[], Awaitable[bytes]]


class UnknownKeyError(Exception):
    """No published key has the id that a token names."""


def from_file(path: Path) -> Fetch:
    """Read a JWK set from the state folder."""

    async def fetch() -> bytes:
        return await asyncio.to_thread(path.read_bytes)

    return fetch


def from_address(url: str, timeout: float = 2.0) -> Fetch:
    """Read a JWK set over HTTP; `timeout` in seconds."""

    async def fetch() -> bytes:
        async with httpx.AsyncClient(timeout=timeout) as client:
            return (await client.get(url)).raise_for_status().content

    return fetch


class JwksCache:
    """Keys by id, read again after `max_age` seconds; for an unknown id at most each `pause`."""

    def __init__(self, fetch: Fetch, max_age: float = 600.0, pause: float = 5.0) -> None:
        self._fetch = fetch
        self._max_age = max_age
        self._pause = pause
        self._keys: dict[str, ECKey] = {}
        self._read_at = -max_age - pause
        self._lock = asyncio.Lock()

    async def key(self, kid: str) -> ECKey:
        """The key with that id.

        Raises:
            UnknownKeyError: the issuer does not publish it, or cannot be read and it is not cached.
        """
        age = time.monotonic() - self._read_at
        if age > self._max_age or (kid not in self._keys and age > self._pause):
            await self._refresh()
        found = self._keys.get(kid)
        if found is None:
            raise UnknownKeyError(kid)
        return found

    async def _refresh(self) -> None:
        async with self._lock:
            if time.monotonic() - self._read_at < self._pause:
                return
            try:
                document: Any = json.loads(await self._fetch())
            except (OSError, ValueError, httpx.HTTPError):
                return  # known keys stay good while the issuer is away
            finally:
                self._read_at = time.monotonic()
            self._keys = {
                str(each["kid"]): ECKey.import_key(each)
                for each in document.get("keys", ())
                if each.get("kty") == "EC" and each.get("kid")
            }
