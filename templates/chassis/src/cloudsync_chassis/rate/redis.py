"""Counts that all replicas share, in Redis or Valkey."""

from __future__ import annotations

from typing import Any, cast

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from cloudsync_chassis.rate.gcra import Rate, Verdict

PATIENCE = 0.05
"""Seconds that a request may wait for its count."""

_SCRIPT = """
local time = redis.call('TIME')
local now = (time[1] - 1735689600) * 10000000 + time[2] * 10
local interval, span = tonumber(ARGV[1]), tonumber(ARGV[2])
local ahead = (tonumber(redis.call('GET', KEYS[1])) or now) - now
ahead = math.min(math.max(0, ahead), span)
if ahead + interval > span then
    return {0, ahead}
end
ahead = ahead + interval
local kept = math.max(1, math.ceil(ahead / 10000))
redis.call('SET', KEYS[1], string.format('%.0f', now + ahead), 'PX', kept)
return {1, ahead}
"""
"""`gcra.judge` in one step, by the server's clock, in ticks since 2025. A clock that was set back
holds nobody up for longer than the whole span.
"""


class RedisBuckets:
    """Counts under the given keys; each expires when it counts for nothing any more.

    `take` raises `redis.RedisError` where the server does not answer in time.
    """

    def __init__(self, url: str) -> None:
        self._redis: Any = Redis.from_url(
            url,
            socket_timeout=PATIENCE,
            socket_connect_timeout=PATIENCE,
            retry=Retry(NoBackoff(), 0),
        )
        self._script = self._redis.register_script(_SCRIPT)

    async def take(self, key: str, rate: Rate, cost: int = 1) -> Verdict:
        """See `Buckets.take`."""
        admitted, ahead = cast(
            tuple[int, int], await self._script(keys=[key], args=[cost * rate.interval, rate.span])
        )
        return Verdict(rate, bool(admitted), ahead, cost)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._redis.aclose()
