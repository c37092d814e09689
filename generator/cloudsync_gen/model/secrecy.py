"""Which properties lie in their store as ciphertext, and which are told nowhere."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection as Several
from collections.abc import Iterator, Mapping
from typing import Any

from cloudsync_gen.model.effects import ENVELOPE
from cloudsync_gen.model.exchanges import consumed_by
from cloudsync_gen.model.ids import name_of
from cloudsync_gen.model.layers.application import Aggregate, Command, Event, Query, Service
from cloudsync_gen.model.layers.datastore import Collection, Table
from cloudsync_gen.model.layers.security import Classification
from cloudsync_gen.model.reading import Once
from cloudsync_gen.model.schema_view import data_element, properties, target_of
from cloudsync_gen.model.system import Model
from cloudsync_gen.source import Pointer, Ref


def encrypted_of(model: Model, aggregate: Aggregate) -> tuple[str, ...]:
    """What its store keeps encrypted, wherever the service itself keeps the aggregate.

    Columns of other stores than tables and collections do not say so: there it is what its class
    has encrypted field by field, but for what it is found by.
    """
    held = properties(model, aggregate.schema)
    collection = model.get(Collection, aggregate.store)
    if collection is not None:
        return tuple(name for name in collection.encrypted_fields if name in held)
    table = model.get(Table, aggregate.store)
    if table is not None:
        columns = table.columns.values()
        return tuple(c.property for c in columns if c.encrypted and c.property)
    secret = {name_of(c.id) for c in model.all(Classification) if c.encryption == "field"}
    sought = {aggregate.key, *(name for each in aggregate.unique for name in each)}
    return tuple(
        name
        for name, schema in held.items()
        if isinstance(schema, dict)
        and str(schema.get("x-classification")) in secret
        and name not in sought
    )


def in_rows(table: Table, names: Several[str]) -> bool:
    """Whether a table has a column for each property, so that an entity is a row of it; else it is
    kept as a document.
    """
    columns = table.columns.values()
    return set(names) <= {each.property for each in columns if not each.blind_index_of}


def blind_indexed(model: Model, aggregate: Aggregate) -> frozenset[str]:
    """Encrypted properties that rows of the aggregate are found by, if it is kept as rows."""
    table = model.get(Table, aggregate.store)
    columns = table.columns.values() if table and kept_in_rows(model, aggregate) else ()
    return frozenset(each.blind_index_of for each in columns if each.blind_index_of)


def kept_in_rows(model: Model, aggregate: Aggregate) -> bool:
    """Whether entities of the aggregate are rows of its table."""
    table = model.get(Table, aggregate.store)
    return table is not None and in_rows(table, properties(model, aggregate.schema))


class Unloggable:
    """Names of the properties that a service's entities, or what it takes, answers and announces,
    class as not to be logged, and where.
    """

    def __init__(self, model: Model) -> None:
        self._model = model
        self._closed = {name_of(each.id) for each in model.all(Classification) if not each.loggable}
        self._named = _schemas(model)
        self._of = Once(self._found)
        self._within = Once(self._look)

    def of(self, service: str) -> Mapping[str, Ref]:
        """Name -> the property that says so."""
        return self._of(service)

    def _found(self, service: str) -> Mapping[str, Ref]:
        found: dict[str, Ref] = {}
        seen: set[str] = set()
        pending = sorted(self._named.get(service, ()))
        while pending:
            element = pending.pop()
            if element not in seen:
                seen.add(element)
                names, targets = self._within(element)
                pending += targets
                for name, place in names:
                    found.setdefault(name, place)
        return {name: place for name, place in found.items() if name not in ENVELOPE}

    def _look(self, identity: str) -> tuple[list[tuple[str, Ref]], list[str]]:
        """What a schema itself closes, and the elements that it refers to."""
        names: list[tuple[str, Ref]] = []
        targets: list[str] = []
        element = data_element(self._model, identity)
        if element is None:
            return names, targets
        ref = self._model.ref(element.id, "schema")
        for pointer, node in _objects(element.schema):
            target = target_of(self._model, ref.file, node["$ref"]) if "$ref" in node else None
            if target is not None:
                targets.append(target.id)
            written = node.get("properties")
            for name, schema in written.items() if isinstance(written, dict) else ():
                if isinstance(schema, dict) and str(schema.get("x-classification")) in self._closed:
                    names.append((name, ref.at(*pointer, "properties", name)))
        return names, targets


def _schemas(model: Model) -> Mapping[str, set[str]]:
    """Service -> ids of the schemas that its elements name."""
    named: defaultdict[str, set[str | None]] = defaultdict(set)
    for aggregate in model.all(Aggregate):
        named[aggregate.service].add(aggregate.schema)
    performed: tuple[Command | Query, ...] = (*model.all(Command), *model.all(Query))
    for each in performed:
        named[each.service] |= {each.input, each.output}
    takers: defaultdict[str, set[str]] = defaultdict(set)
    for service in model.all(Service):
        for consumed in consumed_by(model, service):
            takers[consumed].add(service.id)
    for event in model.all(Event):
        for name in {event.service, *takers[event.id]}:
            named[name].add(event.payload)
    return {service: {each for each in found if each} for service, found in named.items()}


def _objects(node: Any, pointer: Pointer = ()) -> Iterator[tuple[Pointer, Mapping[str, Any]]]:
    """Every mapping within a schema, and where it lies."""
    if isinstance(node, dict):
        yield pointer, node
        for key, each in node.items():
            yield from _objects(each, (*pointer, key))
    elif isinstance(node, list):
        for place, each in enumerate(node):
            yield from _objects(each, (*pointer, place))
