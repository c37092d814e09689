"""A replica asks for more than it may use.

What it does: compares what one replica of a service asks for with its limit, for memory, and for
processors where they are limited.

Why: Kubernetes refuses a container whose request is above its limit.

Example: `resources: {cpu: 250m, memory: 9Gi, memoryLimit: 4Gi}`

Use instead: `resources: {cpu: 250m, memory: 2Gi, memoryLimit: 4Gi}`
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.layers.application import Service
from cloudsync_gen.model.system import Model
from cloudsync_gen.model.values import BYTES, CORES, quantity
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    for service in model.all(Service):
        asked = service.resources
        pairs = (
            (CORES, "cpu", asked.cpu, "cpuLimit", asked.cpu_limit),
            (BYTES, "memory", asked.memory, "memoryLimit", asked.memory_limit),
        )
        for unit, name, request, limited, limit in pairs:
            if limit is None or not unit.fullmatch(request) or not unit.fullmatch(limit):
                continue  # what is counted in something else is another rule's
            if quantity(request) > quantity(limit):
                yield RULE.at(
                    model.ref(service.id, "resources", name),
                    f"a replica of `{service.id}` asks for {request} but may use {limit}",
                    f"ask for at most {limit}, or raise `{limited}`",
                    element=service.id,
                    related=(Related(model.ref(service.id, "resources", limited), "the limit"),),
                    facts=(name,),
                )


RULE = Rule(
    code="DPL002",
    name="request-above-limit",
    family="deployment",
    check=check,
)
