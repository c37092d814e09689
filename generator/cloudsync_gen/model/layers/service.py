"""Layer 04: what a service is: what it calls, uses, may use, and how it is kept from harm."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from cloudsync_gen.model.element import Element, Motivation, Observability, Part
from cloudsync_gen.model.ids import Link
from cloudsync_gen.model.provided import (
    ConfigurationProvider,
    FlagProvider,
    FlagUse,
    Registry,
    SecretProvider,
    Setting,
)
from cloudsync_gen.model.values import Duration, Positive, Quantity, Short

Ratio = Annotated[float, Meta(gt=0, le=1)]


class Fallback(Part, frozen=True, kw_only=True):
    """What the caller does when the callee does not answer in time.

    Attributes:
        kind: to fail, leave it out, take a default or what it had, or let the call wait in a topic
            (`queue`).
        max_age: how old what it had may be; for `queue`, until when the call is made once the
            callee answers.
        topic: where the call waits, for `queue`.
        note: what that means for whoever asked.
    """

    kind: Literal["fail", "omit", "default", "cached", "queue"]
    max_age: Duration | None = None
    topic: Link | None = None
    note: Short | None = None


class Call(Part, frozen=True, kw_only=True):
    """A call edge.

    Attributes:
        operation: what is called.
        during: the service's commands and queries that make it; where none is named, any of them
            may.
        purpose: why it is called.
        timeout: how long one attempt may take.
        retries: attempts after the first at most.
        fallback: what is done when none succeeds.
    """

    operation: Link
    during: tuple[Link, ...] = ()
    purpose: Short
    timeout: Duration
    retries: Annotated[int, Meta(ge=0, le=5)]
    fallback: Fallback


class StoreUse(Part, frozen=True, kw_only=True):
    """A store that a service uses. Exactly one service writes a store.

    Attributes:
        store: the store that is meant.
        access: whether it changes what is there; exactly one service writes a store.
        purpose: what it is used for.
    """

    store: Link
    access: Literal["write", "read"]
    purpose: Short


class Consumption(Part, frozen=True, kw_only=True):
    """An event that a service listens to, and the command that it answers with.

    Attributes:
        event: the event that is meant.
        command: what the service does about it.
        effect: what comes of it, in words.
    """

    event: Link
    command: Link | None = None
    effect: Short


class Collecting(Part, frozen=True, kw_only=True):
    """All events that other services announce, those to come as well. The command takes them as
    they come, by their envelope, so that no change of a payload hurts it. What the service also
    consumes by name reaches both commands.

    Attributes:
        domains: contexts whose events are meant; none: all.
        command: what the service does about each.
        effect: what comes of it, in words.
    """

    domains: tuple[Link, ...] = ()
    command: Link
    effect: Short


class QueueUse(Part, frozen=True, kw_only=True):
    """A queue from which a service takes commands.

    Attributes:
        queue: the queue that is meant.
        command: what is carried out for each message.
        prefetch: messages that one replica works on at a time, at most.
    """

    queue: Link
    command: Link
    prefetch: Annotated[int, Meta(ge=1, le=1000)]


class QueueSend(Part, frozen=True, kw_only=True):
    """A queue into which a service puts commands for another.

    Attributes:
        queue: the queue that is meant.
        purpose: what it is used for.
    """

    queue: Link
    purpose: Short


class Scaling(Part, frozen=True, kw_only=True):
    """How many replicas there are.

    Attributes:
        min_replicas: replicas that are always there.
        max_replicas: replicas that there are at most.
        target_cpu: mean use of processors that adds one, in per cent.
    """

    min_replicas: Annotated[int, Meta(ge=1, le=1000)]
    max_replicas: Annotated[int, Meta(ge=1, le=1000)]
    target_cpu: Annotated[int, Meta(ge=1, le=100)]


class Resources(Part, frozen=True, kw_only=True):
    """What one replica asks for and may use at most.

    Attributes:
        cpu: processors that it asks for.
        memory: memory that it asks for.
        cpu_limit: processors that it may use at most; none: what is free.
        memory_limit: memory at which it is ended.
    """

    cpu: Quantity
    memory: Quantity
    cpu_limit: Quantity | None = None
    memory_limit: Quantity


class Placement(Part, frozen=True, kw_only=True):
    """Where a service runs.

    Attributes:
        regions: where it serves.
        namespace: the namespace of its pods.
        node_pool: the machines of its pods.
    """

    regions: tuple[Link, ...]
    namespace: Link
    node_pool: Link


class RateLimit(Part, frozen=True, kw_only=True):
    """What one tenant may ask for.

    Attributes:
        per_second: requests per second.
        burst: requests at once.
    """

    per_second: Positive
    burst: Positive


class Breaker(Part, frozen=True, kw_only=True):
    """A circuit breaker: it opens when too many calls fail.

    Attributes:
        requests: calls in the window before it judges.
        failure_ratio: share of failed calls at which it opens.
        window: how far back it looks.
        open_for: how long no call is made.
        probes: calls that try whether the callee is back.
    """

    requests: Positive
    failure_ratio: Ratio
    window: Duration
    open_for: Duration
    probes: Positive


class Resilience(Part, frozen=True, kw_only=True):
    """Bounds that keep one caller or callee from taking the rest down.

    Attributes:
        max_concurrent_per_callee: calls to one callee at a time, of one replica.
        pool_per_store: connections to one store, of one replica.
        rate_limit: what one tenant may ask for.
        breaker: when calls to a callee that fails are no longer made.
    """

    max_concurrent_per_callee: Positive
    pool_per_store: Positive
    rate_limit: RateLimit
    breaker: Breaker


class Service(Element, frozen=True, kw_only=True):
    """A deployable unit with one owner. `spec` is implied: contracts name their service.

    Attributes:
        domain: the context that it belongs to.
        owner: the team that answers for it.
        realizes: business services that it makes real.
        tier: how much depends on it: 1 is what nothing works without.
        style: what it speaks; a `worker` is called by nobody.
        port: where it listens.
        stores: stores that it uses.
        calls: operations of other services that it calls.
        consumes: events that it listens to.
        collects: all events of other services, taken as they come.
        queues: queues that it takes commands from.
        sends: queues that it puts commands into.
        scaling: how many replicas there are.
        resources: what one replica may use.
        placement: where it runs.
        resilience: bounds that keep trouble from spreading.
        registry: what copies of other services tell it, if it is where they are known.
        flag_provider: how others ask it to decide a flag, if that is what it does.
        configuration_provider: how others learn from it what their settings are while they run.
        secret_provider: how others borrow from it what they hold by reference only.
        settings: settings beyond those that every service has.
        flags: flags that steer what it does.
        role_table: whether its handlers are handed all roles of the model with what each permits.
        route_table: whether they are handed all ways in from outside (routes of `kind: api`), with
            what each leads to.
        motivation: why it is there.
        apm: how well it has to do.
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
    flag_provider: FlagProvider | None = None
    configuration_provider: ConfigurationProvider | None = None
    secret_provider: SecretProvider | None = None
    settings: tuple[Setting, ...] = ()
    flags: tuple[FlagUse, ...] = ()
    role_table: bool = False
    route_table: bool = False
    motivation: Motivation = Motivation()
    apm: Observability = Observability()
