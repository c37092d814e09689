"""What the other layers say of an operation, gathered in one value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from cloudsync_gen.model.effects import CREATING
from cloudsync_gen.model.exchanges import consumed_by
from cloudsync_gen.model.ids import ElementId
from cloudsync_gen.model.layers.api import Operation
from cloudsync_gen.model.layers.apm import Slo
from cloudsync_gen.model.layers.application import (
    Aggregate,
    Command,
    Invariant,
    Lifecycle,
    ProblemCase,
    Query,
    Service,
)
from cloudsync_gen.model.layers.data_model import DataElement
from cloudsync_gen.model.reading import Once
from cloudsync_gen.model.schema_refs import SchemaTarget, schema_target
from cloudsync_gen.model.system import Model

_CHANGES = ("put", "update", "delete", "transition")


class Facts(Struct, frozen=True, kw_only=True):
    """An operation with its command or query.

    `changes`: it works on an entity that exists, so that the entity's version matters. `tagged`:
    its answer has a version and so an entity tag. `located`: its answer tells the id of what it
    made, and so where that is. `unique`: it may give an entity unique values that another one has.
    `governed`: a life cycle decides whether it may happen; `conditional`: under a condition.
    `paged`: it answers a list page by page. `refers`: its body may name other entities. `ruled`: it
    reads more than keys, between which rules may hold. `calls`: its service calls others.
    `answer`: the element of the data model that it answers with, or nothing.
    """

    operation: Operation
    performs: Command | Query | None
    access: str
    permission: str | None
    relations: tuple[str, ...]
    idempotency: str
    errors: tuple[ProblemCase, ...]
    has_input: bool
    has_body: bool
    has_key: bool
    writes: bool
    changes: bool
    unique: bool
    governed: bool
    conditional: bool
    invariants: bool
    tagged: bool
    located: bool
    paged: bool
    reads: bool
    refers: bool
    ruled: bool
    calls: bool
    answer: str


class Lookups:
    """Indexes over the model, each made once and when it is first asked for, so that no contract
    walks the whole of it.
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        self._consumers = Once[str, Mapping[str, list[str]]](lambda _: self._listening())
        self._governed = Once[str, Mapping[str, bool]](lambda _: self._of_life_cycles())

    def operations_of(self, document: str) -> tuple[Operation, ...]:
        """Those of a document, ordered by id."""
        return self.model.where(Operation, "document", document)

    def objectives_of(self, service: str) -> tuple[Slo, ...]:
        """Those of a service, ordered by id."""
        return self.model.where(Slo, "service", service)

    def guarded(self, aggregate: str) -> bool:
        """Whether an aggregate has invariants."""
        return bool(self.model.where(Invariant, "aggregate", aggregate))

    @property
    def consumers(self) -> Mapping[str, list[str]]:
        """Event -> the services that listen to it."""
        return self._consumers("")

    @property
    def governed(self) -> Mapping[str, bool]:
        """Command of a life cycle -> whether one of its transitions has a condition."""
        return self._governed("")

    def _listening(self) -> Mapping[str, list[str]]:
        found: dict[str, list[str]] = {}
        for service in self.model.all(Service):
            for event in consumed_by(self.model, service):
                found.setdefault(event, []).append(service.id)
        return found

    def _of_life_cycles(self) -> Mapping[str, bool]:
        found: dict[str, bool] = {}
        for lifecycle in self.model.all(Lifecycle):
            for each in lifecycle.transitions:
                conditional = each.guard is not None or each.condition is not None
                found[each.command] = found.get(each.command, False) or conditional
        return found

    def schema_at(self, file: str, reference: str | None) -> DataElement | None:
        """The element of the data model that a `$ref` written in `file` leads to."""
        target = schema_target(file, reference)
        if not isinstance(target, SchemaTarget) or target.definition:
            return None
        element = self.model.schemas.get((target.file, target.key))
        return self.model.get(DataElement, element) if element else None

    def service_of(self, operation: Operation) -> Service | None:
        """The service whose command or query the operation carries."""
        performs = self.performed(operation)
        return self.model.get(Service, performs.service) if performs else None

    def performed(self, operation: Operation) -> Command | Query | None:
        """The command or query that the operation carries."""
        found = self.model.elements.get(ElementId(operation.command or ""))
        return found if isinstance(found, (Command, Query)) else None


def facts_of(lookups: Lookups, operation: Operation, file: str, body: bool) -> Facts:
    """All that compile asks of an operation written in `file`."""
    performs = lookups.performed(operation)
    command = performs if isinstance(performs, Command) else None
    aggregate = lookups.model.get(Aggregate, performs.aggregate) if performs else None
    effect = command.effect if command else ""
    answer = lookups.schema_at(file, operation.response_schema)
    properties = _properties(answer)
    sent = _properties(lookups.schema_at(file, operation.request_schema))
    unique = {name for names in (aggregate.unique if aggregate else ()) for name in names}
    in_path = "{" in operation.path
    service = lookups.service_of(operation)
    return Facts(
        operation=operation,
        performs=performs,
        access=performs.access if performs else "authenticated",
        permission=performs.permission if performs else None,
        relations=performs.relations if performs else (),
        idempotency=command.idempotency if command else "natural",
        errors=performs.errors if performs else (),
        has_input=body or bool(operation.parameters),
        has_body=body,
        has_key=in_path,
        writes=command is not None,
        changes=effect in _CHANGES or bool(command and command.idempotency == "if-match"),
        unique=bool(command and aggregate and aggregate.unique)
        and (effect in CREATING or not unique.isdisjoint(sent)),
        governed=bool(command and effect != "create" and command.id in lookups.governed),
        conditional=bool(command and lookups.governed.get(command.id)),
        invariants=bool(aggregate and lookups.guarded(aggregate.id)),
        tagged="version" in properties and "items" not in properties,
        located=operation.response_status == 201
        and bool(aggregate and aggregate.key in properties),
        paged=_is_paged(performs, operation, properties),
        reads=operation.method == "get",
        ruled=body or any(each.location == "query" for each in operation.parameters),
        calls=bool(service and service.calls),
        answer=answer.id if answer else "",
        refers=bool(body and command and aggregate and (aggregate.references or aggregate.part_of)),
    )


def _properties(element: DataElement | None) -> Mapping[str, Any]:
    found = element.schema.get("properties") if element else None
    return found if isinstance(found, dict) else {}


def _is_paged(
    performs: Command | Query | None, operation: Operation, properties: Mapping[str, Any]
) -> bool:
    if not isinstance(performs, Query) or operation.method != "get":
        return False
    return performs.kind == "list" or {"items", "nextCursor"} <= properties.keys()
