"""What the generated tables say of an aggregate."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Literal

from cloudsync_chassis.operation import Idempotency
from cloudsync_chassis.problem import ProblemType
from cloudsync_chassis.store.document import DocumentStore
from cloudsync_chassis.store.repository import E
from cloudsync_chassis.store.table import TableStore

_VERSION = re.compile(r"\.v[0-9]+$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """`command` leads from any of `sources` to `to`; a caller needs a role or a relation, if any.

    `condition`: CEL over `this`, `input`, `principal` and `now`; `guard` says it in words.
    """

    command: str
    sources: tuple[str, ...]
    to: str
    roles: frozenset[str] = frozenset()
    relations: frozenset[str] = frozenset()
    condition: str | None = None
    guard: str | None = None


@dataclass(frozen=True, slots=True)
class Invariant:
    """A CEL expression over `this` that holds after every command."""

    name: str
    expression: str
    message: str


@dataclass(frozen=True, slots=True)
class Assignment:
    """Sets a field to a literal `value` (None removes it) or a `source` (`aggregate.sources`)."""

    field: str
    value: Any = None
    source: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Emission:
    """An event of a command.

    Attributes:
        fields: names of its data.
        key: the field of the entity that holds the id of the aggregate which it is about.
        key_field: the name of that id in the data, where it is another one.
    """

    type: str
    topic: str
    fields: tuple[str, ...] = ()
    key: str = "id"
    key_field: str = ""

    @property
    def name(self) -> str:
        """As the model calls it: `order-cancelled` of `acme.billing.order-cancelled.v1`."""
        return _VERSION.sub("", self.type).rpartition(".")[2]


@dataclass(frozen=True, slots=True)
class Counted:
    """Entities of `aggregate` whose fields equal what CEL says (a list: are among its members)."""

    aggregate: str
    where: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """`problem` is raised, with `detail`, where `condition` is false or `unique` fields are taken.

    `condition`: CEL over `this`, `input`, `principal`, `now`, and `count` where `counted` is given.
    """

    problem: ProblemType
    detail: str
    condition: str = ""
    counted: Counted | None = None
    unique: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What a command asks for, sets and announces.

    `idempotency` matters here where it is natural, as it is for most; keys and versions are the
    operation's affair.
    """

    effect: Literal["create", "put", "update", "delete", "transition", "custom"]
    idempotency: Idempotency = "natural"
    sets: tuple[Assignment, ...] = ()
    emits: tuple[Emission, ...] = ()
    requires: tuple[Requirement, ...] = ()


@dataclass(frozen=True, slots=True)
class Reference:
    """`field` (an id, or a list of them) names entities of the service's aggregate `aggregate`."""

    field: str
    aggregate: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """How a caller stands to an entity.

    Direct: one of `fields` holds the caller's id, or is a list with it. Through: an entity of the
    aggregate `through`, whose `parent` field is this one's id, has `prefix` and the caller's id in
    `principal` and, where `values` are given, one of them in `value_field`. With neither, whoever
    asks stands in it where the entity itself has one of `values` in `value_field`.
    """

    fields: tuple[str, ...] = ()
    through: str | None = None
    parent: str = ""
    principal: str = ""
    prefix: str = ""
    value_field: str = ""
    values: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class AggregateSpec(Generic[E]):
    """An aggregate. Field names are those of the JSON Schema; `commands` go by the command's id.

    Attributes:
        key: the field that identifies an entity to callers.
        state_field: the field that `transitions` move.
        part_of: the field that names the parent entity.
        unique: sets of fields whose values occur once.
        defaults: of the schema, for a new entity.
        tenant: `self` for the aggregate that is the organisation: its id is its tenant's.
        traced: attributes of spans, and the fields of the entity that they tell.
        relations: rules by name; one without a rule is looked for in `<name>Id` and `<name>Ids`.
    """

    name: str
    model: type[E]
    store: TableStore | DocumentStore
    key: str = "id"
    state_field: str | None = None
    initial: str | None = None
    transitions: tuple[Transition, ...] = ()
    invariants: tuple[Invariant, ...] = ()
    commands: Mapping[str, Command] = field(default_factory=dict)
    part_of: Reference | None = None
    references: tuple[Reference, ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()
    defaults: Mapping[str, Any] = field(default_factory=dict)
    tenant: Literal["context", "self"] = "context"
    relations: Mapping[str, Relation] = field(default_factory=dict)
    traced: tuple[tuple[str, str], ...] = ()
