"""The rate limiter: never more than the burst and the rate allow, tenant by tenant."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from pydantic import SecretStr

import bookshop
from cloudsync_chassis.problem import Problem
from cloudsync_chassis.protobuf.status import DETAILS
from cloudsync_chassis.rate import buckets
from cloudsync_chassis.rate.buckets import MemoryBuckets
from cloudsync_chassis.rate.gcra import TICKS, Rate, Verdict
from cloudsync_chassis.rate.limiter import Limiter, limiter_of, share_of
from cloudsync_chassis.rpc.call import Reply
from cloudsync_chassis.rpc.server import RpcServer
from cloudsync_chassis.rpc.service import RpcService
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.security.principal import ANONYMOUS, Principal, workload
from cloudsync_chassis.testing import Running, isolated, running
from shop_messages import NAME, Ask, Page

ONE, OTHER = UUID(int=1), UUID(int=2)
PERSON = Principal("u", "user", ONE)


def at_once(made: Any) -> Any:
    """The result of a coroutine that waits for nothing."""
    with pytest.raises(StopIteration) as ended:
        made.send(None)
    return ended.value.value


class RateMachine(RuleBasedStateMachine):
    """Tenants come as they like while time passes; each is judged by its own log alone."""

    tenants = ("a", "b", "c")
    rate = Rate(per_second=3, burst=5)

    def __init__(self) -> None:
        super().__init__()
        self.clock = 0
        self.counts = MemoryBuckets(lambda: self.clock)
        self.admitted: dict[str, list[int]] = {name: [] for name in self.tenants}

    @rule(seconds=st.sampled_from([0.001, 0.1, 1 / 3, 1.0, 2.5, 60.0]))
    def wait(self, seconds: float) -> None:
        self.clock += math.ceil(seconds * TICKS)

    @rule(tenant=st.sampled_from(tenants), times=st.integers(1, 9))
    def come(self, tenant: str, times: int) -> None:
        for _ in range(times):
            room = self._room(tenant)
            verdict: Verdict = at_once(self.counts.take(tenant, self.rate))
            assert verdict.admitted == (room >= 1)
            if verdict.admitted:
                self.admitted[tenant].append(self.clock)
                assert verdict.remaining == math.floor(room - 1 + 1e-9)
            else:
                assert verdict.remaining == 0
                assert 0 < verdict.retry_after <= 1 / self.rate.per_second + 1e-6
                assert verdict.retry_after <= verdict.reset <= 5 / 3 + 1e-6

    def _room(self, tenant: str) -> float:
        """What a bucket of tokens, filled at the rate, would hold now."""
        tokens, last = float(self.rate.burst), 0
        for at in (*self.admitted[tenant], self.clock):
            gained = (at - last) / self.rate.interval
            tokens, last = min(self.rate.burst, tokens + gained), at
            tokens = round(tokens, 6) - 1
        return tokens + 1

    @invariant()
    def never_more_than_burst_and_rate(self) -> None:
        for times in self.admitted.values():
            for first, begin in enumerate(times):
                count = len(times) - first
                seconds = (times[-1] - begin) / TICKS
                assert count <= self.rate.burst + self.rate.per_second * seconds


RateMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestRate = RateMachine.TestCase


@given(
    per_second=st.integers(1, 50_000),
    burst=st.integers(1, 200),
    gaps=st.lists(st.integers(0, TICKS), min_size=1, max_size=300),
)
@settings(max_examples=60, deadline=None)
def test_no_window_of_any_rate_admits_more(per_second: int, burst: int, gaps: list[int]) -> None:
    rate, clock = Rate(per_second, burst), [0]
    counts, admitted = MemoryBuckets(lambda: clock[0]), list[int]()
    for gap in gaps:
        clock[0] += gap * 10 // per_second
        if at_once(counts.take("t", rate)).admitted:
            admitted.append(clock[0])
            allowed = burst + per_second * (clock[0] - admitted[0]) / TICKS
            assert len(admitted) <= allowed
    assert admitted, "the first one always comes in"


def test_a_steady_caller_at_the_rate_is_never_refused() -> None:
    rate, clock = Rate(9000, 1), [0]
    counts = MemoryBuckets(lambda: clock[0])
    for _ in range(2000):
        assert at_once(counts.take("t", rate)).admitted
        clock[0] += rate.interval


@given(costs=st.lists(st.integers(1, 12), min_size=1, max_size=60))
@settings(max_examples=60, deadline=None)
def test_a_request_that_costs_more_counts_for_so_many(costs: list[int]) -> None:
    rate = Rate(100, 10)
    counts, each_by_one = MemoryBuckets(lambda: 0), MemoryBuckets(lambda: 0)
    for cost in costs:
        verdict = at_once(counts.take("t", rate, cost))
        if verdict.admitted:
            assert all(at_once(each_by_one.take("t", rate)).admitted for _ in range(cost))
        else:
            assert cost > verdict.remaining
            assert verdict.retry_after == pytest.approx((cost - verdict.remaining) / 100)


def test_counts_that_mean_nothing_any_more_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buckets, "_SWEPT_AT", 10)
    clock = [0]
    counts = MemoryBuckets(lambda: clock[0])
    counts._sweep_at = 10
    rate = Rate(10, 2)
    at_once(counts.take("busy", rate))
    for number in range(1000):
        clock[0] += TICKS
        at_once(counts.take("busy", rate))
        at_once(counts.take(f"tenant-{number}", rate))
        assert len(counts._until) <= 10
    assert at_once(counts.take("busy", rate)).admitted
    assert not at_once(counts.take("busy", rate)).admitted, "what still counts is kept"


def test_shares() -> None:
    """A tenant's people share; its workloads, other tenants and the public have their own."""
    people = [PERSON, Principal("v", "user", ONE)]
    others = [
        Principal("u", "user", OTHER),
        Principal("u", "user"),
        Principal("v", "user"),
        workload("till-service", ONE),
        workload("shelf-service", ONE),
        workload("till-service", OTHER),
        workload("till-service"),
        ANONYMOUS,
    ]
    assert len({share_of(each) for each in people}) == 1
    assert len({share_of(each) for each in (people[0], *others)}) == 1 + len(others)
    assert share_of(ANONYMOUS.acting_for(ONE)) == share_of(ANONYMOUS), "a claim buys no share"


