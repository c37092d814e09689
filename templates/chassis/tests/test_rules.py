"""Expressions, and what commands ask for by them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from cloudsync_chassis import clock
from cloudsync_chassis.aggregate.requirements import Requirements
from cloudsync_chassis.aggregate.rules import Facts, Rule
from cloudsync_chassis.aggregate.spec import Command, Counted, Requirement
from cloudsync_chassis.context import Context
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
    requirements = Requirements({"add": Command(effect="create", requires=(taken,))}, count)
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
