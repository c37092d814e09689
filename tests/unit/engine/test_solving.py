"""Values with which CEL expressions come to what is asked, and the table that they are put into."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cloudsync_gen.engine.forms import trials
from cloudsync_gen.engine.forms.solving import Solver
from cloudsync_gen.model.artefacts import Condition, Problem, Read, Trials

ABSENT = "absent"
STATES = ("draft", "active", "gone")
VALUES: dict[str, tuple[Any, ...]] = {
    "entity.state": STATES,
    "entity.reason": (ABSENT, "enough"),
    "entity.from": ("2030-01-02T00:00:00Z", "{now-60}"),
    "entity.to": ("2030-01-01T00:00:00Z", "{now+60}"),
}
REASON = "(this.state == 'gone') == has(this.reason)"
ORDER = "this.from < this.to && this.to < now + duration('1h')"


def solve(asked: Problem) -> dict[str, Any] | None:
    return Solver(ABSENT).solve(asked)


def rule(expression: str, *, holds: bool = True) -> Condition:
    reads = {name.partition(".")[2]: Read(variables=(name,)) for name in VALUES}
    return Condition(expression=expression, holds=holds, reads={"this": reads})


def problem(*rules: Condition, group: str = "one", last: str = "rule") -> Problem:
    place = ("invariants", "thing", last)
    return Problem(values=VALUES, conditions=rules, place=place, group=group, effort=500)


def test_one_rule_is_broken_and_the_others_hold() -> None:
    found = solve(problem(rule(REASON, holds=False), rule(ORDER)))
    assert found == {
        "entity.state": "gone",
        "entity.from": "{now-60}",
        "entity.to": "{now+60}",
    }


def test_what_differs_is_as_little_as_can_be() -> None:
    assert solve(problem(rule(REASON))) == {}
    assert solve(problem(rule("this.state != 'draft'"))) == {"entity.state": "active"}


@pytest.mark.parametrize("expression", ["this.state == 'lost'", "this.state > 1", "nobody.knows"])
def test_what_nothing_meets_has_no_solution(expression: str) -> None:
    assert solve(problem(rule(expression))) is None


def test_what_one_problem_taught_does_not_mislead_the_next() -> None:
    others = {**VALUES, "entity.state": ("gone", "draft"), "entity.from": VALUES["entity.to"]}
    asked = [
        Problem(values=values, conditions=rules, place=("x",), group="x", effort=effort)
        for values in (VALUES, others)
        for effort in (1, 500)
        for holds in (True, False)
        for rules in [(rule(REASON, holds=holds), rule(ORDER)), (rule(ORDER, holds=holds),)]
    ]
    for order in (asked, asked[::-1]):
        one = Solver(ABSENT)
        assert [one.solve(each) for each in order] == [solve(each) for each in order]
    assert len({repr(solve(each)) for each in asked}) == 4


def test_a_patch_is_laid_over_what_is_there() -> None:
    read = Read(variables=("body.lock", "seed.lock"), merges=True)
    asked = Condition(
        expression="this.lock.by == 'me' && this.lock.until == 3",
        holds=True,
        reads={"this": {"lock": read}},
    )
    values = {"body.lock": (ABSENT, {"by": "me"}), "seed.lock": ({"by": "you", "until": 3},)}
    made = Problem(values=values, conditions=(asked,), place=("x",), group="x", effort=10)
    assert solve(made) == {"body.lock": {"by": "me"}}


def test_of_problems_of_one_group_the_first_that_has_a_solution_is_kept() -> None:
    form = Trials(
        table={"invariants": {}, "cases": []},
        problems=(
            problem(rule("this.state == 'lost'"), last="never"),
            problem(rule(REASON, holds=False), rule("this.state == 'draft'"), last="first"),
            problem(rule(REASON, holds=False), last="second"),
            problem(rule("!has(this.reason)"), rule("this.state == 'gone'"), group="two"),
        ),
        unsolved=(),
        absent=ABSENT,
        whole=(),
    )
    assert json.loads(trials.render(form))["invariants"] == {
        "thing": {
            "first": {"entity": {"reason": "enough"}},
            "rule": {"entity": {"state": "gone"}},
        }
    }


def test_a_whole_part_is_told_with_its_first_values_and_nothing_absent() -> None:
    form = Trials(
        table={"invariants": {}},
        problems=(problem(rule("this.state == 'gone'")),),
        unsolved=(),
        absent=ABSENT,
        whole=("entity",),
    )
    told = json.loads(trials.render(form))["invariants"]["thing"]["rule"]["entity"]
    assert told == {"state": "gone", "from": VALUES["entity.from"][0], "to": VALUES["entity.to"][0]}


def test_a_condition_that_nobody_can_wait_for_is_not_tried() -> None:
    """A model whose finding was waived does not stall `generate`."""
    nested = "".join(f"[1, 2].all(x{n}, " for n in range(40)) + "this.state != ''" + ")" * 40
    assert solve(problem(rule(nested))) is None
    assert solve(problem(rule("['gone'].exists(x, x == this.state)"))) == {"entity.state": "gone"}
