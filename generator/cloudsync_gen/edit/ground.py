"""What a model has to offer to a new service: where it may run, store, announce, be measured.

What services of the same domain use most comes first, so that a new one is like its neighbours.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Any

from msgspec import Struct

from cloudsync_gen.model.ids import ElementId, name_of
from cloudsync_gen.model.layers.apm import Metric, Sli
from cloudsync_gen.model.layers.application import Service
from cloudsync_gen.model.layers.business import BusinessService, Domain
from cloudsync_gen.model.layers.data_model import ValueType
from cloudsync_gen.model.layers.datastore import Database
from cloudsync_gen.model.layers.security import Classification, Role
from cloudsync_gen.model.layers.technology import Broker, ManagedStore, Namespace, NodePool, Region
from cloudsync_gen.model.system import Model
from cloudsync_gen.source import Ref

FIRST_PORT, LAST_PORT = 8001, 65535
SUFFIX = "-service"
STATUS_LABELS = ("status", "response_code", "status_code", "http_response_status_code")


class Missing(Exception):
    """What the model lacks that every service needs, in words."""


class Ground(Struct, frozen=True, kw_only=True):
    """Ids, except where they say otherwise. `values`: kind of shared value -> place of its schema.

    `broker` may be absent: then nothing is announced. `latency` is a histogram of requests,
    `errors` counts them by status, `at_once` is a gauge of those being answered, if there is one.
    """

    domain: str
    owner: str
    realizes: tuple[str, ...]
    port: int
    regions: tuple[str, ...]
    namespace: str
    node_pool: str
    store: str
    broker: str | None
    classification: str
    content_classification: str
    role: str
    availability: Metric
    latency: Metric
    errors: Metric
    at_once: Metric | None
    values: Mapping[str, Ref]


def ground(
    model: Model, domain: Domain, *, owner: str | None, port: int | None, role: str | None
) -> Ground:
    """What the model offers. Raises `Missing`."""
    neighbours = [s for s in model.all(Service) if s.domain == domain.id] or [*model.all(Service)]
    store = _store(model, domain)
    latency = _latency(model)
    availability = _availability(model, neighbours, latency)
    return Ground(
        domain=domain.id,
        owner=owner or domain.owner,
        realizes=_realizes(model, domain, neighbours),
        port=port or free_port(model),
        regions=_regions(model, neighbours, store),
        namespace=_namespace(model, neighbours),
        node_pool=_node_pool(model, neighbours),
        store=store.id,
        broker=next((each.id for each in model.all(Broker) if each.engine == "kafka"), None),
        classification=_classification(model, "internal"),
        content_classification=_classification(model, "confidential"),
        role=role or _role(model),
        availability=availability,
        latency=latency,
        errors=_by_status(availability, latency),
        at_once=next((m for m in model.all(Metric) if _counts_open(m)), None),
        values=_values(model),
    )


def free_port(model: Model) -> int:
    """The first port above those in use."""
    used = {service.port for service in model.all(Service)}
    above = max((port for port in used if port < LAST_PORT), default=FIRST_PORT - 1) + 1
    for port in chain(range(above, LAST_PORT), range(1024, above)):
        if port not in used:
            return port
    raise Missing("a free port")


def _first(found: Iterable[str], what: str) -> str:
    """The most frequent, the first by name among equals."""
    counted = Counter(found)
    if not counted:
        raise Missing(what)
    return min(counted, key=lambda each: (-counted[each], each))


def _realizes(model: Model, domain: Domain, neighbours: list[Service]) -> tuple[str, ...]:
    offered = [each.id for each in model.all(BusinessService) if each.domain == domain.id]
    named = [each for s in neighbours for each in s.realizes if each in offered]
    return (_first(named or offered, "a business service"),) if offered else ()


def _store(model: Model, domain: Domain) -> ManagedStore:
    managed = {s.id: s for s in model.all(ManagedStore) if s.engine == "postgresql"}
    services = {service.id for service in model.all(Service) if service.domain == domain.id}
    own = [
        database.store
        for database in model.all(Database)
        if database.store in managed and any(s.service in services for s in database.schemas)
    ]
    return managed[_first(own or [*managed], "a technology.store with engine postgresql")]


def _regions(model: Model, neighbours: list[Service], store: ManagedStore) -> tuple[str, ...]:
    serving = [region.id for region in model.all(Region) if region.serving]
    placed = [s.placement.regions for s in neighbours if {*s.placement.regions} & {*store.regions}]
    chosen = Counter(placed).most_common(1)[0][0] if placed else tuple(serving)
    kept = tuple(region for region in chosen if region in store.regions)
    if not kept:
        raise Missing(f"a serving region that {store.id} is in")
    return kept


def _namespace(model: Model, neighbours: list[Service]) -> str:
    there = [each.id for each in model.all(Namespace) if each.purpose == "workload"]
    return _first([s.placement.namespace for s in neighbours] or there, "a workload namespace")


def _node_pool(model: Model, neighbours: list[Service]) -> str:
    there = [each.id for each in model.all(NodePool)]
    return _first([s.placement.node_pool for s in neighbours] or there, "a node pool")


def _classification(model: Model, wanted: str) -> str:
    ordered = sorted(model.all(Classification), key=lambda each: (each.level, each.id))
    named = [each.id for each in ordered if name_of(each.id) == wanted]
    inner = [each.id for each in ordered if each.level > 0 and each.encryption != "field"]
    found = [*named, *inner, *(each.id for each in ordered)]
    if not found:
        raise Missing("a security.classification")
    return found[0]


def _role(model: Model) -> str:
    """The customer's role that may do most."""
    roles = [role for role in model.all(Role) if role.holder == "customer"]
    if not roles:
        raise Missing("a security.role that customers hold")
    return max(roles, key=lambda role: (len(role.permissions), role.id)).id


