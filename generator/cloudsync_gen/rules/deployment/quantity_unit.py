"""A quantity has a unit that its resource is not counted in.

What it does: wants processors as cores or thousandths (`2`, `0.5`, `250m`) and memory in bytes with
a unit from `k` on (`256Mi`), of services and of node pools (Kubernetes, Resource units).

Why: `memory: 250m` is a quarter of a byte, and `cpu: 256Mi` more cores than there are: Kubernetes
takes both, and starts nothing.

Example: `resources: {cpu: 256Mi, memory: 250m, …}`.

Use instead: `resources: {cpu: 250m, memory: 256Mi, …}`.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.layers.application import Service
from cloudsync_gen.model.layers.technology import NodePool
from cloudsync_gen.model.system import Model
from cloudsync_gen.model.values import BYTES, CORES
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    for service in model.all(Service):
        given = service.resources
        for field, value in (("cpu", given.cpu), ("cpuLimit", given.cpu_limit)):
            if value is not None and not CORES.fullmatch(value):
                yield _finding(model, service.id, ("resources", field), value, "250m")
        for field, value in (("memory", given.memory), ("memoryLimit", given.memory_limit)):
            if not BYTES.fullmatch(value):
                yield _finding(model, service.id, ("resources", field), value, "256Mi")
    for pool in model.all(NodePool):
        if not BYTES.fullmatch(pool.memory):
            yield _finding(model, pool.id, ("memory",), pool.memory, "16Gi")


def _finding(
    model: Model, element: str, place: tuple[str, ...], value: str, example: str
) -> Diagnostic:
    counted = "processors are" if "cpu" in place[-1] else "memory is"
    return RULE.at(
        model.ref(element, *place),
        f"{counted} not counted in `{value}`",
        f"write it like `{example}`",
        element=element,
        facts=place,
    )


RULE = Rule(code="DPL004", name="quantity-unit", family="deployment", check=check)
