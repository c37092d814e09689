"""Answers that all replicas of a region share, in Redis or Valkey: the key space `gw:resp`."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from cloudsync_chassis.logs import logger
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from .answers import Answer, Place, names_of, values_of

PATIENCE = 0.05
"""Seconds that a request may wait for an answer that is kept."""
_SPACE = "gw:resp"
_NONCE = 12
_LASTING = 2 * 3600
"""Seconds: a plan that degrades gives answers that are as old."""

log = logger("answers")


class SharedAnswers:
    """See `Answers`. What Redis does not say in time is asked of the upstream.

    Keys hold no address and no id that could be guessed, and answers are sealed (AES-256-GCM, bound
    to their key) under `secret`, which is the same for all replicas. Which answers are of a route,
    an organisation or an address is in sorted sets, by when they end.
    """

    def __init__(self, url: str, secret: bytes) -> None:
        self._redis: Any = Redis.from_url(
            url,
            socket_timeout=PATIENCE,
            socket_connect_timeout=PATIENCE,
            retry=Retry(NoBackoff(), 0),
        )
        self._secret = secret
        self._seal = AESGCM(hmac.digest(secret, b"sealed", "sha256"))

    async def find(self, place: Place, asked: Mapping[str, str]) -> Answer | None:
        """See `Answers.find`."""
        at = self._place(place)
        try:
            names = await self._redis.get(f"{at}:vary")
            if names is None:
                return None
            key = self._variant(at, tuple(json.loads(names)), asked)
            stored = await self._redis.get(key)
            return None if stored is None else self._opened(key, stored)
        except (RedisError, InvalidTag, ValueError) as error:
            log.warning("answer_not_found", error=error)
            return None

    async def keep(self, place: Place, asked: Mapping[str, str], answer: Answer) -> None:
        """See `Answers.keep`."""
        names = names_of(answer.header("vary"))
        at = self._place(place)
        key = self._variant(at, names, asked)
        now = time.time()
        async with self._redis.pipeline(transaction=True) as steps:
            steps.set(f"{at}:vary", json.dumps(names), ex=_LASTING)
            steps.set(key, self._sealed(key, answer), ex=_LASTING)
            for each in self._indexes(place):
                steps.zremrangebyscore(each, "-inf", now)
                steps.zadd(each, {key: now + _LASTING})
                steps.expire(each, _LASTING)
            await self._done("answer_not_kept", steps.execute())

    async def drop(self, target: str, organization: UUID | None) -> None:
        """See `Answers.drop`. Where Redis does not hear of it, others may give what was kept for as
        long as the route says.
        """
        path = target.partition("?")[0]
        for each in {organization, None}:
            await self._forget(self._index("path", f"{path}\n{each or ''}"))

    async def purge(self, *, route: UUID | None = None, organization: UUID | None = None) -> int:
        """See `Answers.purge`."""
        kinds = {"route": route, "organization": organization}
        named = [self._index(kind, str(each)) for kind, each in kinds.items() if each is not None]
        return sum([await self._forget(each) for each in named])

    async def aclose(self) -> None:
        """Close the connections."""
        await self._redis.aclose()

    async def _forget(self, index: str) -> int:
        """Delete the answers that an index names; how many of them were there."""
        keys = await self._done("answers_not_dropped", self._redis.zrange(index, 0, -1)) or []
        if not keys:
            return 0
        return int(await self._done("answers_not_dropped", self._deleted(index, keys)) or 0)

    async def _deleted(self, index: str, keys: list[bytes]) -> int:
        gone: int = await self._redis.unlink(*keys)
        await self._redis.unlink(index)
        return gone

    async def _done(self, what: str, asked: Any) -> Any:
        try:
            return await asked
        except RedisError as error:
            log.warning(what, error=error)
            return None

    def _place(self, place: Place) -> str:
        told = "\n".join(map(str, (place.owner, place.organization, place.route, place.target)))
        return f"{_SPACE}:{place.owner.partition('/')[0]}:{self._digest(told)}"

    def _variant(self, at: str, names: tuple[str, ...], asked: Mapping[str, str]) -> str:
        return f"{at}:{self._digest(json.dumps([names, values_of(names, asked)]))}"

    def _indexes(self, place: Place) -> tuple[str, ...]:
        path = place.target.partition("?")[0]
        found = [
            self._index("route", str(place.route)),
            self._index("path", f"{path}\n{place.organization or ''}"),
        ]
        if place.organization is not None:
            found.append(self._index("organization", str(place.organization)))
        return tuple(found)

    def _index(self, kind: str, what: str) -> str:
        return f"{_SPACE}:of:{kind}:{self._digest(what)}"

    def _digest(self, told: str) -> str:
        return hmac.new(self._secret, told.encode(), hashlib.sha256).hexdigest()[:32]

    def _sealed(self, key: str, answer: Answer) -> bytes:
        head = [answer.status, answer.headers, answer.at, answer.until]
        told = json.dumps(head).encode()
        plain = len(told).to_bytes(4, "big") + told + answer.body
        nonce = os.urandom(_NONCE)
        return nonce + self._seal.encrypt(nonce, plain, key.encode())

    def _opened(self, key: str, stored: bytes) -> Answer:
        """Raises `InvalidTag` where the answer was altered, or put under another key."""
        plain = self._seal.decrypt(stored[:_NONCE], stored[_NONCE:], key.encode())
        end = 4 + int.from_bytes(plain[:4], "big")
        status, headers, at, until = json.loads(plain[4:end])
        found = Answer(status, tuple((name, value) for name, value in headers), plain[end:])
        return replace(found, at=at, until=until)
