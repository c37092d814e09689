"""Expressions, and what commands ask for by them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from cloudsync_chassis import clock, steps
from cloudsync_chassis.aggregate.requirements import Requirements
from cloudsync_chassis.aggregate.rules import Facts, Invariants, Rule
from cloudsync_chassis.aggregate.spec import Command, Counted, Invariant, Requirement
from cloudsync_chassis.context import Context
from cloudsync_chassis.expressions import ExpressionError
from cloudsync_chassis.problem import ALREADY_EXISTS, Problem
from cloudsync_chassis.security.principal import workload


async def test_nothing_is_counted_where_the_rest_of_a_condition_decides() -> None:
    asked: list[Any] = []

    async def count(ctx: Context, aggregate: str, filters: Mapping[str, Any]) -> int:
        asked.append(filters["id"])
        return 1 if filters["id"] == "there" else 0

    taken = Requirement(
        problem=ALREADY_EXISTS,
        detail="no such folder",
        condition="!has(input.folder) || count == 1",
        counted=Counted("folder", {"id": "input.folder"}),
    )
    requirements = Requirements(
        {"add": Command(effect="create", idempotency="none", requires=(taken,))}, count
    )
    ctx = cast(Context, SimpleNamespace(principal=workload("x", None), now=clock.now()))
    await requirements.check(ctx, "add", {}, {})
    assert not asked
    await requirements.check(ctx, "add", {}, {"folder": "there"})
    with pytest.raises(Problem, match="no such folder"):
        await requirements.check(ctx, "add", {}, {"folder": "gone"})
    assert asked == ["there", "gone"]


def test_several_rules_are_asked_of_the_same_facts() -> None:
    known = Facts(this={"title": "x"}, now=datetime(2026, 3, 1, tzinfo=UTC))
    assert [Rule(each).value(known) for each in ("this.title", "has(this.none)", "count")] == [
        "x",
        False,
        None,
    ]
    more = known.also(count=2, this={"title": "y"})
    assert Rule("this.title + string(count)").value(more) == "y2"
    assert Rule("now > timestamp('2026-02-28T23:59:59Z') && this.title == 'x'").holds(known)


def test_times_and_durations_are_native_in_rules() -> None:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    rule = Rule("this.ends - this.begins <= duration('90m') && this.begins > timestamp(this.day)")
    this = {"begins": now, "ends": now + timedelta(minutes=90), "day": "2026-02-01T00:00:00Z"}
    assert rule.holds(this=this)
    assert not rule.holds(this={**this, "ends": now + timedelta(minutes=91)})


@pytest.mark.parametrize("expression", ["this.absent == 1", "this.title + 1 == 2", "this.title"])
def test_a_rule_that_cannot_be_decided_does_not_hold(expression: str) -> None:
    assert not Rule(expression).holds(this={"title": "x"})


def test_text_that_is_no_rule_is_refused_by_whatever_asks_it() -> None:
    rule = Rule("this.title ==")
    for ask in (rule.holds, rule.value, rule.evaluated):
        with pytest.raises(ValueError, match="parse"):
            ask(this={"title": "x"})


LONG = list(range(1000))
LOOPS = (
    ("this.a.all(x, this.a.all(y, this.a.all(z, x + y + z >= 0)))", "all"),
    ("this.a.exists(x, this.a.exists(y, this.a.exists(z, x + y + z < 0)))", "exists"),
    ("this.a.exists_one(x, this.a.exists_one(y, this.a.exists_one(z, x < 0)))", "exists_one"),
    ("this.a.map(x, this.a.map(y, this.a.map(z, x))).size() > 0", "map"),
    ("this.a.map(x, x >= 0, this.a.map(y, y >= 0, this.a.map(z, x))).size() > 0", "some"),
    (
        "this.a.filter(x, this.a.filter(y, this.a.filter(z, z > x).size() > 0).size() > 0) == []",
        "f",
    ),
    ("this.a.all(x, this.a.all(y, this.a.all(z, true) || true) || true) || true", "errors hidden"),
    ("[this.t]" + ".map(x, x + x)" * 60 + " != []", "a text that doubles"),
    ("[[1, 1]]" + ".map(x, x + x)" * 60 + " != []", "a list that doubles"),
    ("".join(f"[1, 2].all(x{n}, " for n in range(20)) + "true" + ")" * 20, "no data at all"),
)


@pytest.mark.parametrize("expression", [each for each, _ in LOOPS], ids=[name for _, name in LOOPS])
def test_loops_that_nobody_can_wait_for_are_stopped(
    expression: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "MOST_STEPS", 20_000)
    monkeypatch.setattr(steps, "MOST_SECONDS", 3600.0)
    known = Facts(this={"a": LONG, "t": "text"})
    with pytest.raises(ExpressionError, match="more than"):
        Rule(expression).evaluated(known)
    assert Rule("this.a.all(x, x >= 0)").holds(known), "the next one has steps of its own"


def test_each_with_each_of_five_hundred_is_not_stopped() -> None:
    known = Facts(this={"a": [{"k": n, "t": "text"} for n in range(500)]})
    assert Rule("this.a.all(x, this.a.exists_one(y, y.k == x.k))").holds(known)


def test_turns_that_are_dear_are_stopped_by_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "MOST_SECONDS", 0.0)
    with pytest.raises(ExpressionError, match="too slow"):
        Rule("this.all(x, x >= 0)").evaluated(this=LONG)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("a.map(x, x * 2)", [2, 4, 6]),
        ("a.map(x, x > 1, x * 2)", [4, 6]),
        ("a . filter ( x , x in [1, 2] && x > 1 )", [2]),
        ("a.map(x, a.map(y, x * y)).size() + a.filter(x, a.exists_one(y, y == x)).size()", 6),
        ("a.all(x, // not ) this ,\n x > 0 // nor (this\n)", True),
        ("a.exists(x, '.all(y, ' != \") \" && x == 3)", True),
        ("a.all(x, r'\\' != '\\'' && '''it's)''' != \"\"\"\"), \"\"\")", True),
        ('a.all(x, br\'\\\' != b\'a\' && r"""\\"), """ != \'a\')', True),
        ("a.all(x, x > 0) ? a.map(x, [x, {'k': x}.k]) : []", [[1, 1], [2, 2], [3, 3]]),
        ("{'b': 1, 'c': 2}.all(k, k.size() == 1)", True),
        ("size(a.map(x, 'map(x, y)'))", 3),
        ("m.all == 1 && m.map == 2", True),
    ],
)
def test_counting_changes_no_value(expression: str, value: Any) -> None:
    assert Rule(expression).evaluated(a=[1, 2, 3], m={"all": 1, "map": 2}) == value


def test_an_invariant_that_nobody_can_wait_for_refuses_the_command() -> None:
    bounded = Invariants([Invariant("x", LOOPS[0][0], "too much to compare")])
    with pytest.raises(Problem, match="too much to compare"):
        bounded.check({"a": LONG})
