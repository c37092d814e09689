"""Nobody looks at a metric.

What it does: reports metrics that no panel shows, no alert, SLI, screen, flow, process, service or
store names.

Why: each series costs memory in every replica and room in the store of metrics, and one that
nobody reads is noticed by nobody when it is wrong.
What is written before it is used may be committed: this is a warning, unless a project asks for
more (`severity`).

Example: `apm.metric.cache-misses-total`, on no dashboard.

Use instead: a panel, an alert or an SLI that reads it; else remove it.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Severity
from cloudsync_gen.model.ids import ElementId
from cloudsync_gen.model.layers.apm import Metric
from cloudsync_gen.model.layers.application import Service
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    if not model.all(Service):  # it has only begun
        return
    for metric in model.all(Metric):
        if not model.into.get(ElementId(metric.id)):
            yield RULE.at(
                model.ref(metric.id).name(),
                f"nobody reads `{metric.id}`",
                "show it on a dashboard, or remove it",
                element=metric.id,
            )


RULE = Rule(
    code="OBS009",
    name="unused-metric",
    family="comprehensive observability",
    severity=Severity.WARNING,
    check=check,
    whole=True,
)
