"""What the measured figures come to on the model's replicas and nodes, as Markdown."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from support import plain_yaml

WANTED = 100_000
MIX = {"get": 0.7, "list": 0.2, "create": 0.1}
"""The share of each operation; nothing in a model says it."""

_USABLE = 0.9
"""Of a node, beside what its own daemons take."""


class Pool(Struct, frozen=True):
    """A node pool. `memory` in GiB; `most` nodes in all clusters; `cents`: of an hour, the mean."""

    name: str
    kind: str
    vcpu: float
    memory: float
    most: int
    cents: float


class Placed(Struct, frozen=True):
    """What the model gives a service: regions, most replicas in each, processors and GiB of a
    replica, the share of its processors at which the autoscaler adds one.
    """

    regions: int
    most: int
    target: float
    cpu: float
    memory: float
    pool: Pool


def placed(model: Path, service: str) -> Placed:
    """Read from the YAML of the model.

    Raises:
        KeyError: it has no such service, or that has no place.
    """
    documents = [
        plain_yaml.load(path.read_text(encoding="utf-8"))
        for layer in ("04_application", "05_technology")
        for path in sorted((model / layer).rglob("*.yaml"))
    ]
    elements = {
        each["id"]: each
        for document in documents
        for each in (document or {}).values()
        if isinstance(each, dict) and "id" in each
    }
    found = elements[f"application.service.{service}"]
    scaling, resources, placement = found["scaling"], found["resources"], found["placement"]
    return Placed(
        len(placement["regions"]),
        scaling["maxReplicas"],
        scaling["targetCpu"] / 100,
        processors(resources["cpu"]),
        gibibytes(resources["memory"]),
        _pool(elements[placement["nodePool"]]),
    )


def _pool(found: Mapping[str, Any]) -> Pool:
    sizes = found["sizes"]
    return Pool(
        found["name"],
        found["nodeClass"],
        float(found["vcpu"]),
        gibibytes(found["memory"]),
        sum(each["maxNodes"] for each in sizes),
        sum(each["hourlyCostCents"] for each in sizes) / len(sizes),
    )


def processors(text: str) -> float:
    """`1500m` -> 1.5."""
    return float(text[:-1]) / 1000 if text.endswith("m") else float(text)


def gibibytes(text: str) -> float:
    """`512Mi` -> 0.5."""
    return float(text[:-2]) / (1024 if text.endswith("Mi") else 1)


def sheet(found: Placed, seconds: Mapping[str, float]) -> Iterator[str]:
    """Lines; `seconds`: of a processor, for one request of each operation."""
    each = sum(share * seconds[name] for name, share in MIX.items())
    # one process turns one event loop: more than a processor helps its threads alone
    used = min(1.0, found.cpu * found.target)
    carried = used / each
    # rounded before: 200.00000000000003 replicas are 200
    replicas = math.ceil(round(WANTED / carried, 6))
    pool = found.pool
    room = min(pool.vcpu * _USABLE / found.cpu, pool.memory * _USABLE / found.memory)
    fitting = math.floor(round(room, 6))
    nodes = math.ceil(replicas / fitting)
    most = found.most * found.regions
    yield f"| document-service at {WANTED:,} requests a second | |"
    yield "|---|---|"
    yield f"| a request, of a processor | {each * 1e3:.2f} ms |"
    yield f"| a replica carries, at {used:.2f} processors | {carried:,.0f} a second |"
    yield f"| replicas needed | {replicas:,} |"
    yield f"| replicas that the model allows ({found.regions} regions) | {most:,} |"
    yield f"| those carry | {most * carried:,.0f} a second, {most * carried / WANTED:.0%} |"
    yield f"| nodes `{pool.kind}` ({pool.name}), {fitting} replicas on each | {nodes:,} |"
    yield f"| nodes that the model allows, for all services of the pool | {pool.most:,} |"
    yield f"| the nodes' cost | {nodes * pool.cents / 100:,.0f} $ an hour |"
    yield from _assumed(found)


def _assumed(found: Placed) -> Iterator[str]:
    mix = ", ".join(f"{share:.0%} {name}" for name, share in MIX.items())
    yield "\nWhat it assumes:\n"
    yield f"- All {WANTED:,} are this service's: {mix};"
    yield "  pages are of 20, documents of half a kilobyte."
    yield "- A processor of a node does as much as one here, and nobody else has a share of it."
    yield "- A replica is one process, so it uses one processor at most; replicas are added at"
    yield f"  {found.target:.0%} of the {found.cpu:g} processors that the model gives it."
    yield "- Waiting costs a replica nothing: PostgreSQL takes as much of its processor as SQLite"
    yield "  does here, and has connections and disks enough."
    yield "- Handling the events that creating sets off is in the figure; calls to other services,"
    yield "  the mesh's sidecar and TLS are not."
    yield f"- Load is even over the regions; {_USABLE:.0%} of a node is for replicas."
