"""A CEL expression may take more steps than a service gives it.

What it does: estimates what invariants, conditions of commands, transitions and CEL policies take:
a loop (`all`, `exists`, `exists_one`, `map`, `filter`) takes a turn for each entry that its list
may have (`maxItems` of its schema; 1,000 where nothing says it), times what is done in each turn.
At most 300,000 steps, and 12 brackets within each other.

Why: loops within loops stall the service that evaluates them for all its callers, so services stop
at 300,000 steps and refuse the command.

Example: `this.a.all(x, this.a.all(y, x == y))` over a list without `maxItems`.

Use instead: `maxItems` in the schema, `uniqueItems` or `in` for what compares each with each, or
fewer loops within each other.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.cel_cost import BEYOND, MOST_STEPS, Shape, steps
from cloudsync_gen.model.layers.application import Aggregate, Command, Invariant, Lifecycle
from cloudsync_gen.model.layers.security import Policy
from cloudsync_gen.model.schema_view import data_element
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._cel import syntax_fault
from cloudsync_gen.rules._conditions import expressions_of
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.source import Pointer

Place = tuple[str, Pointer, str, dict[str, str | None]]
"""Element, place in it, expression, and the schemas of the variables."""


def check(model: Model) -> Iterator[Diagnostic]:
    for element, pointer, expression, schemas in _expressions(model):
        if syntax_fault(expression):
            continue
        shapes = {n: found for n, each in schemas.items() if (found := _shape(model, each))}
        cost = steps(expression, shapes)
        if cost > MOST_STEPS:
            told = "a trillion" if cost >= BEYOND else f"{cost:,}"
            yield RULE.at(
                model.ref(element, *pointer),
                f"it may take {told} steps; services stop at {MOST_STEPS:,}",
                "bound its lists by `maxItems`, or put fewer loops within each other",
                element=element,
                facts=(expression,),
            )


def _expressions(model: Model) -> Iterator[Place]:
    for invariant in model.all(Invariant):
        schema = _schema(model, invariant.aggregate)
        yield invariant.id, ("expression",), invariant.expression, {"this": schema}
    for command in model.all(Command):
        known = {"this": _schema(model, command.aggregate), "input": command.input}
        for pointer, expression in expressions_of(command):
            yield command.id, pointer, expression, known
    for lifecycle in model.all(Lifecycle):
        for index, each in enumerate(lifecycle.transitions):
            moved = model.get(Command, each.command)
            known = {"this": _schema(model, lifecycle.aggregate)}
            known["input"] = moved.input if moved else None
            pointer = ("transitions", index, "condition")
            yield lifecycle.id, pointer, each.condition or "true", known
    for policy in model.all(Policy):
        if policy.language == "cel":
            yield policy.id, ("condition",), policy.condition, {}


def _schema(model: Model, aggregate: str) -> str | None:
    found = model.get(Aggregate, aggregate)
    return found.schema if found else None


def _shape(model: Model, element: str | None) -> Shape | None:
    found = data_element(model, element)
    return Shape(model, found.id, found.schema) if found else None


RULE = Rule(
    code="DDD035",
    name="expression-cost",
    family="domain-driven design",
    check=check,
    each=(Invariant, Command, Lifecycle, Policy),
)
