"""A replica asks for more than a machine of its pool has.

What it does: compares what one replica of a service asks for with processors and memory of one
machine of the node pool that it is placed on.

Why: Kubernetes places no pod that fits on no machine; it waits, and no autoscaler helps.

Example: `resources: {cpu: "100", …}` on a pool with `vcpu: 4`, where `100m` was meant.

Use instead: a request that leaves room for others on the machine, or a pool of larger ones.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.layers.application import Service
from cloudsync_gen.model.layers.technology import NodePool
from cloudsync_gen.model.system import Model
from cloudsync_gen.model.values import BYTES, CORES, quantity
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    for service in model.all(Service):
        pool = model.get(NodePool, service.placement.node_pool)
        if pool is None:
            continue
        asked = service.resources
        pairs = (
            (CORES, "cpu", asked.cpu, "vcpu", str(pool.vcpu)),
            (BYTES, "memory", asked.memory, "memory", pool.memory),
        )
        for unit, name, request, field, has in pairs:
            if not unit.fullmatch(request) or not unit.fullmatch(has):
                continue  # what is counted in something else is another rule's
            if quantity(request) > quantity(has):
                yield RULE.at(
                    model.ref(service.id, "resources", name),
                    f"a replica of `{service.id}` asks for {request}, a machine has {has}",
                    "ask for less, or place it on a pool of larger machines",
                    element=service.id,
                    related=(Related(model.ref(pool.id, field), "what a machine has"),),
                    facts=(name,),
                )


RULE = Rule(
    code="DPL008",
    name="request-above-node",
    family="deployment",
    check=check,
    each=(Service,),
)
