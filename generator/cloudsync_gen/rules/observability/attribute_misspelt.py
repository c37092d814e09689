"""An attribute of a trace is nearly the name of a property.

What it does: for attributes whose first words are the name of an aggregate or entity of the
service, compares the last word with the entity's properties, and reports what is one slip of the
hand away from one. A name of its own (`press.temperature`) or a plural is the handler's to say.

Why: services fill in what a property tells. What is misspelt waits for a handler that nobody will
write, and searches for the right name find nothing.

Example: `attributes: [press.litrs]` where the entity has `litres`.

Use instead: `attributes: [press.litres]`.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.ids import name_of
from cloudsync_gen.model.layers.apm import Trace
from cloudsync_gen.model.layers.application import Aggregate
from cloudsync_gen.model.schema_view import properties
from cloudsync_gen.model.system import Model
from cloudsync_gen.naming import slip_of, snake, words
from cloudsync_gen.rules._links import astray
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    if astray(model, Aggregate, "aggregate-schema"):
        return
    for trace in model.all(Trace):
        for index, attribute in enumerate(trace.attributes):
            first, _, last = attribute.rpartition(".")
            near = _near(model, trace.service, first, last)
            if near:
                yield RULE.at(
                    model.ref(trace.id, "attributes", index),
                    f"`{last}` is nearly `{near}`, which `{first}` has",
                    f"call it `{first}.{near}`, or give it a name of its own",
                    element=trace.id,
                    facts=(attribute,),
                )


def _near(model: Model, service: str, first: str, last: str) -> str:
    """The property that is meant, in snake_case; empty where the name is one, or one of its own."""
    names: set[str] = set()
    for aggregate in model.where(Aggregate, "service", service):
        called = {words(name_of(aggregate.id)), words(name_of(aggregate.schema))}
        if words(first) in called:
            names |= {snake(each) for each in properties(model, aggregate.schema)}
    name = snake(last)
    if not first or name in names:
        return ""
    near = slip_of(name, names)
    return "" if f"{near}s" == name or f"{name}s" == near else near


RULE = Rule(
    code="OBS018",
    name="attribute-misspelt",
    family="comprehensive observability",
    check=check,
)
