"""The field of a life cycle does not hold its states.

What it does: looks up `stateField` in the entity and compares the members of its enumeration with
the states.

Why: the state is stored in that field; a state that it cannot hold is refused by every contract.

Example: states draft, active, gone, and an enumeration of draft and active alone.

Use instead: the same names in both; where they differ, the related place shows the enumeration.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.layers.application import Aggregate, Lifecycle
from cloudsync_gen.model.schema_view import members, properties, resolved
from cloudsync_gen.model.system import Model
from cloudsync_gen.naming import offered
from cloudsync_gen.rules._known import undeclared
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    for lifecycle in model.all(Lifecycle):
        aggregate = model.get(Aggregate, lifecycle.aggregate)
        fields = properties(model, aggregate.schema) if aggregate else {}
        if aggregate is None or not fields:
            continue
        if lifecycle.state_field in undeclared(model, aggregate.schema):
            continue
        if lifecycle.state_field not in fields:
            yield RULE.at(
                model.ref(lifecycle.id, "stateField"),
                f"`{aggregate.schema}` has no property `{lifecycle.state_field}`",
                offered(lifecycle.state_field, fields),
                element=lifecycle.id,
            )
            continue
        yield from _members(model, lifecycle, aggregate.schema, fields[lifecycle.state_field])


def _members(
    model: Model, lifecycle: Lifecycle, entity: str, schema: object
) -> Iterator[Diagnostic]:
    named, _ = resolved(model, entity, schema)
    names = members(model, entity, schema)
    if not names:
        return
    states = [state.name for state in lifecycle.states]
    missing = sorted(set(states) - set(names)) or sorted(set(names) - set(states))
    if missing:
        place = model.ref(named.id, "schema", "enum") if named else model.ref(entity, "schema")
        yield RULE.at(
            model.ref(lifecycle.id, "stateField"),
            f"`{missing[0]}` is a state or a member of `{lifecycle.state_field}`, but not both",
            "give the life cycle's states and the enumeration the same names",
            element=lifecycle.id,
            related=(Related(place, "the enumeration"),),
            facts=tuple(missing),
        )


RULE = Rule(code="DDD007", name="lifecycle-field", family="domain-driven design", check=check)
