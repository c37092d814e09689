"""Breaker, bulkhead and retry budget, each against a plain account of what it should do."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule
from pydantic import TypeAdapter

from cloudsync_chassis import faults
from cloudsync_chassis.client import attempts
from cloudsync_chassis.client.base import ServiceClient
from cloudsync_chassis.client.breaker import Breaker
from cloudsync_chassis.client.bulkhead import Bulkhead
from cloudsync_chassis.client.call import Call
from cloudsync_chassis.client.edges import Cached, Defaulted, Omitted, Queued
from cloudsync_chassis.client.errors import NoAnswerError, RefusedError
from cloudsync_chassis.client.observer import Observer
from cloudsync_chassis.client.policy import BreakerPolicy, Budget
from cloudsync_chassis.client.retries import RetryBudget
from cloudsync_chassis.executor import Incoming
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.propagation import Trace
from cloudsync_chassis.security.principal import Principal
from cloudsync_chassis.testing import Running
from unhurried import unhurried

CALL = Call(service="peer", operation="get", method="GET", path="/v1/x")
ANSWER = TypeAdapter(dict[str, int])


@dataclass
class Account:
    """A breaker told as a story: what happened since the last change, and when that was."""

    policy: BreakerPolicy
    state: str = "closed"
    since: float = 0.0
    chapter: int = 0
    told: list[tuple[float, bool]] = field(default_factory=list)
    probes: list[float] = field(default_factory=list)

    def turn(self, state: str, now: float) -> None:
        self.state, self.since, self.chapter = state, now, self.chapter + 1
        self.told, self.probes = [], []

    def seen(self, now: float) -> str:
        over = self.state == "open" and now - self.since >= self.policy.open_for
        return "half-open" if over else self.state

    def may(self, now: float) -> bool:
        if self.seen(now) == "open":
            return False
        if self.seen(now) == "closed":
            return True
        if self.state == "open" or (self.probes and now - self.probes[-1] >= self.policy.open_for):
            self.turn("half-open", now)
        if len(self.probes) >= self.policy.probes:
            return False
        self.probes.append(now)
        return True

    def end(self, chapter: int, success: bool, now: float) -> None:
        if chapter != self.chapter:
            return
        self.told.append((now, success))
        if self.state == "half-open":
            if not success:
                self.turn("open", now)
            elif len(self.told) == self.policy.probes:
                self.turn("closed", now)
            return
        recent = [ok for at, ok in self.told if at >= now - self.policy.window]
        enough = len(recent) >= self.policy.requests
        if enough and recent.count(False) >= self.policy.failure_ratio * len(recent):
            self.turn("open", now)


class BreakerMachine(RuleBasedStateMachine):
    """Calls begin, end well or badly or never, in any order, while time passes."""

    under_way = Bundle("under_way")

    def __init__(self) -> None:
        super().__init__()
        self.clock = 0.0
        self.turns: list[str] = []
        policy = BreakerPolicy(requests=4, failure_ratio=0.5, window=10, open_for=5, probes=2)
        self.account = Account(policy)
        self.breaker = Breaker(policy, lambda: self.clock, self.turns.append)

    @rule(seconds=st.sampled_from([0.5, 2.0, 5.0, 11.0]))
    def wait(self, seconds: float) -> None:
        self.clock += seconds

    @rule(target=under_way)
    def begin(self) -> Any:
        permit = self.breaker.allow()
        assert (permit is not None) == self.account.may(self.clock)
        return permit, self.account.chapter

    @rule(call=consumes(under_way), success=st.booleans())
    def end(self, call: Any, success: bool) -> None:
        permit, chapter = call
        if permit is not None:
            self.breaker.record(permit, success)
            self.account.end(chapter, success, self.clock)

    @rule(call=consumes(under_way))
    def vanish(self, call: Any) -> None:
        """A caller that was cancelled says nothing."""

    @rule(failures=st.integers(4, 6))
    def outage(self, failures: int) -> None:
        for _ in range(failures):
            self.end(self.begin(), False)

    @invariant()
    def it_is_in_the_state_of_the_account(self) -> None:
        assert self.breaker.state == self.account.seen(self.clock)

    @invariant()
    def its_turns_are_those_of_a_breaker(self) -> None:
        for before, after in zip(["closed", *self.turns], self.turns, strict=False):
            assert (before, after) in {
                ("closed", "open"),
                ("open", "half-open"),
                ("half-open", "open"),
                ("half-open", "closed"),
            }


BreakerMachine.TestCase.settings = settings(max_examples=80, stateful_step_count=40, deadline=None)
TestBreaker = BreakerMachine.TestCase


def test_the_breaker_opens_asks_and_closes() -> None:
    clock, turns = [0.0], list[str]()
    policy = BreakerPolicy(requests=2, failure_ratio=1.0, open_for=1, probes=2)
    breaker = Breaker(policy, lambda: clock[0], turns.append)
    late, first, second = (breaker.allow() for _ in range(3))
    assert late is not None
    assert first is not None
    assert second is not None
    breaker.record(first, False)
    breaker.record(second, False)
    assert (breaker.state, breaker.allow()) == ("open", None)
    breaker.record(late, True)
    assert breaker.state == "open", "what began before it opened says nothing of now"
    clock[0] = 1.0
    probes = [breaker.allow() for _ in range(4)]
    assert probes[2:] == [None, None]
    for each in probes[:2]:
        assert each is not None
        assert breaker.state == "half-open"
        breaker.record(each, True)
    assert (breaker.state, turns) == ("closed", ["open", "half-open", "closed"])


def test_probes_that_never_come_back_do_not_shut_the_door_for_ever() -> None:
    clock = [0.0]
    breaker = Breaker(BreakerPolicy(requests=1, open_for=1, probes=2), lambda: clock[0])
    breaker.record(breaker.allow() or 0, False)
    clock[0] = 1.0
    assert [breaker.allow() is not None for _ in range(4)] == [True, True, False, False]
    clock[0] = 2.0
    assert breaker.allow() is not None


class BulkheadMachine(RuleBasedStateMachine):
    """Calls come and go; never more than there are places, and no place is lost."""

    inside = Bundle("inside")

    def __init__(self) -> None:
        super().__init__()
        self.places = 3
        self.bulkhead = Bulkhead(self.places)
        self.held = 0
        self.refusals = 0

    def refused(self) -> None:
        self.refusals += 1

    @rule(target=inside)
    def come(self) -> Any:
        place, before = self.bulkhead.place(CALL, self.refused), self.refusals
        if self.held < self.places:
            place.__enter__()
            self.held += 1
            return place
        with pytest.raises(NoAnswerError, match="3 calls are under way"):
            place.__enter__()
        assert self.refusals == before + 1
        return None

    @rule(place=consumes(inside), error=st.sampled_from([None, RuntimeError("failed")]))
    def go(self, place: Any, error: Exception | None) -> None:
        if place is not None:
            place.__exit__(type(error) if error else None, error, None)
            self.held -= 1

    @invariant()
    def it_counts_what_is_inside(self) -> None:
        assert self.bulkhead.in_use == self.held <= self.places


TestBulkhead = BulkheadMachine.TestCase
TestBulkhead.settings = settings(max_examples=50, stateful_step_count=30, deadline=None)


class Slow(httpx.AsyncBaseTransport):
    """Answers when it is let go; `most` is how many asked at once."""

    def __init__(self) -> None:
        self.let_go = asyncio.Event()
        self.under_way = self.most = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            await self.let_go.wait()
        finally:
            self.under_way -= 1
        return httpx.Response(200, json={"a": 1})


class Heard(Observer):
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.words: list[Any] = []

    def ended(self, call: Call, status: int, seconds: float) -> None:
        self.words.append((call.operation, status))

    def retried(self, succeeded: bool) -> None:
        self.words.append(succeeded)

    def refused(self) -> None:
        self.words.append("refused")

    def out_of_time(self) -> None:
        self.words.append("out of time")

    def stood_in(self, kind: str) -> None:
        self.words.append(kind)


async def test_a_full_bulkhead_refuses_at_once_and_the_fallback_applies(
    table_shop: Running,
) -> None:
    peer, heard = Slow(), Heard()
    waits = {"get": Budget(timeout=10.0, fallback="queue", topic="shop.calls")}
    async with ServiceClient(
        "http://peer", transport=peer, budgets=waits, concurrent=2, observer=heard
    ) as called:
        table_shop.runtime.clients["peer"] = called

        async def get() -> dict[str, int]:
            return await called.call(CALL, ANSWER)

        begun = [asyncio.create_task(get()) for _ in range(2)]
        await asyncio.sleep(0.01)
        before = time.monotonic()
        with pytest.raises(NoAnswerError, match="2 calls are under way") as refused:
            await get()
        assert await Omitted(get)() is None
        assert await Defaulted(get)({"a": 7}) == {"a": 7}
        assert time.monotonic() - before < 0.5
        assert await queued(table_shop, get) is None
        told = faults.of_exception(refused.value)
        assert (told.kind.slug, told.kind.status, told.headers) == (
            "unavailable",
            503,
            {"Retry-After": "1"},
        )
        peer.let_go.set()
        kept = Cached(get, 60.0)
        assert await asyncio.gather(*begun, kept()) == [{"a": 1}] * 3
        peer.let_go.clear()
        begun = [asyncio.create_task(get()) for _ in range(2)]
        await asyncio.sleep(0.01)
        assert await kept() == {"a": 1}
        for each in begun:
            each.cancel()
        await asyncio.gather(*begun, return_exceptions=True)
        assert (peer.most, called.bulkhead.in_use) == (2, 0)
    kinds = [each for each in heard.words if isinstance(each, str)]
    assert kinds == ["refused", *("refused", "omitted"), *("refused", "default"),
                     *("refused", "queued"), *("refused", "cached")]  # fmt: skip


async def queued(shop: Running, get: Any) -> Any:
    incoming = Incoming(principal=Principal("u", "user"), trace=Trace.new())
    edge = Queued(get, shop.runtime.calls)
    return await shop.runtime.executor.run(Operation(id="outer", writes=True), incoming, edge)


@given(calls=st.lists(st.integers(0, 5), max_size=200))
def test_retries_stay_within_their_share_of_the_calls(calls: list[int]) -> None:
    budget, made = RetryBudget(share=0.1, most=10.0), 0
    for number, wanted in enumerate(calls, 1):
        budget.earn()
        made += sum(budget.spend() for _ in range(wanted))
        assert made <= 10 + 0.1 * number + 1e-6
        assert 0 <= budget.remaining <= 1


class Down(httpx.AsyncBaseTransport):
    """Refuses with 503, `times` times, after `delay` seconds; notes when it was asked."""

    def __init__(self, times: int = 10_000, delay: float = 0.0) -> None:
        self.times = times
        self.delay = delay
        self.asked: list[float] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(time.monotonic())
        await asyncio.sleep(self.delay)
        done = len(self.asked) > self.times
        return httpx.Response(200, json={"a": 1}) if done else httpx.Response(503)


NEVER_OPEN = BreakerPolicy(requests=10_000)


def client(peer: httpx.AsyncBaseTransport, observer: Observer, retries: int) -> ServiceClient:
    budgets = {"get": Budget(timeout=0.2, retries=retries)}
    return ServiceClient(
        "http://peer", budgets=budgets, breaker=NEVER_OPEN, transport=peer, observer=observer
    )


async def test_an_outage_costs_the_callee_a_tenth_more_not_four_times_as_much(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(attempts, "_FIRST_PAUSE", 0.0)
    peer, heard = Down(), Heard()
    async with client(peer, heard, retries=3) as called:
        for _ in range(100):
            with pytest.raises(RefusedError):
                await called.call(CALL, ANSWER)
    retries = len(peer.asked) - 100
    assert 10 <= retries <= 20
    assert heard.words.count(False) == retries
    assert called.retries.remaining < 0.1


async def test_a_retry_that_helps_is_told_as_one() -> None:
    peer, heard = Down(times=1), Heard()
    async with client(peer, heard, retries=2) as called:
        assert await called.call(CALL, ANSWER) == {"a": 1}
    assert heard.words == [True, ("get", 200)]


@given(failures=st.integers(1, 5), seed=st.integers(0, 2**32))
@settings(max_examples=30, deadline=None)
def test_pauses_are_drawn_from_a_range_that_doubles(failures: int, seed: int) -> None:
    """Full jitter: callers that failed together do not come back together."""
    drawn: list[tuple[float, float]] = []
    slept: list[float] = []

    def uniform(low: float, high: float) -> float:
        drawn.append((low, high))
        return low + (high - low) * (seed % 101) / 100

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    async def outcome(timeout: float) -> attempts.Outcome[int]:
        if len(slept) < failures:
            return attempts.Outcome(error=NoAnswerError(CALL, "down"), again=True)
        return attempts.Outcome(1)

    async def asked() -> int:
        async with client(Down(), Heard(), retries=5) as called:
            return await called.attempts(CALL, outcome)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(attempts.random, "uniform", uniform)
        patch.setattr(attempts.asyncio, "sleep", sleep)
        assert asyncio.run(asked()) == 1
    assert drawn == [(0, 0.025 * 2**number) for number in range(failures)]
    assert all(0 <= pause <= high for pause, (_, high) in zip(slept, drawn, strict=True))


@pytest.mark.parametrize("timeout", [0.03, 0.08, 0.2])
async def test_no_retry_starts_that_cannot_end_within_the_deadline(
    table_shop: Running, timeout: float
) -> None:
    peer, heard = Down(delay=0.012), Heard()
    left: list[float] = []

    async def act(ctx: Any) -> None:
        async with client(peer, heard, retries=50) as called:
            real = called.timeout

            def noted(request: Call) -> float:
                left.append(ctx.deadline.remaining)
                assert real(request) <= left[-1]
                return real(request)

            called.timeout = noted  # type: ignore[method-assign]
            with pytest.raises((RefusedError, NoAnswerError)):
                await called.call(CALL, ANSWER)
            assert ctx.deadline.remaining > 0, "something is left for a fallback"

    incoming = Incoming(principal=Principal("u", "user"), trace=Trace.new())
    with unhurried():
        began = time.monotonic()
        await table_shop.runtime.executor.run(Operation(id="o", timeout=timeout), incoming, act)
        assert time.monotonic() - began < timeout
    assert all(each >= attempts._SHORTEST for each in left[1:])


async def test_no_retry_waits_beyond_the_deadline(table_shop: Running) -> None:
    heard = Heard()

    class Asks(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            return httpx.Response(429, headers={"Retry-After": "5"})

    async def act(ctx: Any) -> None:
        async with client(Asks(), heard, retries=3) as called:
            with pytest.raises(RefusedError):
                await called.call(CALL, ANSWER)

    incoming = Incoming(principal=Principal("u", "user"), trace=Trace.new())
    with unhurried():
        began = time.monotonic()
        await table_shop.runtime.executor.run(Operation(id="o", timeout=1.0), incoming, act)
        assert time.monotonic() - began < 0.5
    assert heard.words == [("get", 429)]


async def test_a_missed_deadline_is_told(table_shop: Running) -> None:
    peer, heard = Slow(), Heard()

    async def act(ctx: Any) -> None:
        async with client(peer, heard, retries=3) as called:
            with pytest.raises(NoAnswerError):
                await called.call(CALL, ANSWER)

    incoming = Incoming(principal=Principal("u", "user"), trace=Trace.new())
    with unhurried():
        await table_shop.runtime.executor.run(Operation(id="o", timeout=0.1), incoming, act)
    assert heard.words == ["out of time", ("get", 0)]
