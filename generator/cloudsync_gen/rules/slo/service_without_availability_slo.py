"""A service promises nothing about its availability.

What it does: reports services without an SLO whose SLI measures availability.

Why: without an objective there is no error budget, no alert that means something, no SLA to build
on.

Example: a service with a latency SLO alone.

Use instead: an SLI of kind availability and an SLO on it.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.layers.apm import Sli, Slo
from cloudsync_gen.model.layers.application import Service
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._links import astray
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    if astray(model, Slo, "measures-service"):
        return
    covered = set()
    for slo in model.all(Slo):
        sli = model.get(Sli, slo.sli)
        if sli is None or sli.kind == "availability":
            covered.add(slo.service)
    for service in model.all(Service):
        if service.id not in covered:
            yield RULE.at(
                model.ref(service.id),
                f"`{service.id}` has no SLO for availability",
                "add an `apm.sli` of kind availability and an `apm.slo` on it",
                element=service.id,
            )


RULE = Rule(
    code="SLO001",
    name="service-without-availability-slo",
    family="SLI/SLO/SLA definitions",
    check=check,
    whole=True,
)
