"""Layer 04: what services can be told and asked, what they announce, how they lean on each other;
services themselves are in `service`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, field

from cloudsync_gen.model.element import Element, Motivation, Part
from cloudsync_gen.model.ids import Link
from cloudsync_gen.model.layers.service import (
    Breaker,
    Call,
    Consumption,
    Service,
    StoreUse,
)
from cloudsync_gen.model.values import (
    Count,
    Duration,
    Identifier,
    Name,
    Permission,
    Positive,
    Short,
    Slug,
    Text,
)

HttpStatus = Annotated[int, Meta(ge=400, le=599)]


class Reference(Part, frozen=True, kw_only=True):
    """A field that holds the id of another aggregate.

    Attributes:
        field: the field that holds the id.
        aggregate: what the id is of.
    """

    field: Identifier
    aggregate: Link


class RelationRule(Part, frozen=True, kw_only=True):
    """How a caller stands to an entity, as commands name it in `relations`.

    Direct: one of `fields` names the caller. Through: an entity of the aggregate `through` does.
    With neither: open to everybody of the tenant where the entity itself has one of `values` in
    `valueField`.

    Attributes:
        name: as commands name it.
        fields: fields that hold the caller's id, or a list with it.
        through: the aggregate whose entities say who stands in it.
        parent: of `through`, the field that holds this entity's id.
        principal: of `through`, the field that names the caller.
        prefix: what stands before the caller's id there.
        value_field: the field that has to have one of `values`: of `through`, or of the entity
            itself.
        values: values of `valueField` that count.
    """

    name: Identifier
    fields: tuple[Identifier, ...] = ()
    through: Link | None = None
    parent: Identifier | None = None
    principal: Identifier | None = None
    prefix: Annotated[str, Meta(max_length=40)] = ""
    value_field: Identifier | None = None
    values: tuple[Identifier, ...] = ()


class Aggregate(Element, frozen=True, kw_only=True):
    """A consistency boundary: an entity with one store, changed only by its service's commands.

    Attributes:
        service: whose commands change it.
        schema: the entity.
        store: where it is kept.
        key: the property that tells entities apart.
        part_of: the aggregate that it is a part of, and the field that holds its id.
        unique: sets of properties whose values no two entities of a tenant share.
        references: fields that hold ids of other aggregates.
        relations: how callers stand to it.
        tenant_root: whether the entity is the tenant itself; a new one's organizationId is its own
            id.
    """

    service: Link
    schema: Link
    store: Link
    key: Identifier = "id"
    part_of: Reference | None = None
    unique: tuple[tuple[Identifier, ...], ...] = ()
    references: tuple[Reference, ...] = ()
    relations: tuple[RelationRule, ...] = ()
    tenant_root: bool = False


class State(Part, frozen=True, kw_only=True):
    """One state of a life cycle.

    Attributes:
        name: as the state field holds it.
        description: what it means.
        terminal: whether nothing leads out of it.
    """

    name: Identifier
    description: Short
    terminal: bool = False


class Transition(Part, frozen=True, kw_only=True):
    """A command that moves the entity to another state.

    Attributes:
        command: the command that is meant.
        sources: states that it starts from; none: the entity comes into being.
        to: the state that it leads to.
        roles: who may make it.
        relations: how the caller has to stand to the entity.
        guard: what else has to hold, in words.
        condition: what else has to hold: CEL over `this`, `input`, `principal` and `now`.
    """

    command: Link
    sources: tuple[Identifier, ...] = field(name="from")
    to: Identifier
    roles: tuple[Link, ...]
    relations: tuple[Identifier, ...] = ()
    guard: Short | None = None
    condition: Text | None = None


class Lifecycle(Element, frozen=True, kw_only=True):
    """States and transitions of an aggregate.

    Attributes:
        aggregate: whose they are.
        state_field: the property that holds the state.
        initial: the state of a new entity.
        states: all of them.
        transitions: all moves; others are refused.
    """

    aggregate: Link
    state_field: Identifier
    initial: Identifier
    states: tuple[State, ...]
    transitions: tuple[Transition, ...]


class Invariant(Element, frozen=True, kw_only=True):
    """A CEL expression over `this` (the entity) that holds after every command.

    Attributes:
        aggregate: what it is about.
        expression: CEL over `this`, the entity as it would be.
        message: what people are told when a command would break it.
    """

    aggregate: Link
    expression: Text
    message: Short


class ProblemCase(Part, frozen=True, kw_only=True):
    """A way in which an operation is refused.

    Attributes:
        slug: end of the problem type's URI (RFC 9457).
        status: status of HTTP.
        when: when that is.
    """

    slug: Slug
    status: HttpStatus
    when: Short


class Counted(Part, frozen=True, kw_only=True):
    """How many entities of an aggregate of the same service there are with certain values.

    Attributes:
        aggregate: what is counted.
        where: property -> CEL over `this`, `input`, `principal` and `now` that it must equal (or,
            if that is a list, be one of its members; a list property must contain it).
    """

    aggregate: Link
    where: dict[Identifier, Short]


class Requirement(Part, frozen=True, kw_only=True):
    """What must hold before a command changes anything; else it is refused as `problem` says.

    Either `condition` or `unique`.

    Attributes:
        condition: CEL over `this` (the entity before; nothing at a create), `input` (body and
            parameters), `principal` (id, kind, roles), `now`, and `count` where something is
            counted.
        count: what `count` is in the condition.
        unique: one of the aggregate's sets of unique properties, whose values are taken.
        problem: the slug of one of the command's errors.
    """

    condition: Text | None = None
    count: Counted | None = None
    unique: tuple[Identifier, ...] = ()
    problem: Slug


class Schedule(Part, frozen=True, kw_only=True):
    """A command that the service gives itself by the clock, one replica at a time.

    Due are entities of which each property in `where` has one of the values, and `since` lies at
    least `after` back.

    Attributes:
        every: how often it looks.
        per: for each entity that is due, once per tenant that has one, or once for the service.
        where: property -> values of those that are due.
        since: the date-time property from which `after` is counted.
        after: how long ago `since` has to be.
    """

    every: Duration
    per: Literal["entity", "tenant", "service"] = "entity"
    where: dict[Identifier, tuple[str | int | bool, ...]] = field(default_factory=dict)
    since: Identifier | None = None
    after: Duration | None = None


AssignmentSource = Annotated[
    str, Meta(pattern=r"^(body|parameter|context)\.[a-zA-Z][a-zA-Z0-9]*$(?!\n)", max_length=90)
]


class Assignment(Part, frozen=True, kw_only=True):
    """A field that the command sets: to a literal, or to what `source` names.

    Attributes:
        field: the field that is meant.
        value: the literal.
        source: `body.<property>`, `parameter.<name>`, or `context.subject`,
            `context.organizationId`, `context.now`.
        offset: how much is added to the time that `source` names.
    """

    field: Identifier
    value: str | int | float | bool | None = None
    source: AssignmentSource | None = None
    offset: Duration | None = None


class Command(Element, frozen=True, kw_only=True):
    """Something a service can be told to do.

    Attributes:
        service: who does it.
        aggregate: what it changes.
        effect: what its default handler carries out; `put` creates, or changes what has the same
            unique values.
        takes: what it is given; `event`: a custom command that is handed each event mapped to it as
            it came, of whatever type, by one method.
        input: the schema of its body.
        output: the schema of what it answers.
        permission: `resource:action` that the caller needs.
        access: who may call it at all.
        relations: how a caller without the permission for everything has to stand to the entity.
        sets: fields that it sets.
        clears: fields that it empties.
        emits: events that it announces.
        idempotency: what makes a second call harmless: a key, its nature (a create makes each thing
            once and refuses another one with its unique values), or the version.
        schedule: when the clock calls it, besides whoever else may.
        requires: what must hold, judged in order, after the life cycle's transition.
        errors: ways in which it is refused.
    """

    service: Link
    aggregate: Link
    effect: Literal["create", "put", "update", "delete", "transition", "custom"]
    takes: Literal["input", "event"] = "input"
    input: Link | None = None
    output: Link | None = None
    permission: Permission | None = None
    access: Literal["authenticated", "public", "workload"] = "authenticated"
    relations: tuple[Identifier, ...] = ()
    sets: tuple[Assignment, ...] = ()
    clears: tuple[Identifier, ...] = ()
    emits: tuple[Link, ...] = ()
    idempotency: Literal["key", "natural", "if-match", "none"]
    schedule: Schedule | None = None
    requires: tuple[Requirement, ...] = ()
    errors: tuple[ProblemCase, ...] = ()


class Query(Element, frozen=True, kw_only=True):
    """Something a service can be asked. It changes nothing.

    Attributes:
        service: who answers it.
        aggregate: what it reads.
        kind: one entity, a page of them, or what a handler works out.
        input: the schema of its parameters or body.
        output: the schema of what it answers.
        permission: `resource:action` that the caller needs.
        access: who may call it at all.
        relations: how a caller without the permission for everything has to stand to the entity.
        filters: properties that a list can be narrowed by.
        sorts: properties that a list can be sorted by.
        reads_from: the store that it reads, where that is not the aggregate's.
        errors: ways in which it is refused.
    """

    service: Link
    aggregate: Link
    kind: Literal["get", "list", "custom"]
    input: Link | None = None
    output: Link
    permission: Permission | None = None
    access: Literal["authenticated", "public", "workload"] = "authenticated"
    relations: tuple[Identifier, ...] = ()
    filters: tuple[Identifier, ...] = ()
    sorts: tuple[Identifier, ...] = ()
    reads_from: Link | None = None
    errors: tuple[ProblemCase, ...] = ()


class Event(Element, frozen=True, kw_only=True):
    """A fact that a service announces (past tense), as the data of a CloudEvent on a topic.

    Attributes:
        service: who announces it.
        aggregate: what it is about.
        topic: where it is announced.
        key: the property of the payload that orders it.
        key_from: the property of the entity that holds the key, where the names do not tell.
        payload: the schema of its data.
        version: of the payload; another one is another event to consumers.
    """

    service: Link
    aggregate: Link
    topic: Link
    key: Identifier
    key_from: Identifier | None = None
    payload: Link
    version: Positive = 1


class SagaStep(Part, frozen=True, kw_only=True):
    """One local transaction of a saga and the command that undoes it.

    Attributes:
        name: what is done.
        service: who does it.
        command: by what it is done.
        on: the event that begins it.
        compensation: the command that undoes it.
        timeout: how long it may take.
        optional: the command may find nothing to do and announce nothing; then the step is done.
        awaited: a run is complete only once the step is done, too, beside what `completesOn` names.
        pivot: once the step is done the run is decided. Those after it are repeated until they are
            done, and undone only where an event in `failsOn` takes the run back, never because they
            fail.
        idempotency_key: the property that is the same in every attempt of one run.
    """

    name: Name
    service: Link
    command: Link
    on: Link | None = None
    compensation: Link | None = None
    timeout: Duration
    optional: bool = False
    awaited: bool = False
    pivot: bool = False
    idempotency_key: Identifier


class Saga(Element, frozen=True, kw_only=True):
    """A transaction over services by choreography; steps are undone in the order of the list.

    Attributes:
        topic: the log on which all who take part tell each other how each run stands.
        trigger: the event that begins a run.
        steps: what is done.
        completes_on: the event that ends a run well.
        fails_on: events at which a run is taken back.
        process: the business process that it is.
        deadline: how long a run may take.
        max_open: runs that may be open at a time.
        motivation: why it is there.
    """

    topic: Link
    trigger: Link
    steps: tuple[SagaStep, ...]
    completes_on: Link
    fails_on: tuple[Link, ...] = ()
    process: Link
    deadline: Duration
    max_open: Count | None = None
    motivation: Motivation = Motivation()


TYPES: dict[str, type[Element]] = {
    "service": Service,
    "aggregate": Aggregate,
    "lifecycle": Lifecycle,
    "invariant": Invariant,
    "command": Command,
    "query": Query,
    "event": Event,
    "saga": Saga,
}

__all__ = [
    "Aggregate",
    "Assignment",
    "AssignmentSource",
    "Breaker",
    "Call",
    "Command",
    "Consumption",
    "Counted",
    "Event",
    "HttpStatus",
    "Invariant",
    "Lifecycle",
    "ProblemCase",
    "Query",
    "Reference",
    "RelationRule",
    "Requirement",
    "Saga",
    "SagaStep",
    "Schedule",
    "Service",
    "State",
    "StoreUse",
    "Transition",
]