async def test_without_a_rate_everybody_is_admitted() -> None:
    limiter = Limiter("book-service", None)
    for _ in range(1000):
        await limiter.admit(PERSON)
    assert limiter_of("book-service", bookshop.BookSettings())._rate is None


class Broken:
    """Shared counts that cannot be reached."""

    def __init__(self) -> None:
        self.asked = 0

    async def take(self, key: str, rate: Rate) -> Verdict:
        self.asked += 1
        raise ConnectionError("down")

    async def aclose(self) -> None:
        self.asked = -1


async def test_without_the_shared_counts_each_replica_counts_alone() -> None:
    """Neither does the service go down with them, nor is it open to all."""
    shared = Broken()
    limiter = Limiter("book-service", Rate(1, 20), shared)
    for _ in range(20):
        await limiter.admit(PERSON)
    with pytest.raises(Problem, match="rate-limited"):
        await limiter.admit(PERSON)
    await limiter.admit(Principal("u", "user", OTHER))
    assert shared.asked == 5, "a breaker spares them"
    await limiter.aclose()
    assert shared.asked == -1


async def test_redis_that_is_not_there_costs_little(tmp_path: Path) -> None:
    rate = {"rate_limit_per_second": 1, "rate_limit_burst": 1}
    url = SecretStr("redis://127.0.0.1:1")
    made = bookshop.BookSettings(**{**isolated(tmp_path), **rate}, redis_url=url)
    limiter = limiter_of("book-service", made)
    await limiter.admit(PERSON)
    with pytest.raises(Problem, match="rate-limited"):
        await limiter.admit(PERSON)
    await limiter.aclose()


