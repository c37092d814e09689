"""An alert reads a metric that it does not name.

What it does: wants each metric in the expression of an alert among its `metrics`, and at least one
metric of each alert.

Why: `metrics` are the links by which a change of a metric finds the alerts that it silences.

Example: `expression: rate(litres_pressed_total[1h]) == 0` with `metrics: []`.

Use instead: `metrics: [apm.metric.litres]`.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.layers.apm import Alert, Metric
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.rules.observability.unknown_metric_in_expression import metrics_in


def check(model: Model) -> Iterator[Diagnostic]:
    named: dict[str, str] = {}
    for metric in model.all(Metric):
        named[metric.metric] = metric.id
        for end in ("bucket", "sum", "count") if metric.instrument == "histogram" else ():
            named[f"{metric.metric}_{end}"] = metric.id
    for alert in model.all(Alert):
        read = {named[each] for each in metrics_in(alert.expression or "") if each in named}
        lacking = sorted(read - set(alert.metrics))
        if lacking or not alert.metrics:
            what = f"reads `{lacking[0]}`, but does not name it" if lacking else "names no metric"
            yield RULE.at(
                model.ref(alert.id, "metrics"),
                f"this alert {what}",
                f"add `{lacking[0]}` to `metrics`" if lacking else "name those that tell of it",
                element=alert.id,
                facts=tuple(lacking),
            )


RULE = Rule(
    code="OBS011",
    name="alert-metric-unnamed",
    family="comprehensive observability",
    check=check,
)
