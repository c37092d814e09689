"""Layer 04: services, what they can be told and asked, what they announce, how they lean on each
other.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, field

from cloudsync_gen.model.element import Element, Motivation, Observability, Part
from cloudsync_gen.model.ids import Link
from cloudsync_gen.model.values import (
    Count,
    Duration,
    Identifier,
    Name,
    Permission,
    Positive,
    Quantity,
    Short,
    Slug,
    SqlName,
    Text,
)

Ratio = Annotated[float, Meta(gt=0, le=1)]
HttpStatus = Annotated[int, Meta(ge=400, le=599)]


class Fallback(Part, frozen=True, kw_only=True):
    """What the caller does when the callee does not answer in time.

    `queue`: the call waits on `topic` and is made once the callee answers, until `maxAge` is over.
    """

    kind: Literal["fail", "omit", "default", "cached", "queue"]
    max_age: Duration | None = None
    topic: Link | None = None
    note: Short | None = None


class Call(Part, frozen=True, kw_only=True):
    """A call edge: at most `retries` more attempts, each within `timeout`.

    `during`: the service's commands and queries that make it; where none is named, any of them may.
    """

    operation: Link
    during: tuple[Link, ...] = ()
    purpose: Short
    timeout: Duration
    retries: Annotated[int, Meta(ge=0, le=5)]
    fallback: Fallback


class StoreUse(Part, frozen=True, kw_only=True):
    """A store that a service uses. Exactly one service writes a store."""

    store: Link
    access: Literal["write", "read"]
    purpose: Short


class Consumption(Part, frozen=True, kw_only=True):
    """An event that a service listens to, and the command that it answers with."""

    event: Link
    command: Link | None = None
    effect: Short


class Collecting(Part, frozen=True, kw_only=True):
    """All events that other services of some `domains` announce, of all where it names none: those
    to come as well. The command takes them as they come, by their envelope, so that no change of a
    payload hurts it. What the service also consumes by name reaches both commands.
    """

    domains: tuple[Link, ...] = ()
    command: Link
    effect: Short


class QueueUse(Part, frozen=True, kw_only=True):
    """A queue from which a service takes commands, at most `prefetch` at a time in one replica."""

    queue: Link
    command: Link
    prefetch: Annotated[int, Meta(ge=1, le=1000)]


class QueueSend(Part, frozen=True, kw_only=True):
    """A queue into which a service puts commands for another."""

    queue: Link
    purpose: Short


class Scaling(Part, frozen=True, kw_only=True):
    """Replicas and the mean CPU use (per cent) that adds one."""

    min_replicas: Annotated[int, Meta(ge=1, le=1000)]
    max_replicas: Annotated[int, Meta(ge=1, le=1000)]
    target_cpu: Annotated[int, Meta(ge=1, le=100)]


class Resources(Part, frozen=True, kw_only=True):
    """What one replica asks for and may use at most."""

    cpu: Quantity
    memory: Quantity
    cpu_limit: Quantity | None = None
    memory_limit: Quantity


class Placement(Part, frozen=True, kw_only=True):
    """Where a service runs."""

    regions: tuple[Link, ...]
    namespace: Link
    node_pool: Link


class RateLimit(Part, frozen=True, kw_only=True):
    """Requests per second and tenant, with a burst."""

    per_second: Positive
    burst: Positive


class Breaker(Part, frozen=True, kw_only=True):
    """Circuit breaker: opens at `failureRatio` of at least `requests` in `window`."""

    requests: Positive
    failure_ratio: Ratio
    window: Duration
    open_for: Duration
    probes: Positive


class Resilience(Part, frozen=True, kw_only=True):
    """Bounds that keep one caller or callee from taking the rest down."""

    max_concurrent_per_callee: Positive
    pool_per_store: Positive
    rate_limit: RateLimit
    breaker: Breaker


class Setting(Part, frozen=True, kw_only=True):
    """A setting of the service beyond those that every service has."""

    key: SqlName
    type: Literal["string", "integer", "number", "boolean", "duration"]
    default: str | int | float | bool
    description: Short


class RegistryCall(Part, frozen=True, kw_only=True):
    """What a copy of a service tells the registry as it begins, while it lives, or as it goes.

    `sends`: property of the request -> a text in which `{fact}` stands for what the copy knows:
    `service`, `version`, `region`, `port`, `protocol`, `id` (that it was registered with), `load`
    (per cent), and whatever its setting `REGISTRATION` says besides.
    """

    step: Literal["register", "renew", "leave"]
    operation: Link
    sends: dict[Identifier, Short]


class Registry(Part, frozen=True, kw_only=True):
    """The service is where the copies of all others are known; it answers these RPCs to them.

    A copy renews `every` so often what it has registered as, which the answer names in `key`.
    `protocols`: style of a service -> how the registry calls what it speaks. Fallback: nobody
    waits for a registry, the copy tries again.
    """

    every: Duration
    timeout: Duration
    retries: Annotated[int, Meta(ge=0, le=5)] = 0
    key: Identifier = "id"
    protocols: dict[Identifier, Short]
    calls: tuple[RegistryCall, ...]


class Service(Element, frozen=True, kw_only=True):
    """A deployable unit with one owner. `spec` is implied: contracts name their service.

    `roleTable`: its handlers are handed all roles of the model with what each permits.
    `routeTable`: all ways in from outside (routes of `kind: api`), with what each leads to.
    """

    domain: Link
    owner: Link
    realizes: tuple[Link, ...]
    tier: Literal[1, 2, 3]
    style: Literal["rest", "grpc", "graphql", "worker"]
    port: Annotated[int, Meta(ge=1024, le=65535)]
    stores: tuple[StoreUse, ...]
    calls: tuple[Call, ...] = ()
    consumes: tuple[Consumption, ...] = ()
    collects: tuple[Collecting, ...] = ()
    queues: tuple[QueueUse, ...] = ()
    sends: tuple[QueueSend, ...] = ()
    scaling: Scaling
    resources: Resources
    placement: Placement
    resilience: Resilience
    registry: Registry | None = None
    settings: tuple[Setting, ...] = ()
    role_table: bool = False
    route_table: bool = False
    motivation: Motivation = Motivation()
    apm: Observability = Observability()


class Reference(Part, frozen=True, kw_only=True):
    """A field that holds the id of another aggregate."""

    field: Identifier
    aggregate: Link


class RelationRule(Part, frozen=True, kw_only=True):
    """How a caller stands to an entity, as commands name it in `relations`.

    Direct: one of `fields` holds the caller's id, or is a list with it. Through: an entity of the
    aggregate `through`, whose `parent` field is this one's id, names the caller in `principal`
    (after `prefix`), and has one of `values` in `valueField` where those are given. With neither:
    open to everybody of the tenant where the entity itself has one of `values` in `valueField`.
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

    `tenantRoot`: the entity is the tenant itself; a new one's organizationId is its own id.
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
    """One state of a life cycle."""

    name: Identifier
    description: Short
    terminal: bool = False


