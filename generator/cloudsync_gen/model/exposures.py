"""Which properties leave their service: in answers, events, webhooks, copies and logs; to whom.

Classes are the model's own (`security.classification`). One is *guarded* where the model keeps what
has it out of logs, or encrypts it field by field.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from cloudsync_gen.model.element import Element
from cloudsync_gen.model.entrances import Entrances
from cloudsync_gen.model.exchanges import followers
from cloudsync_gen.model.ids import ElementId, name_of
from cloudsync_gen.model.layers.api import (
    GraphqlApi,
    GrpcApi,
    JoinedField,
    Operation,
    RootField,
    Rpc,
    Webhook,
)
from cloudsync_gen.model.layers.apm import LogStream
from cloudsync_gen.model.layers.application import Aggregate, Command, Event, Query, Service
from cloudsync_gen.model.layers.datastore import (
    Collection,
    ColumnarTable,
    SearchIndex,
    Table,
    WideTable,
)
from cloudsync_gen.model.layers.security import Classification
from cloudsync_gen.model.schema_view import data_element, properties, target_of
from cloudsync_gen.model.stores import writers
from cloudsync_gen.model.system import Model
from cloudsync_gen.source import Ref

OUTSIDE = "outside"
"""The receiver that no model knows: whoever comes in by a route, or has a webhook sent."""

_PARTS = ("allOf", "anyOf", "oneOf")
_BELOW = ("items", "additionalProperties")


class Property(Struct, frozen=True):
    """A property of an element of the data model. `name`: its path below the element's schema,
    joined by dots.
    """

    element: str
    name: str


class Guard(Struct, frozen=True):
    """The class of a property; `level` -1 and no name where nothing says one."""

    name: str = ""
    level: int = -1
    guarded: bool = False


class Exposure(Struct, frozen=True, kw_only=True):
    """One way out of its service for a property.

    `origin`: the entity's property of the same name where there is one, else `sent`. `classed`:
    which of the two says the class, at `stands`; `sent` lies at `place`. `kind`: answer, reply,
    event, webhook, copy or log. `by`: the element that carries it. `receiver`: id of a service,
    region, topic or log, or `OUTSIDE`. `boundary`: the widest that it crosses.
    """

    sent: Property
    origin: Property
    classed: Property
    guard: Guard
    kind: str
    by: str
    receiver: str
    boundary: str
    place: Ref
    stands: Ref


class _Sent(Struct, frozen=True):
    """A property within what is sent; `top`: at the root of it."""

    property: Property
    schema: Mapping[str, Any]
    place: Ref
    top: bool


class _Way(Struct, frozen=True):
    """How something is sent: by what, from which service, to whom."""

    kind: str
    by: str
    service: str
    receivers: frozenset[str]


def exposures(model: Model) -> tuple[Exposure, ...]:
    """All ways out for all properties of a model, classed or not, in the order of what sends
    them.
    """
    return tuple(_Exposures(model).found())


class _Exposures:
    """What looking through one model needs."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._entrances = Entrances(model)
        self._classes = {
            name_of(c.id): Guard(name_of(c.id), c.level, not c.loggable or c.encryption == "field")
            for c in model.all(Classification)
        }
        self._known: dict[str, tuple[_Sent, ...]] = {}

    def found(self) -> Iterator[Exposure]:
        yield from self._answers()
        yield from self._events()
        yield from self._copies()
        yield from self._logs()

    def _answers(self) -> Iterator[Exposure]:
        performed: tuple[Command | Query, ...] = (
            *self._model.all(Command),
            *self._model.all(Query),
        )
        for each in performed:
            if each.output is None:
                continue
            for way in self._ways_of(each):
                yield from self._sent(each.output, each.aggregate, way)

    def _ways_of(self, performed: Command | Query) -> Iterator[_Way]:
        """The contracts that answer with what a command or query gives."""
        model, service = self._model, performed.service
        carried = {
            *model.origins(performed.id, "operation-command"),
            *model.origins(performed.id, "rpc-command"),
        }
        fields = {
            field
            for each in carried
            for link in ("field-resolves", "join-resolves")
            for field in model.origins(each, link)
        }
        fields |= {*model.origins(performed.id, "field-performs")}
        for each in sorted(carried | fields):
            callers = frozenset(model.origins(each, "calls")) - {service}
            if callers:
                yield _Way("reply", each, service, callers)
            if performed.access != "workload" and self._is_entered(each):
                yield _Way("answer", each, service, frozenset({OUTSIDE}))

    def _is_entered(self, called: str) -> bool:
        """Whether requests from outside reach an operation, an RPC or a field."""
        found = self._model.elements.get(ElementId(called))
        if isinstance(found, Operation):
            return self._entrances.of(found) is not None
        if isinstance(found, Rpc):
            contracts = _ids_of(self._model, GrpcApi, found.document)
        elif isinstance(found, RootField | JoinedField):
            contracts = _ids_of(self._model, GraphqlApi, found.document)
        else:
            return False
        return any(contracts & {*route.contracts} for route in self._entrances.routes)

    def _events(self) -> Iterator[Exposure]:
        model = self._model
        for event in model.all(Event):
            named = model.origins(event.id, "consumes-event")
            takers = frozenset([*named, *followers(model, event.id)]) - {event.service}
            ways = [_Way("event", event.id, event.service, takers | {event.topic})]
            for hook in model.origins(event.id, "webhook-event"):
                if model.get(Webhook, hook) is not None:
                    ways.append(_Way("webhook", hook, event.service, frozenset({OUTSIDE})))
            for way in ways:
                yield from self._sent(event.payload, event.aggregate, way)

    def _copies(self) -> Iterator[Exposure]:
        """Entities that another service than their own keeps or reads."""
        model = self._model
        keepers = {each.schema: each for each in model.all(Aggregate)}
        for schema, aggregate in keepers.items():
            for store in model.origins(schema, "stores-schema"):
                held = model.elements[store]
                kept, around = _kept(held), (store, _holder(held))
                readers = {each for at in around for each in model.origins(at, "uses-store")}
                others = (writers(model, store) | readers) - {aggregate.service}
                if others:
                    way = _Way("copy", store, aggregate.service, others)
                    for each in self._sent(schema, aggregate.id, way):
                        if kept is None or each.sent.name in kept:
                            yield each

    def _logs(self) -> Iterator[Exposure]:
        """What a service's log does not mask, of classes that are guarded."""
        for log in self._model.all(LogStream):
            masked = {name_of(each) for each in log.masked}
            way = _Way("log", log.id, log.service, frozenset({log.id}))
            for aggregate in self._model.all(Aggregate):
                if aggregate.service == log.service:
                    for each in self._sent(aggregate.schema, aggregate.id, way):
                        if each.guard.guarded and each.guard.name not in masked:
                            yield each

    def _sent(self, element: str, aggregate: str, way: _Way) -> Iterator[Exposure]:
        owner = self._model.get(Aggregate, aggregate)
        entity = owner.schema if owner else ""
        held = properties(self._model, entity)
        receivers = self._widened(way)
        for each in self._properties(element):
            if each.schema.get("writeOnly") is True:
                continue
            same = each.top and each.property.name in held
            origin = Property(entity, each.property.name) if same else each.property
            guard, classed, stands = self._guard(each.schema), each.property, each.place
            if not guard.name and same:
                guard, classed = self._guard(held[origin.name]), origin
                stands = self._model.ref(entity, "schema", "properties", origin.name)
            for receiver, boundary in receivers:
                yield Exposure(
                    sent=each.property,
                    origin=origin,
                    classed=classed,
                    guard=guard,
                    kind=way.kind,
                    by=way.by,
                    receiver=receiver,
                    boundary=boundary,
                    place=each.place,
                    stands=stands,
                )

    def _guard(self, schema: object) -> Guard:
        said = schema.get("x-classification") if isinstance(schema, dict) else None
        return self._classes.get(str(said), Guard())

    def _widened(self, way: _Way) -> list[tuple[str, str]]:
        """Receivers, and the regions that they have and the sender has not, with the widest
        boundary on the way to each.
        """
        sender = self._model.get(Service, way.service)
        found: dict[str, str] = {}
        for each in way.receivers:
            taker = self._model.get(Service, each)
            found[each] = "system" if each == OUTSIDE else "service"
            if sender is None or taker is None:
                continue
            if taker.domain != sender.domain:
                found[each] = "context"
            new = {*taker.placement.regions} - {*sender.placement.regions}
            found |= dict.fromkeys(new, "region")
        return sorted(found.items())

    def _properties(self, element: str) -> tuple[_Sent, ...]:
        """The properties of an element and of all that it refers to, each once."""
        if element not in self._known:
            seen: set[str] = set()
            pending, found = [element], list[_Sent]()
            while pending:
                current = pending.pop()
                data = data_element(self._model, current)
                if data is None or current in seen:
                    continue
                seen.add(current)
                ref = self._model.ref(current, "schema")
                walk = _Walk(self._model, current, current == element)
                walk.into(data.schema, ref, "")
                found += walk.found
                pending += walk.targets
            self._known[element] = tuple(found)
        return self._known[element]


