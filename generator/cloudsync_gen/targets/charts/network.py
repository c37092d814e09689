"""Who may reach a service, and what it may reach: all that its model names, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from cloudsync_gen.model.exchanges import heard_by
from cloudsync_gen.model.ids import ElementId, name_of
from cloudsync_gen.model.layers.api import Operation, Rpc
from cloudsync_gen.model.layers.application import Command, Event, Query, Service
from cloudsync_gen.model.layers.navigation import Route
from cloudsync_gen.model.layers.technology import (
    Broker,
    Namespace,
    Queue,
    Region,
    Topic,
)
from cloudsync_gen.model.providers import asked_beside_calls, reliant
from cloudsync_gen.model.stores import server_of
from cloudsync_gen.model.system import Model
from cloudsync_gen.naming import kebab

PORTS = {
    "postgresql": 5432,
    "mongodb": 27017,
    "cassandra": 9042,
    "elasticsearch": 9200,
    "clickhouse": 9000,
    "redis": 6379,
    "kafka": 9092,
    "rabbitmq": 5672,
    "s3": 443,
}
"""Ports that the engines listen on by default; object storage at its endpoint in the network."""


LOOPBACK = "127.0.0.0/8"
"""Where a proxy beside the service, in its pod, connects from."""
CHASSIS_STORE = "postgresql"
"""Where the chassis keeps what it stores in production, whatever the model's own store is."""


class Buses(NamedTuple):
    """Engines of the brokers that carry a service's events and, where another does, its queues."""

    events: str
    queues: str


def network(model: Model, service: Service) -> dict[str, Any]:
    """The values from which the library makes the service's NetworkPolicy."""
    callees = {kebab(name_of(each.id)): each.port for each in callees_of(model, service)}
    callers = {kebab(name_of(each.id)) for each in callers_of(model, service)}
    routes = (model.get(Route, each) for each in model.origins(service.id, "route-service"))
    routed = any(route.kind == "api" for route in routes if route)
    regions = [model.get(Region, each) for each in service.placement.regions]
    networks = sorted({region.cidr for region in regions if region is not None})
    reached = {CHASSIS_STORE, *engines(model, service), *filter(None, bus_of(model, service))}
    return {
        "callers": sorted(callers),
        "gatewayNamespace": _gateway_namespace(model, service) if routed else "",
        "monitoringNamespace": _named(model, "monitoring"),
        "callees": [{"name": name, "port": port} for name, port in sorted(callees.items())],
        "proxyNetworks": [LOOPBACK, *networks],
        "storeNetworks": networks,
        "storePorts": sorted({PORTS[engine] for engine in reached}),
    }


def callees_of(model: Model, service: Service) -> list[Service]:
    """The other services that it calls, by id."""
    found = {}
    edges = (call.operation for call in service.calls)
    for operation in (*edges, *asked_beside_calls(model, service)):
        callee = owner(model, operation)
        if callee is not None and callee.id != service.id:
            found[callee.id] = callee
    return [found[each] for each in sorted(found)]


def callers_of(model: Model, service: Service) -> list[Service]:
    """The other services that call it, by id."""
    found = {each for each in _callers(model, service) if each != service.id}
    services = (model.get(Service, each) for each in sorted(found))
    return [each for each in services if each is not None]


def _callers(model: Model, service: Service) -> Iterator[ElementId]:
    yield from (ElementId(each.id) for each in reliant(model, service))
    for performed in model.origins(service.id, "performed-by-service"):
        for carried in ("operation-command", "rpc-command"):
            for called in model.origins(performed, carried):
                yield from model.origins(called, "calls")


def owner(model: Model, operation: str) -> Service | None:
    """The service that performs an operation or RPC."""
    found = model.get(Operation, operation) or model.get(Rpc, operation)
    command = (found.command if found else None) or ""
    performed = model.get(Command, command) or model.get(Query, command)
    return model.get(Service, performed.service) if performed else None


def engines(model: Model, service: Service) -> set[str]:
    """Engines of all stores and brokers that the service uses."""
    stores = (server_of(model, use.store) for use in service.stores)
    brokers = {*_topic_brokers(model, service), *_queue_brokers(model, service)}
    return {each.engine for each in stores if each is not None} | _engines(model, brokers)


def bus_of(model: Model, service: Service) -> Buses:
    """What carries its events, those queued for a callee included; empty where there are none.

    Kafka where there is a choice: it keeps one order, which sagas need.
    """
    topics = _engines(model, set(_topic_brokers(model, service)))
    queues = _engines(model, set(_queue_brokers(model, service)))
    if not topics and any(call.fallback.kind == "queue" for call in service.calls):
        topics = {each.engine for each in model.all(Broker)}
    events = min(topics or queues, default="")
    return Buses(events, "rabbitmq" if "rabbitmq" in queues and events != "rabbitmq" else "")


def shares_queues(model: Model, service: Service) -> bool:
    """Whether it sends to queues that another service takes from, or takes what another sends."""
    takers: dict[str, set[str]] = {}
    for each in model.having(Service, "queues"):
        for used in each.queues:
            takers.setdefault(used.queue, set()).add(each.id)
    for sender in model.having(Service, "sends"):
        for sent in sender.sends:
            for queue in _leads_to(model, sent.queue):
                others = takers.get(queue, set()) - {sender.id}
                if service.id in others or (others and service.id == sender.id):
                    return True
    return False


def _leads_to(model: Model, queue: str | None) -> list[str]:
    """A queue and those to which what is held back or given up in it goes on."""
    found: list[str] = []
    while queue and queue not in found:
        found.append(queue)
        known = model.get(Queue, queue)
        queue = known.dead_letter if known else None
    return found


def _engines(model: Model, brokers: set[str]) -> set[str]:
    found = (model.get(Broker, each) for each in brokers)
    return {each.engine for each in found if each is not None}


def _topic_brokers(model: Model, service: Service) -> Iterator[str]:
    """Brokers of the topics that it publishes and hears."""
    own = [model.get(Event, each) for each in model.origins(service.id, "event-producer")]
    for used_topic in (*(event.topic for event in own if event), *heard_by(model, service)):
        topic = model.get(Topic, used_topic)
        if topic is not None:
            yield topic.broker
            letters = model.get(Topic, topic.dead_letter or "")
            yield (letters or topic).broker


def _queue_brokers(model: Model, service: Service) -> Iterator[str]:
    """Brokers of the queues that it sends to or takes from."""
    for used in (*(each.queue for each in service.queues), *(each.queue for each in service.sends)):
        queue = model.get(Queue, used)
        if queue is not None:
            yield queue.broker


def _gateway_namespace(model: Model, service: Service) -> str:
    """The mesh's namespace, where its ingress gateway runs; else the service's own."""
    own = model.get(Namespace, service.placement.namespace)
    return _named(model, "mesh") or (own.kubernetes_name if own else "default")


def _named(model: Model, purpose: str) -> str:
    """The first namespace of that purpose, or nothing."""
    found = [each.kubernetes_name for each in model.all(Namespace) if each.purpose == purpose]
    return found[0] if found else ""
