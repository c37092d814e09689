"""Flags as a service sees them: decided elsewhere, kept for a while, never in the way."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from uuid import UUID

import pytest

from cloudsync_chassis import propagation
from cloudsync_chassis.client.call import Call
from cloudsync_chassis.context import Context, Deadline
from cloudsync_chassis.ids import PLATFORM, uuid7
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.propagation import TENANT_HEADER, Trace
from cloudsync_chassis.providers.flags import Decisions, Flag, Flags
from cloudsync_chassis.providers.spec import FlagProvider, ProviderCall
from cloudsync_chassis.security.principal import Principal
from provided import Provider, eventually

SPEC = FlagProvider(
    service="flags",
    url="http://flags.invalid",
    evaluate=ProviderCall(
        operation="decide",
        path="/flags/Decide",
        stubs="",
        sends={
            "flag": "{key}",
            "where": "{environment}",
            "who.tenant": "{tenant}",
            "who.person": "{user}",
            "else": "{default}",
        },
        timeout=0.03,
    ),
    watch=ProviderCall(
        operation="watch",
        path="/flags/Watch",
        stubs="",
        sends={"known": "{mark}"},
        timeout=60.0,
    ),
    value="choice",
    mark="rules",
    keep=30.0,
)


class Bench:
    """Decisions at a time of their own."""

    def __init__(self) -> None:
        self.provider = Provider()
        self.time = 0.0
        facts = {"environment": "test"}
        self.decisions = Decisions(SPEC, self.provider, facts, now=lambda: self.time)
        self.flags = Flags({}, self.decisions)

    def decides(self, *choices: Any) -> None:
        """One after the other; the last for ever."""
        left = list(choices)
        self.provider.answers["decide"] = lambda _: {
            "choice": left.pop(0) if len(left) > 1 else left[0]
        }

    @property
    def asked(self) -> list[Call]:
        return [each for each in self.provider.asked if each.operation == "decide"]


@pytest.fixture
def bench() -> Bench:
    return Bench()


def of(tenant: UUID | None, subject: str = "somebody", kind: Any = "user") -> Context:
    """A context of an operation that somebody asks for."""
    found: Any = None
    return Context(
        operation=Operation(id="o", writes=False),
        principal=Principal(subject, kind, tenant),
        unit=found,
        deadline=Deadline.after(10),
        trace=Trace.new(),
    )


async def test_the_request_says_who_asks_for_whom(bench: Bench) -> None:
    bench.decides("true")
    tenant = uuid7()
    assert await Flag(bench.flags, "a.b", False, per="user")(of(tenant)) is True
    [call] = bench.asked
    assert call.body == {
        "flag": "a.b",
        "where": "test",
        "who": {"tenant": str(tenant), "person": "somebody"},
        "else": "false",
    }
    assert call.headers == {TENANT_HEADER: str(tenant)}


async def test_of_a_tenant_no_person_is_told_and_without_one_the_platform(bench: Bench) -> None:
    bench.decides('"blue"')
    assert await Flag(bench.flags, "a.b", "red")(of(None)) == "blue"
    assert bench.asked[0].body["who"] == {"tenant": str(PLATFORM)}
    assert bench.asked[0].body["else"] == '"red"'
    await Flag(bench.flags, "a.c", "red", per="user")(of(uuid7(), kind="workload"))
    assert "person" not in bench.asked[1].body["who"]


async def test_a_decision_is_kept_for_each_subject_until_its_time_is_over(bench: Bench) -> None:
    bench.decides("true", "false", "false")
    flag, one, other = Flag(bench.flags, "a.b", False), of(uuid7()), of(uuid7())
    assert [await flag(one), await flag(one), await flag(other)] == [True, True, False]
    assert len(bench.asked) == 2
    bench.time = 29.9
    assert await flag(one) is True
    bench.time = 30.0
    assert await flag(one) is False
    assert len(bench.asked) == 3


async def test_without_an_answer_the_last_decision_stands_and_before_one_the_default(
    bench: Bench,
) -> None:
    flag, ctx = Flag(bench.flags, "a.b", True), of(uuid7())
    bench.provider.away = True
    assert await flag(ctx) is True
    bench.provider.away = False
    bench.decides("false")
    assert await flag(ctx) is False
    bench.time, bench.provider.away = 1_000.0, True
    assert await flag(ctx) is False
    bench.provider.away = False
    bench.provider.answers["decide"] = lambda _: 403
    assert await flag(ctx) is False


@pytest.mark.parametrize("choice", ["1", '"true"', "null", "no JSON", None, "[true]"])
async def test_what_is_no_value_of_its_type_is_the_default(bench: Bench, choice: Any) -> None:
    bench.decides(choice)
    assert await Flag(bench.flags, "a.b", True)(of(uuid7())) is True


async def test_a_boolean_is_no_number(bench: Bench) -> None:
    bench.decides("true")
    assert await Flag(bench.flags, "a.b", 3)(of(uuid7())) == 3


async def test_what_is_pinned_holds_and_asks_nobody(bench: Bench) -> None:
    bench.flags.pinned["a.b"] = True
    assert await Flag(bench.flags, "a.b", False)(of(uuid7())) is True
    bench.flags.pinned["a.b"] = "of another type"
    assert await Flag(bench.flags, "a.b", False)(of(uuid7())) is False
    assert await Flag(Flags({}), "a.b", 7)(of(uuid7())) == 7
    assert bench.asked == []


@contextmanager
def acting() -> Iterator[None]:
    token = propagation.acting_for.set("somebody's token")
    try:
        yield
    finally:
        propagation.acting_for.reset(token)


async def test_the_service_asks_for_itself_whoever_it_acts_for(bench: Bench) -> None:
    seen: list[str | None] = []

    def decide(_: Call) -> Any:
        seen.append(propagation.acting_for.get())
        return {"choice": "true"}

    bench.provider.answers["decide"] = decide
    with acting():
        await Flag(bench.flags, "a.b", False)(of(uuid7()))
        assert propagation.acting_for.get() == "somebody's token"
    assert seen == [None]


async def test_a_change_of_the_rules_ends_what_is_kept(bench: Bench) -> None:
    bench.decides("true", "false")
    flag, ctx = Flag(bench.flags, "a.b", False), of(uuid7())
    [loop] = bench.decisions.loops()
    running = asyncio.create_task(loop)
    await bench.provider.tell({"rules": "one"})
    await eventually(lambda: bench.decisions.mark == "one")
    assert await flag(ctx) is True
    await bench.provider.tell({"rules": "one"})
    assert await flag(ctx) is True
    await bench.provider.tell({"rules": "two"})
    await eventually(lambda: bench.decisions.mark == "two")
    assert await flag(ctx) is False
    await bench.provider.tell(None)
    await eventually(lambda: len(bench.provider.streams) == 2)
    assert bench.provider.asked[-1].body == {"known": "two"}
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def test_no_more_is_kept_than_there_is_room_for(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cloudsync_chassis.providers.flags._MOST", 2)
    bench.decides("true")
    flag, contexts = Flag(bench.flags, "a.b", False), [of(uuid7()) for _ in range(3)]
    for ctx in contexts:
        await flag(ctx)
    await flag(contexts[2])
    assert len(bench.asked) == 3
    await flag(contexts[0])
    assert len(bench.asked) == 4
