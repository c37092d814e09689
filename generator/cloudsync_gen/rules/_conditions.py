"""Whether a condition of a command or transition can be evaluated."""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.model.effects import parameters_of
from cloudsync_gen.model.layers.application import Aggregate, Command
from cloudsync_gen.model.schema_view import properties
from cloudsync_gen.model.system import Model
from cloudsync_gen.naming import offered
from cloudsync_gen.rules._cel import selected, syntax_fault
from cloudsync_gen.rules._known import undeclared
from cloudsync_gen.rules._links import misled
from cloudsync_gen.source import Pointer


def expressions_of(command: Command) -> Iterator[tuple[Pointer, str]]:
    """The expressions of what a command requires, each with its place."""
    for index, each in enumerate(command.requires):
        if each.condition is not None:
            yield ("requires", index, "condition"), each.condition
        for name, value in each.count.where.items() if each.count else ():
            yield ("requires", index, "count", "where", name), value


def condition_fault(
    model: Model, expression: str, aggregate: Aggregate | None, command: Command | None
) -> tuple[str, str]:
    """What is wrong with CEL over `this` and `input`, and the remedy; empty texts if nothing."""
    fault = syntax_fault(expression)
    if fault:
        return f"not CEL: {fault}", "mend the expression (CEL, language definition)"
    schemas = {"this": aggregate.schema if aggregate else None}
    given: frozenset[str] = frozenset()
    if command is not None and not misled(model, command.id, "input-schema"):
        schemas["input"] = command.input
        given = parameters_of(model, command.id)
    for root, schema in schemas.items():
        fields = {*properties(model, schema), *undeclared(model, schema)}
        known = fields | given if root == "input" else fields
        for name in selected(expression, root):
            if known and name not in known:
                return f"`{schema}` has no property `{name}`", offered(name, known, f"{root}.")
    return "", ""
