"""A command, query or aggregate names a property that the entity does not have.

What it does: looks up the fields of `sets`, `clears`, `filters`, `sorts`, `unique`, `references`,
`relations`, `requires`, `partOf` and `key` in the entity's schema, `body.…` sources in the input.

Why: the generated handler would write a column, or filter by one, that does not exist.

Example: `filters: [ownerID]` where the property is `ownerId`.

Use instead: the property as the schema spells it.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.effects import ENVELOPE
from cloudsync_gen.model.layers.application import Aggregate, Command, Query, RelationRule
from cloudsync_gen.model.schema_view import properties
from cloudsync_gen.model.system import Model
from cloudsync_gen.naming import nearest
from cloudsync_gen.rules._known import undeclared
from cloudsync_gen.rules._mends import MISSPELT, misspelt
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.source import Pointer

Named = Iterator[tuple[Pointer, str]]


def check(model: Model) -> Iterator[Diagnostic]:
    for aggregate in model.all(Aggregate):
        yield from _missing(model, aggregate.id, aggregate.schema, _of_aggregate(aggregate))
        for index, rule in enumerate(aggregate.relations):
            through = model.get(Aggregate, rule.through or "")
            holder = aggregate if rule.through is None else through
            if holder is not None:
                named = _of_relation(index, rule)
                yield from _missing(model, aggregate.id, holder.schema, named)
    for command in model.all(Command):
        owner = model.get(Aggregate, command.aggregate)
        yield from _missing(model, command.id, owner.schema if owner else "", _of_command(command))
        yield from _missing(model, command.id, command.input or "", _of_body(command))
        for index, each in enumerate(command.requires):
            counted = model.get(Aggregate, each.count.aggregate) if each.count else None
            if each.count is not None and counted is not None:
                named = (
                    (("requires", index, "count", "where", name), name) for name in each.count.where
                )
                yield from _missing(model, command.id, counted.schema, named)
    for query in model.all(Query):
        owner = model.get(Aggregate, query.aggregate)
        if query.kind != "custom":
            yield from _missing(model, query.id, owner.schema if owner else "", _of_query(query))


def _of_aggregate(aggregate: Aggregate) -> Named:
    if aggregate.key not in ENVELOPE:
        yield ("key",), aggregate.key
    for row, fields in enumerate(aggregate.unique):
        for column, name in enumerate(fields):
            yield ("unique", row, column), name
    for index, reference in enumerate(aggregate.references):
        yield ("references", index, "field"), reference.field
    if aggregate.part_of is not None:
        yield ("partOf", "field"), aggregate.part_of.field
    for index, rule in enumerate(aggregate.relations):
        for position, name in enumerate(rule.fields):
            yield ("relations", index, "fields", position), name


def _of_relation(index: int, rule: RelationRule) -> Named:
    """The fields of the other aggregate by which a relation goes through it."""
    named = (
        ("parent", rule.parent),
        ("principal", rule.principal),
        ("valueField", rule.value_field),
    )
    for field, name in named:
        if name is not None:
            yield ("relations", index, field), name


def _of_command(command: Command) -> Named:
    for index, each in enumerate(command.sets):
        yield ("sets", index, "field"), each.field
    for index, name in enumerate(command.clears):
        yield ("clears", index), name
    if command.schedule is not None:
        for name in command.schedule.where:
            yield ("schedule", "where", name), name
        if command.schedule.since is not None:
            yield ("schedule", "since"), command.schedule.since


def _of_body(command: Command) -> Named:
    for index, each in enumerate(command.sets):
        if each.source is not None and each.source.startswith("body."):
            yield ("sets", index, "source"), each.source.removeprefix("body.")


def _of_query(query: Query) -> Named:
    for index, name in enumerate(query.filters):
        yield ("filters", index), name
    for index, name in enumerate(query.sorts):
        yield ("sorts", index), name


def _missing(model: Model, element: str, schema: str, named: Named) -> Iterator[Diagnostic]:
    fields = properties(model, schema)
    for pointer, name in named:
        if fields and name not in fields and name not in undeclared(model, schema):
            yield RULE.at(
                model.ref(element, *pointer),
                f"`{schema}` has no property `{name}`",
                f"did you mean `{nearest(name, fields)}`?",
                element=element,
                facts=(schema, name),
                mends=misspelt(model.ref(element, *pointer), name, fields),
            )


RULE = Rule(
    code="DDD010",
    name="unknown-field",
    family="domain-driven design",
    check=check,
    each=(Aggregate, Command, Query),
    mends=MISSPELT,
)