class _Walk:
    """The properties within one element's schema, and the elements that it refers to."""

    def __init__(self, model: Model, element: str, first: bool) -> None:
        self._model, self._element, self._first = model, element, first
        self.found: list[_Sent] = []
        self.targets: list[str] = []

    def into(self, schema: Any, ref: Ref, path: str) -> None:
        """Look at a schema; `path` is of the property that it belongs to."""
        if not isinstance(schema, dict):
            return
        target = target_of(self._model, ref.file, schema["$ref"]) if "$ref" in schema else None
        if target is not None:
            self.targets.append(target.id)
        written = schema.get("properties")
        for name, each in written.items() if isinstance(written, dict) else ():
            if isinstance(each, dict):
                here = Property(self._element, f"{path}.{name}".lstrip("."))
                place = ref.at("properties", name)
                self.found.append(_Sent(here, each, place, self._first and not path))
                self.into(each, place, here.name)
        for keyword in _BELOW:
            self.into(schema.get(keyword), ref.at(keyword), path)
        for keyword in _PARTS:
            parts = schema.get(keyword)
            for index, each in enumerate(parts if isinstance(parts, list) else ()):
                self.into(each, ref.at(keyword, index), path)


def _ids_of(model: Model, kind: type[GrpcApi] | type[GraphqlApi], document: str) -> set[str]:
    return {each.id for each in model.all(kind) if each.document == document}


def _kept(store: Element) -> frozenset[str] | None:
    """The properties that a store keeps; `None` where it keeps what it is handed, whole."""
    if isinstance(store, Table | WideTable | ColumnarTable):
        return frozenset(each.property for each in store.columns.values() if each.property)
    if isinstance(store, SearchIndex):
        return frozenset(each.property for each in store.fields.values() if each.property)
    return None


def _holder(store: Element) -> str:
    """The database or keyspace that a store is part of."""
    if isinstance(store, Table | Collection):
        return store.database
    return store.keyspace if isinstance(store, WideTable) else ""
