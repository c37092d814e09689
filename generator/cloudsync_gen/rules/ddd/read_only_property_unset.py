"""Nothing ever gives a property a value that callers may not give it.

What it does: of the aggregates of services whose commands all have default handlers, takes the
properties that are `readOnly` and not required, have no default and are neither state, key nor
parent, and looks for each among what the commands of the aggregate set.

Why: the property is told to be there and never is; columns, screens and consumers wait for it.

Example: `approvedAt: {readOnly: true}` with no command that sets it.

Use instead: `sets: [{ field: approvedAt, source: context.now }]` where it becomes true.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.effects import ENVELOPE, lifecycle_of
from cloudsync_gen.model.layers.application import Aggregate, Command
from cloudsync_gen.model.schema_view import properties, required
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._links import astray
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    if astray(model, Command, "performed-on-aggregate"):
        return  # what sets it may only be misspelt
    by_hand = {each.service for each in model.all(Command) if each.effect == "custom"}
    for aggregate in model.all(Aggregate):
        if aggregate.service in by_hand:
            continue
        own = [each for each in model.all(Command) if each.aggregate == aggregate.id]
        given = _given(model, aggregate, own) | required(model, aggregate.schema)
        for name, schema in properties(model, aggregate.schema).items():
            read_only = isinstance(schema, dict) and schema.get("readOnly") is True
            if own and read_only and "default" not in schema and name not in given:
                yield RULE.at(
                    model.ref(aggregate.schema, "schema", "properties", name),
                    f"no command sets `{name}`, and no caller may",
                    "set it where it becomes true (`sets`), or leave it out",
                    element=aggregate.schema,
                    facts=(aggregate.id, name),
                )


def _given(model: Model, aggregate: Aggregate, commands: list[Command]) -> set[str]:
    """Properties that have a value by themselves, or get one from a command."""
    lifecycle = lifecycle_of(model, aggregate.id)
    given = {*ENVELOPE, aggregate.key, *(each.field for c in commands for each in c.sets)}
    given |= {lifecycle.state_field} if lifecycle else set()
    given |= {aggregate.part_of.field} if aggregate.part_of else set()
    return given


RULE = Rule(
    code="DDD032", name="read-only-property-unset", family="domain-driven design", check=check
)