def limited(tmp_path: Path) -> Runtime:
    rate = {"rate_limit_per_second": 1, "rate_limit_burst": 3}
    made = bookshop.BookSettings(**{**isolated(tmp_path), **rate})
    runtime = Runtime(bookshop.SERVICE, made)
    # all requests come at one moment, however long they take: nothing is earned back meanwhile
    runtime.limiter._own = MemoryBuckets(lambda: 0)
    return runtime


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Running]:
    runtime = limited(tmp_path)
    async with running(bookshop.build(runtime, bookshop.Books(runtime))) as started:
        yield started


async def test_rest_answers_429_with_the_headers_of_the_contract(shop: Running) -> None:
    ours, theirs = shop.caller("clerk"), shop.caller("clerk")
    colleague = shop.caller("clerk", organization=ours.organization)
    for caller in (ours, colleague, ours):
        assert (await shop.http.get("/v1/books", headers=caller.headers)).status_code == 200
    refused = await shop.http.get("/v1/books", headers=colleague.headers)
    assert refused.status_code == 429
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["type"] == "https://problems.example/rate-limited"
    assert refused.headers["retry-after"] == "1"
    assert refused.headers["ratelimit-limit"] == "3"
    assert refused.headers["ratelimit-remaining"] == "0"
    assert refused.headers["ratelimit-reset"] == "3"
    assert (await shop.http.get("/v1/books", headers=theirs.headers)).status_code == 200
    assert (await shop.http.get("/health/live")).status_code == 200


async def test_who_may_not_is_told_so_and_takes_nothing_of_the_share(shop: Running) -> None:
    stranger = shop.caller("cook")
    clerk = shop.caller("clerk", organization=stranger.organization)
    for _ in range(9):
        answer = await shop.http.get("/v1/loans", headers=stranger.headers)
        assert answer.status_code == 403
    assert (await shop.http.get("/v1/books", headers=clerk.headers)).status_code == 200


async def test_workloads_are_counted_beside_the_people_of_the_tenant(shop: Running) -> None:
    clerk = shop.caller("clerk")
    principal = Principal("till-service", "workload", clerk.organization)
    shop.runtime.executor.admit(bookshop.GET_BOOK, principal)
    for _ in range(3):
        await shop.runtime.limiter.admit(principal)
    with pytest.raises(Problem, match="rate-limited"):
        await shop.runtime.limiter.admit(principal)
    assert (await shop.http.get("/v1/books", headers=clerk.headers)).status_code == 200


async def test_grpc_answers_resource_exhausted_with_retry_info(tmp_path: Path) -> None:
    runtime = limited(tmp_path)
    service, rpc = bookshop.Books(runtime), RpcService(NAME, runtime)

    @rpc.unary("FindBooks", bookshop.FIND_BOOKS, service.find_books, Ask, Reply(Page))
    def find_books(message: Any) -> bookshop.FindBooks:
        return bookshop.FindBooks(page=rpc.page(bookshop.FIND_BOOKS), tag=None)

    async with (
        running(RpcServer(runtime, [rpc])) as started,
        grpc.aio.insecure_channel(started.address) as channel,
    ):
        metadata = [("authorization", started.caller("clerk").headers["Authorization"])]
        find: Any = channel.unary_unary(
            f"/{NAME}/FindBooks",
            request_serializer=lambda each: each.SerializeToString(),
            response_deserializer=Page.FromString,
        )
        for _ in range(3):
            await find(Ask(), metadata=metadata, timeout=5)
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await find(Ask(), metadata=metadata, timeout=5)
    assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    found = dict(refused.value.trailing_metadata() or ())[DETAILS]
    info, pause = error_details_pb2.ErrorInfo(), error_details_pb2.RetryInfo()
    for each in status_pb2.Status.FromString(found).details:
        each.Unpack(info)
        each.Unpack(pause)
    assert (info.reason, pause.retry_delay.seconds) == ("rate-limited", 1)
