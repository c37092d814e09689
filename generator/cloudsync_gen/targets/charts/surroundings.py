"""What a service is told in production: of its cluster, its secrets, its bus and its callees."""

from __future__ import annotations

import json
import re
from typing import Any

from cloudsync_gen.model.ids import name_of
from cloudsync_gen.model.layers.api import Gateway
from cloudsync_gen.model.layers.apm import LogStream
from cloudsync_gen.model.layers.application import Service
from cloudsync_gen.model.layers.technology import Namespace, Region
from cloudsync_gen.model.providers import kinds_asked
from cloudsync_gen.model.system import Model
from cloudsync_gen.naming import kebab
from cloudsync_gen.targets._ports import metrics_port
from cloudsync_gen.targets._registry import registry_of
from cloudsync_gen.targets.charts.network import (
    bus_of,
    callees_of,
    callers_of,
    engines,
    shares_queues,
)

KEYS_PATH = "/.well-known/jwks.json"
"""Where an issuer publishes its keys unless a cluster's values say otherwise."""

FACT = re.compile(r"\{([a-z]+)\}")
KNOWN = frozenset({"service", "version", "region", "port", "protocol", "id", "load"})
"""What a copy knows of itself without being told."""
FIELDS = {
    "account": "spec.serviceAccountName",
    "address": "status.podIP",
    "host": "status.hostIP",
    "namespace": "metadata.namespace",
    "node": "spec.nodeName",
    "pod": "metadata.name",
    "uid": "metadata.uid",
    "zone": "metadata.labels['topology.kubernetes.io/zone']",
}
"""Fields of a pod, as Kubernetes names them, that say what a registry may want to know."""


def surroundings(model: Model, service: Service) -> dict[str, Any]:
    """The values that become settings of the chassis; what only a cluster knows is left out."""
    return {
        "environment": "production",
        "cluster": _cluster(model, service),
        "metrics": {
            "port": _scraped_at(service),
            "path": "/metrics",
            # the operator that knows such monitors may be missing
            "podMonitor": {"enabled": False, "interval": "30s", "labels": {}},
        },
        "bus": bus_of(model, service).events,
        "peers": _peers(model, service),
        "workloads": {
            "namespaces": sorted({_namespace(model, each) for each in callers_of(model, service)}),
            "audiences": sorted(_peers(model, service)),
        },
        "keys": _keys(model, service),
        "registration": _registration(model, service),
        "migration": {"enabled": True},
        "settings": _settings(model, service),
        "secrets": _secrets(model, service),
    }


def regions_of(model: Model, service: Service) -> tuple[str, ...]:
    """Codes of the regions where the service runs, sorted."""
    found = (model.get(Region, each) for each in service.placement.regions)
    return tuple(sorted({each.code for each in found if each is not None}))


def _cluster(model: Model, service: Service) -> dict[str, Any]:
    known: dict[str, Any] = {}
    regions = regions_of(model, service)
    if len(regions) == 1:
        known["region"] = regions[0]
    for gateway in model.all(Gateway)[:1]:
        known["issuerKeys"] = gateway.issuer.rstrip("/") + KEYS_PATH
    return known


def _scraped_at(service: Service) -> int:
    return metrics_port(service.port) if service.style == "grpc" else service.port


def _peers(model: Model, service: Service) -> dict[str, str]:
    """Addresses of the callees, by the names that the service's call edges have."""
    own, found = _namespace(model, service), {}
    for callee in callees_of(model, service):
        namespace = _namespace(model, callee)
        host = kebab(name_of(callee.id))
        host = host if namespace == own else f"{host}.{namespace}"
        found[name_of(callee.id)] = f"http://{host}:{callee.port}"
    return dict(sorted(found.items()))


def _namespace(model: Model, service: Service) -> str:
    found = model.get(Namespace, service.placement.namespace)
    return found.kubernetes_name if found else "default"


def _keys(model: Model, service: Service) -> dict[str, str]:
    """Secrets with keys; that of queues is one for all services, told to those that share any."""
    name = kebab(name_of(service.id))
    queues = f"{model.project.slug}-queue-keys" if shares_queues(model, service) else ""
    return {"fields": f"{name}-field-keys", "own": f"{name}-keys", "queues": queues}


def _registration(model: Model, service: Service) -> dict[str, str]:
    """Fields of the pod, by the facts that the registry wants beyond what a copy knows itself.

    None where a fact is of another kind: a copy that cannot tell all would not start.
    """
    registry = registry_of(model)
    if registry is None or registry.registry is None or registry.id == service.id:
        return {}
    texts = (text for call in registry.registry.calls for text in call.sends.values())
    wanted = {fact for text in texts for fact in FACT.findall(text)} - KNOWN
    return {fact: FIELDS[fact] for fact in sorted(wanted)} if wanted <= FIELDS.keys() else {}


def _settings(model: Model, service: Service) -> dict[str, str]:
    levels = [each.level for each in model.where(LogStream, "service", service.id)]
    found = {"CHASSIS_LOG_LEVEL": levels[0]} if levels else {}
    asked = [kind for kind, _ in kinds_asked(model, service)]
    return found | ({"CHASSIS_PROVIDERS": json.dumps(asked)} if asked else {})


def _secrets(model: Model, service: Service) -> dict[str, dict[str, str]]:
    """Addresses that hold passwords: all in the secret that is called as the service."""
    bus = bus_of(model, service)
    needed = {
        "DATABASE_URL": True,
        "BUS_URL": bool(bus.events),
        "QUEUE_URL": bool(bus.queues),
        "REDIS_URL": "redis" in engines(model, service),
    }
    name = kebab(name_of(service.id))
    return {
        f"CHASSIS_{setting}": {"name": name, "key": setting.lower().replace("_", "-")}
        for setting, wanted in needed.items()
        if wanted
    }
