"""What expressions may take, beside what they do take: the estimate is never below it."""

from __future__ import annotations

from contextlib import suppress
from random import Random

import cel
import pytest
from cloudsync_chassis import steps as chassis

from cloudsync_gen.model import cel_cost
from cloudsync_gen.model.cel_cost import BEYOND, UNDECLARED, steps
from support.effort import Effort
from support.hostile import judged
from support.rules import BASE
from support.trees import edited, read_tree

RECIPE = "model/04_application/brewing/recipe.yaml"
SCHEMA = "model/07_data_model/brewing/recipe.yaml"
ENTRIES = 4
LOOPS = ("all", "exists", "exists_one", "map", "filter")


def test_the_generator_and_the_services_stop_at_the_same_number() -> None:
    assert cel_cost.MOST_STEPS == chassis.MOST_STEPS


def taken(expression: str) -> int:
    """Turns of all loops, over `this.a` with `ENTRIES` lists of as many numbers."""
    turns = 0

    def spend(value: object) -> bool:
        nonlocal turns
        turns += 1
        return True

    rows = [list(range(ENTRIES))] * ENTRIES
    context = cel.Context(variables={"this": {"a": rows}}, functions={chassis.SPEND: spend})
    # a loop over a number fails: what it took until then is counted
    with suppress(ValueError, TypeError, RuntimeError):
        cel.compile(chassis.counted(expression) or expression).execute(context)
    return turns


def written(random: Random, depth: int, names: tuple[str, ...]) -> str:
    """An expression with loops over whatever may be a list."""
    if not depth:
        return random.choice((*names, "1", "'all(x, '", "true"))
    inner = depth - 1
    match random.randrange(7):
        case 0:
            parts = [written(random, inner, names) for _ in range(random.randint(1, 3))]
            return f"[{', '.join(parts)}]"
        case 1:
            return f"({written(random, inner, names)})"
        case 2:
            return f"{written(random, inner, names)} == {written(random, inner, names)}"
        case 3:
            return f"[{written(random, inner, names)}] + [{written(random, inner, names)}]"
        case _:
            name, over = f"x{len(names)}", written(random, inner, names)
            over = over if over.endswith(("]", ")", "a")) else f"[{over}]"
            body = written(random, inner, (*names, name))
            loop = random.choice(LOOPS)
            if loop == "map":
                return f"({over}).map({name}, {body})"
            test = random.choice((f"{body} == {body}", f"{body} != {body}"))
            return f"({over}).{loop}({name}, {test})"


def test_no_expression_takes_more_than_is_estimated(effort: Effort) -> None:
    random = Random(8)
    several = 0
    for _ in range(effort.count(small=400, full=20_000)):
        expression = written(random, random.randint(1, 4), ("this.a",))
        found = taken(expression)
        assert found <= steps(expression, {}, undeclared=ENTRIES), expression
        several += found > ENTRIES
    assert several > 40


@pytest.mark.parametrize(
    ("expression", "most"),
    [
        ("this.a > 1 && now < this.b", 10),
        ("principal.roles.exists(r, r in ['a', 'b'])", 2 * UNDECLARED),
        ("[1, 2, 3].all(x, x in this.a)", 10),
        ("size(this.a.filter(x, x.b > 1).map(y, y.c)) > 0", 4 * UNDECLARED),
        ("'this.a.all(x, this.a.all(y, true))' != ''", 5),
    ],
)
def test_what_anybody_writes_is_cheap(expression: str, most: int) -> None:
    assert steps(expression, {}) <= most


@pytest.mark.parametrize(
    "expression",
    [
        "this.a.all(x, this.a.all(y, x != y))",
        "this.a.all(x, x.b.all(y, y.c.exists(z, z > 1)))",
        "this.a['b'].map(x, this.b).exists(y, y.all(z, z))",
        "[this.t]" + ".map(x, x + x)" * 30,
        "[[1, 1]]" + ".map(x, x + x)" * 30,
        "".join(f"[x{n} + x{n}].all(x{n + 1}, " for n in range(14)) + "true" + ")" * 14,
        "".join(f"[1, 2].all(x{n}, " for n in range(20)) + "true" + ")" * 20,
        "(" * 40 + "1" + ")" * 40,
    ],
)
def test_what_stalls_is_dear(expression: str) -> None:
    assert cel_cost.MOST_STEPS < steps(expression, {}) <= BEYOND


@pytest.mark.parametrize(
    ("bound", "found"),
    [("maxItems: 20, ", 0), ("maxItems: 500, ", 0), ("maxItems: 600, ", 1), ("", 1)],
)
def test_a_list_has_as_many_entries_as_its_schema_lets_it(bound: str, found: int) -> None:
    title = "      title: { type: string, minLength: 1, maxLength: 80, x-classification: public }"
    zests = f"      zests: {{ type: array, {bound}items: {{ type: string, maxLength: 9 }} }}"
    twice = "this.zests.all(x, this.zests.exists_one(y, y == x)) || this.lemons > 0"
    changes = {
        RECIPE: {"this.status == 'draft' || this.lemons > 0": twice},
        SCHEMA: {title: f"{title}\n{zests}"},
    }
    codes = [each.code for each in judged(edited(read_tree(BASE), changes))]
    assert codes.count("DDD035") == found
