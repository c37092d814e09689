"""Where the attributes of a service's traces come from: the chassis, a field, or a handler."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from cloudsync_gen.model.ids import name_of
from cloudsync_gen.model.layers.apm import Trace
from cloudsync_gen.model.layers.application import Aggregate, Command, Query
from cloudsync_gen.model.schema_view import properties, resolved
from cloudsync_gen.model.system import Model
from cloudsync_gen.model.values import percent
from cloudsync_gen.naming import camel, python_name
from cloudsync_gen.targets.service.facts import Scope, ServiceFacts
from cloudsync_gen.targets.service.view_metrics import AttributeView, TracingView

Told = tuple[tuple[str, str], ...]
"""Attributes, and the fields that they tell."""

_CHASSIS = frozenset(("tenant.hash", "organization.hash", "caller.service", "saga.id", "saga.step"))
"""Attributes that every service sets by itself, where they apply."""

_CONVENTIONS = frozenset(
    (
        *("cloud", "db", "deployment", "error", "exception", "host", "http", "k8s", "messaging"),
        *("network", "peer", "process", "rpc", "server", "service", "telemetry", "url"),
    )
)
"""First words of OpenTelemetry's semantic conventions, whose attributes are no field of a model."""

_SCALAR = frozenset(("boolean", "integer", "number"))


def tracing_of(facts: ServiceFacts) -> TracingView:
    """What its traces say. Of several for a service the one that keeps most decides, and all of
    their attributes may leave. Those that no field tells are a handler's to say.
    """
    own = facts.model.where(Trace, "service", facts.service.id)
    shares = [round(percent(each.sampling) / 100, 8) for each in own]
    found = {name for told in _all_told(facts) for name, _ in told}
    methods = Scope("self", "value")
    rest = tuple(
        AttributeView(each, methods.take(python_name(each.replace(".", "_"))))
        for each in _attributes(facts)
        if each not in found
    )
    names = {name for each in own for name in each.attributes}
    return TracingView(max(shares, default=1.0), tuple(sorted(names)), rest)


def told_of_entity(facts: ServiceFacts, aggregate: Aggregate) -> Told:
    """Attributes that an entity tells: `order.kind` is the `kind` of an order, or `orderKind` of
    anything, where that may be logged.
    """
    model, closed = facts.model, _closed(facts)
    fields = properties(model, aggregate.schema)
    words = _words(aggregate.id) | _words(aggregate.schema)
    found = []
    for attribute in _attributes(facts):
        first, _, last = attribute.rpartition(".")
        near = camel(last) if _called(first, words) else ""
        name = near if near in fields else camel(f"{first}_{last}")
        classed = fields[name].get("x-classification") if name in fields else None
        if classed and name not in closed and _single(model, aggregate.schema, fields[name]):
            found.append((attribute, name))
    return tuple(found)


def told_of_message(facts: ServiceFacts, performed: Command | Query) -> Told:
    """Attributes that body or answer of a command or query tell, beyond those of the entity: of a
    few values, or of a name that an entity of the service has for what may be logged.
    """
    model, closed = facts.model, _closed(facts)
    words = _words(facts.service.id) | _words(performed.aggregate)
    entities = {each.schema for each in facts.aggregates.values()}
    known = {name for each in entities for name in properties(model, each)} - closed
    found: dict[str, str] = {}
    for schema in (performed.input, performed.output):
        fields: Mapping[str, Any] = {} if schema in entities else properties(model, schema)
        for attribute in _by_no_entity(facts):
            first, _, last = attribute.rpartition(".")
            near = camel(last) if _called(first, words) else ""
            name = near if near in fields else camel(f"{first}_{last}")
            if schema and name in fields and name not in closed:
                single = _single(model, schema, fields[name])
                if single and (name in known or _few(model, schema, fields[name])):
                    found.setdefault(attribute, name)
    return tuple(sorted(found.items()))


@lru_cache(maxsize=1)
def _closed(facts: ServiceFacts) -> frozenset[str]:
    return frozenset(facts.system.hidden.of(facts.service.id))


@lru_cache(maxsize=1)
def _by_no_entity(facts: ServiceFacts) -> tuple[str, ...]:
    """Attributes that no entity of the service tells."""
    entities = facts.aggregates.values()
    told = {name for each in entities for name, _ in told_of_entity(facts, each)}
    return tuple(each for each in _attributes(facts) if each not in told)


def _all_told(facts: ServiceFacts) -> Iterator[Told]:
    for aggregate in facts.aggregates.values():
        yield told_of_entity(facts, aggregate)
    for performed in facts.performed:
        yield told_of_message(facts, performed)


@lru_cache(maxsize=1)
def _attributes(facts: ServiceFacts) -> tuple[str, ...]:
    """Those of the model that neither the chassis sets nor a convention does, by name."""
    own = facts.model.where(Trace, "service", facts.service.id)
    names = {name for each in own for name in each.attributes} - _CHASSIS
    return tuple(sorted(each for each in names if each.split(".")[0] not in _CONVENTIONS))


def _words(element: str) -> frozenset[str]:
    """Words of an element's name, and the whole of it."""
    name = name_of(element).replace("-", "_")
    return frozenset((name, *name.split("_"))) - {"service"}


def _called(first: str, words: frozenset[str]) -> bool:
    return first.replace(".", "_") in words


def _single(model: Model, element: str, schema: Any) -> bool:
    """Whether it is one value, no list and no object."""
    _, found = resolved(model, element, schema)
    return "enum" in found or found.get("type") in {"string", *_SCALAR}


def _few(model: Model, element: str, schema: Any) -> bool:
    """Whether nobody can write into it what they like."""
    _, found = resolved(model, element, schema)
    return "enum" in found or found.get("type") in _SCALAR
