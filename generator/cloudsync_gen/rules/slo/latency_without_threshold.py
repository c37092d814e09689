"""A latency objective does not say how fast.

What it does: reports SLOs on an SLI of kind latency or freshness without `threshold`.

Why: "95 % of requests" means nothing without the time within which they are answered.

Example: `objective: 95%` alone.

Use instead: `threshold: 100ms` beside it.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.layers.apm import Sli, Slo
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    for slo in model.all(Slo):
        sli = model.get(Sli, slo.sli)
        if sli is not None and sli.kind in ("latency", "freshness") and slo.threshold is None:
            yield RULE.at(
                model.ref(slo.id, "sli"),
                f"`{sli.id}` measures {sli.kind}, but the objective has no `threshold`",
                "add `threshold`, such as `100ms`",
                element=slo.id,
            )


RULE = Rule(
    code="SLO004",
    name="latency-without-threshold",
    family="SLI/SLO/SLA definitions",
    check=check,
)