class Transition(Part, frozen=True, kw_only=True):
    """`command` moves the entity from any of `from` to `to` (empty `from`: it comes into being)."""

    command: Link
    sources: tuple[Identifier, ...] = field(name="from")
    to: Identifier
    roles: tuple[Link, ...]
    relations: tuple[Identifier, ...] = ()
    guard: Short | None = None
    condition: Text | None = None


class Lifecycle(Element, frozen=True, kw_only=True):
    """States and transitions of an aggregate; `stateField` holds the state."""

    aggregate: Link
    state_field: Identifier
    initial: Identifier
    states: tuple[State, ...]
    transitions: tuple[Transition, ...]


class Invariant(Element, frozen=True, kw_only=True):
    """A CEL expression over `this` (the entity) that holds after every command."""

    aggregate: Link
    expression: Text
    message: Short


class ProblemCase(Part, frozen=True, kw_only=True):
    """A way in which an operation is refused: `slug` ends the problem type's URI (RFC 9457)."""

    slug: Slug
    status: HttpStatus
    when: Short


class Counted(Part, frozen=True, kw_only=True):
    """How many entities of an aggregate of the same service there are with certain values.

    `where`: CEL over `this`, `input`, `principal` and `now` for each property that must equal it
    (or, if it is a list, be one of its members; a list property must contain it).
    """

    aggregate: Link
    where: dict[Identifier, Short]


class Requirement(Part, frozen=True, kw_only=True):
    """What must hold before a command changes anything; else it is refused as `problem` says.

    Either `condition`: CEL over `this` (the entity before; nothing at a create), `input` (body and
    parameters), `principal` (id, kind, roles), `now`, and `count` where something is counted. Or
    `unique`: one of the aggregate's sets of unique properties, whose values are taken. `problem`:
    the slug of one of the command's errors.
    """

    condition: Text | None = None
    count: Counted | None = None
    unique: tuple[Identifier, ...] = ()
    problem: Slug


class Schedule(Part, frozen=True, kw_only=True):
    """A command that the service gives itself by the clock, one replica at a time.

    `per` entity of the aggregate that is due, once per tenant that has one, or once for the
    service. Due: each property in `where` has one of the values, and the date-time property
    `since` lies at least `after` back.
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
    """A field that the command sets: to a literal, or to what `source` names, plus `offset`.

    Sources: `body.<property>`, `parameter.<name>`, `context.subject | organizationId | now`.
    """

    field: Identifier
    value: str | int | float | bool | None = None
    source: AssignmentSource | None = None
    offset: Duration | None = None


class Command(Element, frozen=True, kw_only=True):
    """Something a service can be told to do. `effect` says what its default handler carries out.

    `put` creates, or changes what has the same unique values. `idempotency: natural`: the same
    command has the same effect by itself; a create makes each thing once and refuses another one
    with its unique values. `requires` are judged in order, after the life cycle's transition.
    `takes: event`: a custom command that is handed each event mapped to it as it came, of whatever
    type, by one method. `schedule`: the clock calls it, besides whoever else may.
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
    """Something a service can be asked. It changes nothing."""

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

    `key`: the property of the payload that orders it. `keyFrom`: the property of the entity that
    holds the key, where the names do not tell.
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

    `optional`: the command may find nothing to do and announce nothing; then the step is done.
    `awaited`: a run is complete only once the step is done, too, beside what `completes_on` names.
    `pivot`: once the step is done the run is decided. Those after it are repeated until they are
    done, and undone only where an event in `failsOn` takes the run back, never because they fail.
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

    `topic`: the log on which all who take part tell each other how each run stands.
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
