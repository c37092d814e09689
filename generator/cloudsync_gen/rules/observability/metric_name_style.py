"""A metric's name does not say what it is.

What it does: reports counters whose name does not end in `_total`, and other instruments whose name
does.

Why: OpenMetrics (section "Counter") reserves the suffix; dashboards and recording rules rely on it.

Example: `document_shares` as a counter.

Use instead: `document_shares_total`.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.layers.apm import Metric
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    for metric in model.all(Metric):
        total = metric.metric.endswith("_total")
        if total == (metric.instrument == "counter"):
            continue
        change = "end it in `_total`" if not total else "drop `_total`, or make it a counter"
        yield RULE.at(
            model.ref(metric.id, "metric"),
            f"`{metric.metric}` is a {metric.instrument}",
            change,
            element=metric.id,
        )


RULE = Rule(
    code="OBS006",
    name="metric-name-style",
    family="comprehensive observability",
    check=check,
)
