"""Public keys of the issuer: from a file or an address, cached, refreshed for an unknown key."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from cloudsync_chassis.lean import httpx
from cloudsync_chassis.logs import logger
from cloudsync_chassis.security.jose import JoseError, Key, import_key
from cloudsync_chassis.security.keys import KEY_TYPES, Algorithm

log = logger("jwks")

LONGEST = 262_144
"""Bytes of a key set; what is longer is none."""

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
        content = b""
        async with (
            httpx.AsyncClient(timeout=timeout) as client,
            client.stream("GET", url) as answer,
        ):
            answer.raise_for_status()
            async for part in answer.aiter_bytes():
                content += part
                if len(content) > LONGEST:
                    raise ValueError("too long for a key set")
        return content

    return fetch


class JwksCache:
    """Keys by id, read again after `max_age` seconds; for an unknown id at most each `pause`.

    Of a set only public keys of the algorithm's own type count, so that a token cannot choose how
    it is verified.
    """

    def __init__(
        self,
        fetch: Fetch,
        max_age: float = 600.0,
        pause: float = 5.0,
        algorithm: Algorithm = "ES256",
    ) -> None:
        self._algorithm = algorithm
        self._fetch = fetch
        self._max_age = max_age
        self._pause = pause
        self._keys: dict[str, Key] = {}
        self._read_at = -max_age - pause
        self._lock = asyncio.Lock()

    async def key(self, kid: str) -> Key:
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
                listed = document["keys"]
            except (OSError, ValueError, TypeError, KeyError, RecursionError, httpx.HTTPError) as e:
                log.warning("keys_not_read", error=e)
                return  # known keys stay good while the issuer is away
            finally:
                self._read_at = time.monotonic()
            self._keys = dict(self._usable(listed if isinstance(listed, list) else ()))

    def _usable(self, listed: Iterable[Any]) -> Iterator[tuple[str, Key]]:
        for each in listed:
            if not isinstance(each, dict) or not each.get("kid"):
                continue
            if (
                each.get("use", "sig") != "sig"
                or each.get("alg", self._algorithm) != self._algorithm
            ):
                continue
            try:
                if each.get("kty") == KEY_TYPES[self._algorithm]:
                    yield str(each["kid"]), import_key(each)
            except (JoseError, ValueError, TypeError, KeyError) as error:
                log.warning("key_not_read", error=error)
