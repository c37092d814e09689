"""What the model says of services, gathered so that each service's view is quick to make."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, TypeVar

from cloudsync_gen.model.contracts import ContractDocument, Contracts
from cloudsync_gen.model.effects import carried_by, key_name, operations_of, rpcs_of
from cloudsync_gen.model.ids import name_of
from cloudsync_gen.model.layers.api import (
    Gateway,
    GraphqlApi,
    JoinedField,
    Operation,
    RestApi,
    RootField,
    Rpc,
)
from cloudsync_gen.model.layers.application import (
    Aggregate,
    Command,
    Event,
    Invariant,
    Lifecycle,
    Query,
    Service,
)
from cloudsync_gen.model.layers.datastore import Database, Table
from cloudsync_gen.model.layers.security import Resource, Role
from cloudsync_gen.model.providers import asked_of_providers
from cloudsync_gen.model.reading import Once
from cloudsync_gen.model.secrecy import Unloggable
from cloudsync_gen.model.system import Model
from cloudsync_gen.naming import python_class, python_name
from cloudsync_gen.targets._models import class_name

PREFIX = "#/components/schemas/"
WORKLOAD = "workload"
"""The one role that the chassis gives to workloads; the model may call it otherwise."""

_ROOT_KEYWORDS = ("$schema", "$id", "title")
"""Keywords that a published JSON Schema has only because it stands by itself."""

_MEMBERS = (
    *("clients", "runtime", "service", "router", "port", "models", "operations", "routes", "self"),
    *("ctx", "metrics", "traces", "flags"),
)
"""What methods and aggregates cannot be called: names that the generated modules use."""

_CLASSES = (
    "Any",
    "Clients",
    "Context",
    "Page",
    "PageRequest",
    "Port",
    "Protocol",
    "Received",
    "UUID",
)

T = TypeVar("T", Command, Query, Aggregate, Event)


class Scope:
    """Names that must differ from each other: whoever comes second gets an underscore."""

    def __init__(self, *reserved: str) -> None:
        self._taken = set(reserved)

    def take(self, name: str) -> str:
        """The name, made unique."""
        while name in self._taken:
            name += "_"
        self._taken.add(name)
        return name


class Grants:
    """Permission -> names of the roles that hold it, for everything and for related things."""

    def __init__(self, model: Model) -> None:
        self._roles = {role.id: role for role in model.all(Role)}
        self._actions = {
            name_of(each.id): tuple(a.action for a in each.actions) for each in model.all(Resource)
        }
        self._granted = Once(self._given)
        self.full: dict[str, set[str]] = defaultdict(set)
        self.related: dict[str, set[str]] = defaultdict(set)
        for role in self._roles.values():
            if role.holder != "workload":
                for each in self._inherited(role):
                    self._note(role, each)

    def _note(self, holder: Role, role: Role) -> None:
        name = name_of(holder.id)
        for permission in self._expanded(role.permissions):
            self.full[permission].add(name)
        for permission in self._expanded(role.related_permissions):
            self.related[permission].add(name)

    def _inherited(self, role: Role) -> list[Role]:
        """The role and all that it inherits from; a cycle ends where it began."""
        found: dict[str, Role] = {}
        pending = [role]
        while pending:
            each = pending.pop()
            if each.id not in found:
                found[each.id] = each
                pending += [self._roles[i] for i in each.inherits if i in self._roles]
        return list(found.values())

    def permitted(self) -> dict[str, dict[str, list[str]]]:
        """Role -> what it and those that it inherits from permit: everything of a kind (`full`), or
        what one is related to (`related`).
        """
        found = {}
        for role in sorted(self._roles.values(), key=lambda role: role.id):
            held = self._inherited(role)
            full = {p for each in held for p in self._expanded(each.permissions)}
            related = {p for each in held for p in self._expanded(each.related_permissions)}
            found[name_of(role.id)] = {"full": sorted(full), "related": sorted(related)}
        return found

    def heirs(self, roles: Iterable[str]) -> frozenset[str]:
        """Names of these roles and of all that inherit from them."""
        wanted = set(roles)
        return frozenset(
            self.role_name(each.id)
            for each in self._roles.values()
            if wanted & {held.id for held in self._inherited(each)}
        )

    def only_by(self, permission: str, roles: Iterable[str]) -> frozenset[str]:
        """Names of the roles that hold a permission by these roles alone."""
        named = set(roles)
        found = set()
        for role in self._roles.values():
            sources = {
                each.id for each in self._inherited(role) if permission in self._granted(each.id)
            }
            if sources and sources <= named:
                found.add(name_of(role.id))
        return frozenset(found)

    def inherited(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """(role, the roles whose rights it has besides), for those that have any."""
        return tuple(
            (self.role_name(each.id), tuple(sorted(map(self.role_name, each.inherits))))
            for each in sorted(self._roles.values(), key=lambda role: role.id)
            if each.inherits
        )

    def _given(self, role: str) -> frozenset[str]:
        """What a role grants by itself."""
        own = self._roles[role]
        return frozenset(self._expanded((*own.permissions, *own.related_permissions)))

    def _expanded(self, permissions: Iterable[str]) -> Iterable[str]:
        for permission in permissions:
            resource, _, action = permission.partition(":")
            if action == "*":
                yield from (f"{resource}:{each}" for each in self._actions.get(resource, ()))
            else:
                yield permission

    def role_name(self, role: str) -> str:
        """How tokens name a role of the model."""
        found = self._roles.get(role)
        return WORKLOAD if found and found.holder == "workload" else name_of(role)


class SystemFacts:
    """Indexes over the whole model, made once for all services."""

    def __init__(self, model: Model, contracts: Contracts) -> None:
        self.model = model
        self.contracts = contracts
        self.grants = Grants(model)
        self.hidden = Unloggable(model)
        self.gateway = next(iter(model.all(Gateway)), None)
        self.commands = _by_service(model.all(Command))
        self.queries = _by_service(model.all(Query))
        self.aggregates = _by_service(model.all(Aggregate))
        self.events = _by_service(model.all(Event))
        self.lifecycles = {each.aggregate: each for each in reversed(model.all(Lifecycle))}
        self.invariants: dict[str, list[Invariant]] = defaultdict(list)
        for invariant in model.all(Invariant):
            self.invariants[invariant.aggregate].append(invariant)
        self.documents: dict[str, list[ContractDocument]] = defaultdict(list)
        for document in contracts.rest.values():
            api = model.get(RestApi, document.source)
            if api is not None:
                self.documents[api.archimate_ref].append(document)
        self.tables = _tables(model)
        self.schema_elements = {name: each for each, name in contracts.schema_names.items()}
        self.callers = _callers(model)
        self.subscribed = {
            each.performs
            for each in model.all(RootField)
            if each.operation_type == "subscription" and each.performs
        }


def _by_service(elements: Iterable[T]) -> dict[str, list[T]]:
    found: dict[str, list[T]] = defaultdict(list)
    for each in elements:
        found[each.service].append(each)
    return found


def _tables(model: Model) -> dict[str, list[Table]]:
    """Service -> the tables of the schemas that it writes."""
    writers = {
        (database.id, schema.name): schema.service
        for database in model.all(Database)
        for schema in database.schemas
    }
    found: dict[str, list[Table]] = defaultdict(list)
    for table in model.all(Table):
        service = writers.get((table.database, table.schema))
        if service is not None:
            found[service].append(table)
    return found


def _callers(model: Model) -> dict[str, set[str]]:
    """Command or query -> names of the services that call it."""
    found: dict[str, set[str]] = defaultdict(set)

    def note(caller: str, called: str | None) -> None:
        element = model.get(Operation, called or "") or model.get(Rpc, called or "")
        if element is not None and element.command:
            found[element.command].add(name_of(caller))

    services = model.all(Service)
    for service in services:
        for call in service.calls:
            note(service.id, call.operation)
        for asked in asked_of_providers(model, service):
            note(service.id, asked.call.operation)
        for told in service.registry.calls if service.registry else ():
            for other in services:
                if other.id != service.id:
                    note(other.id, told.operation)
    schemas = {each.document: each.service for each in model.all(GraphqlApi) if each.service}
    for field in model.all(RootField):
        resolver = schemas.get(field.document)
        if resolver is not None:
            note(resolver, field.resolves)
    for join in model.all(JoinedField):
        resolver = schemas.get(join.document)
        if resolver is not None:
            note(resolver, join.resolves)
    return found


class ServiceFacts:
    """One service: its elements, its contract, the names of its schemas and aggregates. `plain`:
    what contracts tell people is of no use, and not read.
    """

    def __init__(self, system: SystemFacts, service: Service, *, plain: bool = False) -> None:
        self.system = system
        self._plain = plain
        self.model = system.model
        self.service = service
        self.aggregates = {each.id: each for each in system.aggregates[service.id]}
        commands = system.commands[service.id]
        self.performed: tuple[Command | Query, ...] = (
            *(each for each in commands if each.takes == "input"),
            *system.queries[service.id],
        )
        self.listening = tuple(each for each in commands if each.takes == "event")
        """Commands that take events, and are called in no other way."""
        self.consumed: dict[str, set[str]] = defaultdict(set)
        """Event -> the commands that answer it."""
        for consumption in service.consumes:
            self.consumed[consumption.event].add(consumption.command or "")
        self.needed: set[str] = {each.schema for each in self.aggregates.values()}
        """Ids of the data model elements that the models must hold."""
        self.schemas: dict[str, Any] = {}
        """Name -> schema of what was asked for, and of all that it refers to."""
        self.scope = Scope(*_MEMBERS)
        self.methods = {
            each.id: self.scope.take(python_name(name_of(each.id)))
            for each in (*self.performed, *self.listening)
        }
        classes = Scope(*_CLASSES)
        self.requests = {
            each.id: classes.take(python_class(name_of(each.id))) for each in self.performed
        }
        self.attributes = {
            each.id: self.scope.take(python_name(name_of(each.id)))
            for each in self.aggregates.values()
        }

    @cached_property
    def document(self) -> ContractDocument | None:
        """The service's REST contract."""
        return next(iter(self.system.documents[self.service.id]), None)

    @cached_property
    def schema_source(self) -> GraphqlApi | None:
        """The GraphQL schema that the service serves."""
        return next(iter(self.model.where(GraphqlApi, "service", self.service.id)), None)

    @property
    def published_schema(self) -> str:
        """Where it is published below `contracts/`; nothing for a service without one."""
        source = self.schema_source
        found = self.system.contracts.graphql.get(source.document) if source else None
        return found.path if found else ""

    @property
    def root_fields(self) -> tuple[RootField, ...]:
        """The fields of its root types."""
        source = self.schema_source
        fields = self.model.all(RootField) if source else ()
        return tuple(each for each in fields if source and each.document == source.document)

    def performed_itself(self, root: RootField) -> Command | Query | None:
        """What a root field carries out, where that is the service's own."""
        found = carried_by(self.model, root.id)
        return found if found is not None and found.service == self.service.id else None

    def operation(self, performed: Command | Query) -> Operation | None:
        """The REST operation that carries a command or query."""
        return next(iter(operations_of(self.model, performed.id)), None)

    def streams(self, performed: Command | Query) -> bool:
        """Whether a query answers with a stream: an RPC that does carries it, or a subscription,
        and no REST operation.
        """
        if self.operation(performed) is not None:
            return False
        carriers = rpcs_of(self.model, performed.id)
        subscribed = performed.id in self.system.subscribed
        return subscribed or any(each.server_streaming for each in carriers)

    def compiled(self, operation: Operation) -> Mapping[str, Any]:
        """The operation as its contract has it, path-level parameters included."""
        document = self.system.contracts.rest.get(operation.document)
        item = self._said(document)["paths"].get(operation.path, {}) if document else {}
        found = dict(item.get(operation.method, {}))
        shared = item.get("parameters", [])
        return {**found, "parameters": [*shared, *found.get("parameters", [])]}

    def components(self, operation: Operation) -> Mapping[str, Any]:
        """The schemas of the operation's contract."""
        document = self.system.contracts.rest.get(operation.document)
        found: Mapping[str, Any] = (
            self._said(document)["components"].get("schemas", {}) if document else {}
        )
        return found

    def schema(self, element: str) -> Mapping[str, Any]:
        """A data model element's schema; its refs are those of an OpenAPI document (`schemas`)."""
        name = self.system.contracts.schema_names.get(element, "")
        document = self.system.contracts.jsonschema.get(element)
        if name not in self.schemas and document is not None:
            data = _global(self._said(document))
            self.schemas.update(data.pop("$defs", {}))
            self.schemas[name] = {key: data[key] for key in data if key not in _ROOT_KEYWORDS}
        found: Mapping[str, Any] = self.schemas.get(name, {})
        return found

    def _said(self, document: ContractDocument) -> Mapping[str, Any]:
        return document.plain if self._plain else document.data

    def class_of(self, element: str) -> str:
        """Name of the class of a data model element; notes that the models need it."""
        self.needed.add(element)
        self.schema(element)
        return class_name(self.system.contracts.schema_names.get(element, name_of(element)))

    @property
    def elements(self) -> Mapping[str, str]:
        """Name of a schema in contracts -> the element's id."""
        return self.system.schema_elements

    def key_of(self, aggregate: Aggregate) -> str:
        """Name of the parameter that identifies an entity of the aggregate to callers."""
        return key_name(aggregate.id) if aggregate.key == "id" else aggregate.key


def _global(value: Any) -> Any:
    """A schema whose references below `$defs` lead to components."""
    if isinstance(value, dict):
        return {
            key: (
                PREFIX + each.removeprefix("#/$defs/")
                if key == "$ref" and isinstance(each, str)
                else _global(each)
            )
            for key, each in value.items()
        }
    return [_global(each) for each in value] if isinstance(value, list) else value
