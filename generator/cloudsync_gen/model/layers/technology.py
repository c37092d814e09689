"""Layer 05: where everything runs and what carries it."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from cloudsync_gen.model.element import Element, Motivation, Part
from cloudsync_gen.model.ids import Link
from cloudsync_gen.model.values import Count, Duration, Name, Positive, Quantity, Short, Slug

RegionCode = Annotated[str, Meta(pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]$(?!\n)", max_length=30)]
Cidr = Annotated[str, Meta(pattern=r"^[0-9]{1,3}(\.[0-9]{1,3}){3}/[0-9]{1,2}$(?!\n)")]


class Region(Element, frozen=True, kw_only=True):
    """A region of the cloud.

    Attributes:
        code: its name in the cloud.
        role: what it is for beside the others.
        serving: whether people's requests are answered there.
        residency: the jurisdiction whose data may lie there; what fails over stays within it.
        cidr: addresses of its network.
        zones: how many zones are used.
        traffic_percent: share of the traffic; those of all regions come to 100.
        fails_over_to: the region that takes over when it is lost.
        motivation: why it is there.
    """

    code: RegionCode
    role: Literal["primary", "secondary", "regional", "backup"]
    serving: bool
    residency: Slug
    cidr: Cidr
    zones: Annotated[int, Meta(ge=1, le=26)]
    traffic_percent: Annotated[int, Meta(ge=0, le=100)]
    fails_over_to: Link | None = None
    motivation: Motivation = Motivation()


class Cluster(Element, frozen=True, kw_only=True):
    """A Kubernetes cluster.

    Attributes:
        region: where it is.
        version: version of Kubernetes, without the patch.
        mesh: the service mesh in it.
    """

    region: Link
    version: Annotated[str, Meta(pattern=r"^1\.[0-9]{1,2}$(?!\n)")]
    mesh: Link | None = None


class Namespace(Element, frozen=True, kw_only=True):
    """A namespace that exists in each of `clusters`.

    Attributes:
        clusters: where it exists.
        kubernetes_name: its name in Kubernetes.
        purpose: what runs in it.
        mesh_injection: whether its pods take part in the mesh.
    """

    clusters: tuple[Link, ...]
    kubernetes_name: Slug
    purpose: Literal["workload", "staging", "monitoring", "mesh"]
    mesh_injection: bool


class PoolSize(Part, frozen=True, kw_only=True):
    """Bounds and price of a node pool in one cluster, where they differ from the pool's own.

    Attributes:
        cluster: the cluster that is meant.
        min_nodes: machines that are always there.
        max_nodes: machines that there are at most.
        hourly_cost_cents: price of one machine and hour, in cents.
    """

    cluster: Link
    min_nodes: Count
    max_nodes: Positive
    hourly_cost_cents: Annotated[float, Meta(gt=0)]


class NodePool(Element, frozen=True, kw_only=True):
    """Machines of one class. Numbers are per cluster, `sizes` those of one that differs.

    Attributes:
        clusters: where it exists.
        node_class: what its machines are good for, as pods select them.
        instance_type: type of machine in the cloud.
        vcpu: processors of one machine.
        memory: memory of one machine.
        min_nodes: machines that are always there, in each cluster.
        max_nodes: machines that there are at most, in each cluster.
        hourly_cost_cents: price of one machine and hour, in cents.
        spot: whether the cloud may take its machines away.
        sizes: bounds and price in clusters where they differ.
        motivation: why it is there.
    """

    clusters: tuple[Link, ...]
    node_class: Slug
    instance_type: Annotated[str, Meta(pattern=r"^[a-z0-9]+\.[a-z0-9]+$(?!\n)")]
    vcpu: Positive
    memory: Quantity
    min_nodes: Count
    max_nodes: Positive
    hourly_cost_cents: Annotated[float, Meta(gt=0)]
    spot: bool = False
    sizes: tuple[PoolSize, ...] = ()
    motivation: Motivation = Motivation()


class Recovery(Part, frozen=True, kw_only=True):
    """Recovery time and recovery point that replication and backup give.

    Attributes:
        rto: how soon the store is back after a loss.
        rpo: from how long before the loss on what was written may be gone.
        replication: how copies are kept.
        backup: how often and for how long backups are kept.
    """

    rto: Duration
    rpo: Duration
    replication: Short
    backup: Short


class ManagedStore(Element, frozen=True, kw_only=True):
    """A server or cluster of servers of one store engine.

    Attributes:
        engine: what it runs.
        engine_version: version of the engine.
        regions: where it runs.
        instance_type: type of machine in the cloud.
        nodes_per_region: servers in each region.
        max_connections: connections that one server takes; the pools of all replicas fit in.
        recovery: what replication and backup give.
        motivation: why it is there.
    """

    engine: Literal["postgresql", "mongodb", "cassandra", "elasticsearch", "clickhouse", "redis"]
    engine_version: Annotated[str, Meta(pattern=r"^[0-9]+(\.[0-9x]+){0,2}$(?!\n)")]
    regions: tuple[Link, ...]
    instance_type: Short
    nodes_per_region: Positive
    max_connections: Positive | None = None
    recovery: Recovery
    motivation: Motivation = Motivation()


class Broker(Element, frozen=True, kw_only=True):
    """A message broker.

    Attributes:
        engine: what it runs.
        engine_version: version of the engine.
        regions: where it runs.
        nodes_per_region: servers in each region.
        recovery: what replication and backup give.
        motivation: why it is there.
    """

    engine: Literal["kafka", "rabbitmq"]
    engine_version: Annotated[str, Meta(pattern=r"^[0-9]+(\.[0-9x]+){0,2}$(?!\n)")]
    regions: tuple[Link, ...]
    nodes_per_region: Positive
    recovery: Recovery
    motivation: Motivation = Motivation()


class Topic(Element, frozen=True, kw_only=True):
    """A stream of events with one owner.

    Attributes:
        broker: where it lies.
        topic: its name there.
        partitions: parts of it that are read side by side.
        replication_factor: copies of each message.
        retention: how long messages stay.
        dead_letter: the topic for what consumers could not handle.
    """

    broker: Link
    topic: Annotated[str, Meta(pattern=r"^[a-z0-9]+([._-][a-z0-9]+)*$(?!\n)", max_length=249)]
    partitions: Positive
    replication_factor: Positive
    retention: Duration
    dead_letter: Link | None = None


class Queue(Element, frozen=True, kw_only=True):
    """A queue of commands.

    Attributes:
        broker: where it lies.
        queue: its name there.
        kind: type of queue in RabbitMQ.
        delivery_limit: how often a message is tried before it goes to `deadLetter`.
        message_ttl: how long a message may wait.
        max_length: messages that wait at most.
        dead_letter: the queue for what could not be carried out.
    """

    broker: Link
    queue: Annotated[str, Meta(pattern=r"^[a-z0-9]+([._-][a-z0-9]+)*$(?!\n)", max_length=249)]
    kind: Literal["quorum", "classic", "stream"] = "quorum"
    delivery_limit: Annotated[int, Meta(ge=1, le=100)] | None = None
    message_ttl: Duration | None = None
    max_length: Positive | None = None
    dead_letter: Link | None = None


class ObjectStorage(Element, frozen=True, kw_only=True):
    """Object storage that buckets live in.

    Attributes:
        engine: what it speaks.
        regions: where it is.
        storage_classes: classes of storage that buckets may use.
        recovery: what replication and backup give.
        motivation: why it is there.
    """

    engine: Literal["s3"]
    regions: tuple[Link, ...]
    storage_classes: tuple[Name, ...]
    recovery: Recovery
    motivation: Motivation = Motivation()


class Edge(Element, frozen=True, kw_only=True):
    """Something between the public network and the clusters.

    Attributes:
        kind: what it does.
        regions: where it is.
        settings: its own settings, by name.
        controls: measures that it carries out.
        motivation: why it is there.
    """

    kind: Literal["dns", "cdn", "ddos-protection", "waf", "accelerator", "gateway"]
    regions: tuple[Link, ...]
    settings: dict[str, str | int | float | bool] = {}
    controls: tuple[Link, ...] = ()
    motivation: Motivation = Motivation()


class Mesh(Element, frozen=True, kw_only=True):
    """The service mesh.

    Attributes:
        engine: what it runs.
        engine_version: version of the engine.
        mutual_tls: whether it also lets through what shows no certificate.
        certificate_lifetime: how long a workload's certificate counts.
        controls: measures that it carries out.
        motivation: why it is there.
    """

    engine: Literal["istio"]
    engine_version: Annotated[str, Meta(pattern=r"^[0-9]+(\.[0-9]+){1,2}$(?!\n)")]
    mutual_tls: Literal["strict", "permissive"]
    certificate_lifetime: Duration
    controls: tuple[Link, ...] = ()
    motivation: Motivation = Motivation()


TYPES: dict[str, type[Element]] = {
    "region": Region,
    "cluster": Cluster,
    "namespace": Namespace,
    "node-pool": NodePool,
    "store": ManagedStore,
    "broker": Broker,
    "topic": Topic,
    "queue": Queue,
    "object-storage": ObjectStorage,
    "edge": Edge,
    "mesh": Mesh,
}
