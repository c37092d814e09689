"""A body may carry the state of a life cycle.

What it does: reports entities whose state property is not `readOnly`.

Why: only transitions move an entity, by those who may. A schema without `readOnly` tells clients
that they may send a state, and tools that read it offer a field for it.

Example: `status: {$ref: …}` of an entity with a life cycle over `status`.

Use instead: `status: {$ref: …, readOnly: true}`.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.layers.application import Aggregate, Lifecycle
from cloudsync_gen.model.schema_view import properties
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    for life in model.all(Lifecycle):
        aggregate = model.get(Aggregate, life.aggregate)
        schema = aggregate.schema if aggregate else ""
        field = properties(model, schema).get(life.state_field)
        if isinstance(field, dict) and field.get("readOnly") is not True:
            yield RULE.at(
                model.ref(schema, "schema", "properties", life.state_field).name(),
                f"only transitions move `{life.state_field}`, but it is not `readOnly`",
                "add `readOnly: true`",
                element=schema,
                related=(Related(model.ref(life.id, "stateField"), "the life cycle"),),
            )


RULE = Rule(code="DDD028", name="state-field-writable", family="domain-driven design", check=check)
