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
    """A region of the cloud."""

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
    """A Kubernetes cluster."""

    region: Link
    version: Annotated[str, Meta(pattern=r"^1\.[0-9]{1,2}$(?!\n)")]
    mesh: Link | None = None


class Namespace(Element, frozen=True, kw_only=True):
    """A namespace that exists in each of `clusters`."""

    clusters: tuple[Link, ...]
    kubernetes_name: Slug
    purpose: Literal["workload", "staging", "monitoring", "mesh"]
    mesh_injection: bool


class PoolSize(Part, frozen=True, kw_only=True):
    """Bounds and price of a node pool in one cluster, where they differ from the pool's own."""

    cluster: Link
    min_nodes: Count
    max_nodes: Positive
    hourly_cost_cents: Annotated[float, Meta(gt=0)]


class NodePool(Element, frozen=True, kw_only=True):
    """Machines of one class. Numbers are per cluster, `sizes` those of one that differs."""

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
    """Recovery time and recovery point that replication and backup give."""

    rto: Duration
    rpo: Duration
    replication: Short
    backup: Short


class ManagedStore(Element, frozen=True, kw_only=True):
    """A server or cluster of servers of one store engine."""

    engine: Literal["postgresql", "mongodb", "cassandra", "elasticsearch", "clickhouse", "redis"]
    engine_version: Annotated[str, Meta(pattern=r"^[0-9]+(\.[0-9x]+){0,2}$(?!\n)")]
    regions: tuple[Link, ...]
    instance_type: Short
    nodes_per_region: Positive
    max_connections: Positive | None = None
    recovery: Recovery
    motivation: Motivation = Motivation()


class Broker(Element, frozen=True, kw_only=True):
    """A message broker."""

    engine: Literal["kafka", "rabbitmq"]
    engine_version: Annotated[str, Meta(pattern=r"^[0-9]+(\.[0-9x]+){0,2}$(?!\n)")]
    regions: tuple[Link, ...]
    nodes_per_region: Positive
    recovery: Recovery
    motivation: Motivation = Motivation()


class Topic(Element, frozen=True, kw_only=True):
    """A stream of events with one owner."""

    broker: Link
    topic: Annotated[str, Meta(pattern=r"^[a-z0-9]+([._-][a-z0-9]+)*$(?!\n)", max_length=249)]
    partitions: Positive
    replication_factor: Positive
    retention: Duration
    dead_letter: Link | None = None


class Queue(Element, frozen=True, kw_only=True):
    """A queue of commands; a message that fails `deliveryLimit` times goes to `deadLetter`."""

    broker: Link
    queue: Annotated[str, Meta(pattern=r"^[a-z0-9]+([._-][a-z0-9]+)*$(?!\n)", max_length=249)]
    kind: Literal["quorum", "classic", "stream"] = "quorum"
    delivery_limit: Annotated[int, Meta(ge=1, le=100)] | None = None
    message_ttl: Duration | None = None
    max_length: Positive | None = None
    dead_letter: Link | None = None


class ObjectStorage(Element, frozen=True, kw_only=True):
    """Object storage that buckets live in."""

    engine: Literal["s3"]
    regions: tuple[Link, ...]
    storage_classes: tuple[Name, ...]
    recovery: Recovery
    motivation: Motivation = Motivation()


class Edge(Element, frozen=True, kw_only=True):
    """Something between the public network and the clusters."""

    kind: Literal["dns", "cdn", "ddos-protection", "waf", "accelerator", "gateway"]
    regions: tuple[Link, ...]
    settings: dict[str, str | int | float | bool] = {}
    controls: tuple[Link, ...] = ()
    motivation: Motivation = Motivation()


class Mesh(Element, frozen=True, kw_only=True):
    """The service mesh."""

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
