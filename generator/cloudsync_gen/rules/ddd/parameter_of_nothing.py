"""A path names something that the default handler cannot use.

What it does: takes the path parameters of operations whose command or query has a default handler,
and looks for each among what it works on: a property or the key of the entity, the key of whatever
it is part of, at any depth.

Why: what the handler does not know restricts nothing. A list answers with entities of all parents,
and a change reaches an entity that is not below the path.

Example: `/v1/tasks/{taskId}/dependencies` of an aggregate whose entity has `successorId`.

Use instead: a parameter called as the property; `partOf`; or a handler written by hand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.effects import key_name, performed_by
from cloudsync_gen.model.layers.api import Operation
from cloudsync_gen.model.layers.application import Aggregate, Command, Query
from cloudsync_gen.model.schema_view import properties
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule

_IN_PATH = re.compile(r"\{([^}]+)\}")
_BY_KEY = ("get", "update", "delete", "transition")


def check(model: Model) -> Iterator[Diagnostic]:
    for operation in model.all(Operation):
        performed = performed_by(model, operation.command)
        aggregate = model.get(Aggregate, performed.aggregate) if performed else None
        if performed is None or aggregate is None or _effect(performed) == "custom":
            continue
        named = _IN_PATH.findall(operation.path)
        known = _known(model, aggregate)
        if _effect(performed) in _BY_KEY and not {*named} & _keys(aggregate):
            known |= {*named[-1:]}
        for name in named:
            if known and name not in known:
                yield RULE.at(
                    model.ref(operation.id),
                    f"`{aggregate.id}` knows no `{name}`, so that the path restricts nothing by it",
                    "call the parameter as the property that holds it, say what the entity is "
                    "`partOf`, or have the handler written by hand",
                    element=operation.id,
                    facts=(name,),
                )


def _effect(performed: Command | Query) -> str:
    return performed.effect if isinstance(performed, Command) else performed.kind


def _keys(aggregate: Aggregate) -> set[str]:
    return {key_name(aggregate.id), aggregate.key}


def _known(model: Model, aggregate: Aggregate) -> set[str]:
    """Names that say something of an entity; nothing where its schema is not known."""
    fields = {*properties(model, aggregate.schema)}
    if not fields:
        return set()
    found = fields | _keys(aggregate)
    seen = {aggregate.id}
    part_of = aggregate.part_of
    while part_of is not None and part_of.aggregate not in seen:
        parent = model.get(Aggregate, part_of.aggregate)
        if parent is None:
            return set()
        seen.add(parent.id)
        found |= {*properties(model, parent.schema)} | _keys(parent)
        part_of = parent.part_of
    return found


RULE = Rule(code="DDD024", name="parameter-of-nothing", family="domain-driven design", check=check)
