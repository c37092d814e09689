"""Values of a service's chart, and their JSON Schema: strict, so that a misspelt key is an
error.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cloudsync_gen.model.ids import name_of
from cloudsync_gen.model.layers.application import Service
from cloudsync_gen.model.layers.business import Actor
from cloudsync_gen.model.layers.technology import NodePool
from cloudsync_gen.model.system import Model
from cloudsync_gen.model.values import milliseconds
from cloudsync_gen.naming import kebab
from cloudsync_gen.targets.charts.network import network
from cloudsync_gen.targets.charts.surroundings import surroundings

GRACE_SECONDS = 10
"""What a pod gets beyond its longest call to finish what it began."""
DRAIN_SECONDS = 5
"""For how long a pod that is to end still serves, until all who send requests know of it."""


def values(model: Model, service: Service) -> dict[str, Any]:
    """Everything that the library's templates read."""
    name = kebab(name_of(service.id))
    owner = model.get(Actor, service.owner)
    longest = max(
        (milliseconds(call.timeout) * (call.retries + 1) for call in service.calls), default=0
    )
    return {
        "system": model.project.slug,
        "name": name,
        "domain": name_of(service.domain),
        "owner": name_of(owner.id if owner else service.owner),
        "tier": str(service.tier),
        "image": {
            "repository": f"{model.project.slug}/{name}",
            "tag": model.project.version,
            "digest": "",
            "pullPolicy": "IfNotPresent",
        },
        "port": {"number": service.port, "protocol": "grpc" if service.style == "grpc" else "http"},
        "scaling": {
            "minReplicas": service.scaling.min_replicas,
            "maxReplicas": service.scaling.max_replicas,
            "targetCpu": service.scaling.target_cpu,
        },
        "resources": _resources(service),
        "placement": {"nodeSelector": _node_selector(model, service)},
        **surroundings(model, service),
        "network": network(model, service),
        "disruption": {"maxUnavailable": 1},
        "shutdown": {
            "drainSeconds": DRAIN_SECONDS,
            "graceSeconds": GRACE_SECONDS + -(-longest // 1000),
        },
    }


def _resources(service: Service) -> dict[str, Any]:
    limits = {"memory": service.resources.memory_limit}
    if service.resources.cpu_limit:
        limits["cpu"] = service.resources.cpu_limit
    return {
        "requests": {"cpu": service.resources.cpu, "memory": service.resources.memory},
        "limits": limits,
    }


def _node_selector(model: Model, service: Service) -> dict[str, str]:
    pool = model.get(NodePool, service.placement.node_pool)
    return {"service.architecture/node-pool": name_of(pool.id)} if pool else {}


def _object(properties: dict[str, Any], *optional: str) -> dict[str, Any]:
    required = [name for name in properties if name not in optional]
    return {
        "type": "object",
        "additionalProperties": False,
        "required": required,
        "properties": properties,
    }


def _network(label: dict[str, Any], port: dict[str, Any]) -> dict[str, Any]:
    namespace = {"type": "string", "maxLength": 63}
    network = {"type": "string", "minLength": 1, "maxLength": 253}
    return _object(
        {
            "callers": {"type": "array", "items": label, "uniqueItems": True},
            "gatewayNamespace": namespace,
            "monitoringNamespace": namespace,
            "callees": {"type": "array", "items": _object({"name": label, "port": port})},
            "proxyNetworks": {"type": "array", "items": network},
            "storeNetworks": {"type": "array", "items": network},
            "storePorts": {"type": "array", "items": port, "uniqueItems": True},
        }
    )


_TEXT = {"type": "string", "minLength": 1, "maxLength": 253}
_LABEL = {"type": "string", "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "maxLength": 63}
_LABEL_PART = "[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?"
_LABELS = {
    "type": "object",
    "propertyNames": {
        "pattern": f"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?{_LABEL_PART}$",
        "maxLength": 317,
    },
    "additionalProperties": {
        "type": "string",
        "pattern": f"^({_LABEL_PART})?$",
        "maxLength": 63,
    },
}
"""Kubernetes, "Labels and Selectors", syntax and character set. Helm's `toYaml` makes nothing at
all of a map with a name that it cannot write.
"""

_PORT = {"type": "integer", "minimum": 1, "maximum": 65535}
_COUNT = {"type": "integer", "minimum": 1, "maximum": 1000}
_URL = {"type": "string", "pattern": "^https?://[^\\s]+$", "maxLength": 2048}
_CIDR = {"type": "string", "pattern": "^[0-9a-fA-F:.]+/[0-9]{1,3}$"}
_FIELD = (
    "^(metadata\\.(name|namespace|uid|labels\\['[-A-Za-z0-9_./]+'\\])"
    "|spec\\.(nodeName|serviceAccountName)|status\\.(hostIP|podIP))$"
)
"""Of a pod, those whose values stand in JSON as they are."""
_VARIABLE = {"type": "object", "propertyNames": {"pattern": "^[A-Z][A-Z0-9_]*$"}}


def schema(regions: Sequence[str]) -> dict[str, Any]:
    """JSON Schema of the values (draft 7: what Helm reads) of a service that runs in `regions`."""
    body = _object(
        {
            "system": _LABEL,
            "name": _LABEL,
            "domain": _LABEL,
            "owner": _LABEL,
            "tier": {"enum": ["1", "2", "3"]},
            **_workload(),
            **_surroundings(regions),
            "network": _network(_LABEL, _PORT),
            "disruption": _object({"maxUnavailable": {"type": "integer", "minimum": 0}}),
            "shutdown": _object(
                {
                    "drainSeconds": {"type": "integer", "minimum": 0, "maximum": 300},
                    "graceSeconds": _COUNT,
                }
            ),
            "global": {"type": "object"},
            "service-library": {"type": "object"},
        },
        "global",
        "service-library",
        "registration",
    )
    return {"$schema": "http://json-schema.org/draft-07/schema#", **body}


def _workload() -> dict[str, Any]:
    """What runs, on what, how often."""
    amount = {"type": "string", "pattern": "^[0-9]+(\\.[0-9]+)?(m|k|M|G|T|Ki|Mi|Gi|Ti)?$"}
    amounts = _object({"cpu": amount, "memory": amount}, "cpu")
    percent = {"type": "integer", "minimum": 1, "maximum": 100}
    return {
        "image": _object(
            {
                "repository": _TEXT,
                "tag": _TEXT,
                "digest": {"type": "string", "pattern": "^(sha256:[0-9a-f]{64})?$"},
                "pullPolicy": {"enum": ["Always", "IfNotPresent", "Never"]},
            }
        ),
        "port": _object({"number": _PORT, "protocol": {"enum": ["http", "grpc"]}}),
        "scaling": _object({"minReplicas": _COUNT, "maxReplicas": _COUNT, "targetCpu": percent}),
        "resources": _object({"requests": amounts, "limits": amounts}),
        "placement": _object({"nodeSelector": _LABELS}),
    }


def _surroundings(regions: Sequence[str]) -> dict[str, Any]:
    """What the service is told; see the library's README for what has no default."""
    return {
        "environment": {"enum": ["production", "test", "development"]},
        "cluster": _object(
            {
                "region": {"enum": [*regions]} if regions else _LABEL,
                "issuerKeys": _URL,
                "workloadIssuer": _URL,
                "workloadKeys": _URL,
                "keyNetworks": {"type": "array", "items": _CIDR, "minItems": 1},
                "collector": {**_URL, "pattern": "^(https?://[^\\s]+)?$"},
            }
        ),
        "metrics": _metrics(),
        "bus": {"enum": ["", "kafka", "rabbitmq"]},
        "peers": {"type": "object", "propertyNames": _LABEL, "additionalProperties": _URL},
        "workloads": _object(
            {
                "namespaces": {"type": "array", "items": _LABEL, "uniqueItems": True},
                "audiences": {"type": "array", "items": _LABEL, "uniqueItems": True},
            }
        ),
        "keys": _object(
            {"fields": _TEXT, "own": _TEXT, "queues": {"type": "string", "maxLength": 253}}
        ),
        "registration": {
            "type": "object",
            "propertyNames": {"pattern": "^[a-z]+$"},
            "additionalProperties": {"type": "string", "pattern": _FIELD},
        },
        "migration": _object({"enabled": {"type": "boolean"}}),
        "settings": {
            **_VARIABLE,
            "additionalProperties": {"type": ["string", "number", "boolean"]},
        },
        "secrets": {**_VARIABLE, "additionalProperties": _object({"name": _TEXT, "key": _TEXT})},
    }


def _metrics() -> dict[str, Any]:
    monitor = {
        "enabled": {"type": "boolean"},
        "interval": {"type": "string", "pattern": "^[1-9][0-9]*(ms|s|m)$"},
        "labels": _LABELS,
    }
    path = {"type": "string", "pattern": "^/"}
    return _object({"port": _PORT, "path": path, "podMonitor": _object(monitor)})
