"""A service is to scale to fewer replicas than it has.

What it does: compares the least and the largest number of replicas of each service.

Why: Kubernetes refuses a HorizontalPodAutoscaler whose `minReplicas` is above its `maxReplicas`, so
the chart cannot be installed.

Example: `scaling: {minReplicas: 60, maxReplicas: 40, targetCpu: 60}`

Use instead: `scaling: {minReplicas: 40, maxReplicas: 60, targetCpu: 60}`
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.layers.application import Service
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    for service in model.all(Service):
        least, most = service.scaling.min_replicas, service.scaling.max_replicas
        if least > most:
            yield RULE.at(
                model.ref(service.id, "scaling", "minReplicas"),
                f"`{service.id}` has at least {least} replicas but at most {most}",
                "raise `maxReplicas`, or lower `minReplicas`",
                element=service.id,
                related=(Related(model.ref(service.id, "scaling", "maxReplicas"), "at most"),),
            )


RULE = Rule(
    code="DPL001",
    name="replicas-out-of-order",
    family="deployment",
    check=check,
)
