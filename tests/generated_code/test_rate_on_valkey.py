"""The chassis' rate limiter on a real server: replicas share a tenant's count."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from cloudsync_chassis.problem import Problem
from cloudsync_chassis.rate import redis
from cloudsync_chassis.rate.buckets import MemoryBuckets
from cloudsync_chassis.rate.gcra import TICKS, Rate
from cloudsync_chassis.rate.limiter import Limiter
from cloudsync_chassis.rate.redis import RedisBuckets
from cloudsync_chassis.security.principal import Principal

from support import valkey

ONE, OTHER = (Principal("u", "user", UUID(int=number)) for number in (1, 2))


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A loaded machine is no reason to count alone."""
    monkeypatch.setattr(redis, "PATIENCE", 10.0)


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    with valkey.server(tmp_path) as found:
        yield found


async def admitted(limiters: list[Limiter], caller: Principal, asked: int) -> int:
    """How many of as many requests come in, whichever replica each reaches."""

    async def ask(number: int) -> bool:
        try:
            await limiters[number % len(limiters)].admit(caller)
        except Problem as error:
            refusals.append(error)
            return False
        return True

    refusals: list[Problem] = []
    came_in = sum(await asyncio.gather(*map(ask, range(asked))))
    for each in refusals:
        assert each.kind.slug == "rate-limited"
        assert int(each.headers["Retry-After"]) >= 1
        assert each.headers["RateLimit-Remaining"] == "0"
    return came_in


async def test_replicas_together_admit_no_more_than_burst_and_rate(port: int) -> None:
    """Hundreds at once through three replicas, then a trickle, then another tenant."""
    rate = Rate(per_second=20, burst=30)
    url = f"redis://127.0.0.1:{port}/0"
    replicas = [Limiter("book-service", rate, RedisBuckets(url)) for _ in range(3)]
    began = time.monotonic()
    count = await admitted(replicas, ONE, 300)
    assert rate.burst <= count <= rate.burst + rate.per_second * (time.monotonic() - began)
    emptied, earned = time.monotonic(), 0.0
    for _ in range(15):
        await asyncio.sleep(random.uniform(0, 0.1))
        earned += min(rate.burst, rate.per_second * (time.monotonic() - emptied))
        count += await admitted(replicas, ONE, rate.burst + 1)
        emptied = time.monotonic()
        assert count <= rate.burst + rate.per_second * (emptied - began)
    assert count >= rate.burst + earned * 0.9, "what has been earned is admitted"
    assert await admitted(replicas, OTHER, 30) == 30, "tenants are independent"
    for each in replicas:
        await each.aclose()


async def test_it_judges_as_the_counts_in_memory_do(port: int) -> None:
    """The script and the function are one algorithm: the same gaps, the same verdicts."""
    rate, clock = Rate(per_second=2, burst=4), [0]
    server, memory = RedisBuckets(f"redis://127.0.0.1:{port}"), MemoryBuckets(lambda: clock[0])
    for gap in (0, 0, 0, 0, 0, 0.6, 0, 1.2, 0, 0, 0, 2.2, 0, 0, 0, 0, 0):
        await asyncio.sleep(gap)
        clock[0] += int(gap * TICKS)
        theirs, ours = await server.take("k", rate), await memory.take("k", rate)
        assert theirs.admitted == ours.admitted
        assert theirs.remaining == ours.remaining
        assert theirs.reset == pytest.approx(ours.reset, abs=0.3)
    await server.aclose()


async def test_what_counts_for_nothing_any_more_is_not_kept(port: int) -> None:
    buckets = RedisBuckets(f"redis://127.0.0.1:{port}")
    await buckets.take("k", Rate(per_second=10, burst=5))
    assert 0 < await buckets._redis.pttl("k") <= 100
    await asyncio.sleep(0.15)
    assert await buckets._redis.exists("k") == 0
    await buckets.aclose()


async def test_a_clock_that_was_set_back_holds_nobody_up(port: int) -> None:
    buckets = RedisBuckets(f"redis://127.0.0.1:{port}")
    rate = Rate(per_second=10, burst=5)
    ahead = (int(time.time()) - 1735689600 + 86400) * TICKS
    await buckets._redis.set("k", str(ahead))
    verdict = await buckets.take("k", rate)
    assert not verdict.admitted
    assert verdict.reset <= 0.5
    await buckets.aclose()


async def test_counts_are_shared_again_once_the_server_is_back(tmp_path: Path) -> None:
    rate = Rate(per_second=1, burst=50)
    with valkey.server(tmp_path) as port:
        limiter = Limiter("s", rate, RedisBuckets(f"redis://127.0.0.1:{port}"))
        assert await admitted([limiter], ONE, 10) == 10
    assert await admitted([limiter], ONE, 20) == 20, "counted alone"
    states = [limiter._breaker.state]
    limiter._breaker._opened_at -= 10
    with valkey.server(tmp_path, port):
        assert await admitted([limiter], OTHER, 5) == 5
    states.append(limiter._breaker.state)
    assert states == ["open", "closed"]
    await limiter.aclose()