def _measures_http(metric: Metric) -> bool:
    return metric.instrument == "histogram" and metric.metric.startswith("http_server_request_dur")


def _counts_open(metric: Metric) -> bool:
    return metric.instrument == "gauge" and metric.metric == "http_server_active_requests"


def _latency(model: Model) -> Metric:
    found = next((each for each in model.all(Metric) if _measures_http(each)), None)
    if found is None:
        raise Missing("an apm.metric with the histogram http_server_request_duration_seconds")
    return found


def label_of(metric: Metric, names: Iterable[str]) -> str | None:
    """The first of these names that is a label of the metric."""
    return next((name for name in names if name in metric.labels), None)


def _by_status(*metrics: Metric) -> Metric:
    for metric in metrics:
        if label_of(metric, STATUS_LABELS) is not None:
            return metric
    raise Missing("an apm.metric of requests with a label `status`")


def _availability(model: Model, neighbours: list[Service], otherwise: Metric) -> Metric:
    known = {metric.id: metric for metric in model.all(Metric)}
    services = {service.id for service in neighbours}
    indicators = [sli for sli in model.all(Sli) if sli.kind == "availability"]
    used = [sli.metric for sli in indicators if sli.service in services and sli.metric in known]
    return known[_first(used or [otherwise.id], "an apm.metric of requests")]


_SHARED: Mapping[str, Mapping[str, Any]] = {
    "uuid": {"type": "string", "format": "uuid"},
    "timestamp": {"type": "string", "format": "date-time"},
    "version": {"type": "integer", "format": "int64", "minimum": 1},
}


def _values(model: Model) -> dict[str, Ref]:
    """Where the shared value types of the envelope stand, of those that the model has."""
    found: dict[str, Ref] = {}
    for kind, needed in _SHARED.items():
        for value in model.all(ValueType):
            if needed.items() <= value.schema.items():
                found.setdefault(kind, model.refs[ElementId(value.id)])
    return found
