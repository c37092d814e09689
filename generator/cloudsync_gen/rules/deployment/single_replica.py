"""A service that others stand on has one replica.

What it does: wants at least two replicas (`minReplicas`) of services of tier 1 and 2.

Why: each deployment, and each node that is renewed, would be an outage.

Example: `tier: 1` with `minReplicas: 1`.

Use instead: `minReplicas: 2`, in two zones.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.layers.application import Service
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    for service in model.all(Service):
        if service.tier < 3 and service.scaling.min_replicas < 2:
            yield RULE.at(
                model.ref(service.id, "scaling", "minReplicas"),
                f"`{service.id}` is of tier {service.tier} and has one replica",
                "make it 2 or more",
                element=service.id,
            )


RULE = Rule(code="DPL007", name="single-replica", family="deployment", check=check)
