"""An alert or panel picks series by a label that the metric does not have.

What it does: looks up the labels in the braces behind a metric's name in PromQL among the `labels`
of that metric. Those that whoever collects metrics adds are known of all.

Why: no series has the label, so none is picked: the panel is empty, the alert never fires, and
both look as if all were well.

Example: `rate(http_server_request_duration_seconds_count{statsu="500"}[5m])`.

Use instead: the label as the metric has it; the hint names the nearest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.layers.apm import Metric
from cloudsync_gen.model.system import Model
from cloudsync_gen.naming import offered
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.rules.observability.unknown_metric_in_expression import expressions

_TEXT = r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|`[^`]*`"
_PICKED = re.compile(rf"([a-zA-Z_][\w]*)\{{((?:[^{{}}\"'`]|{_TEXT})*)\}}")
_MATCHER = re.compile(rf"([a-zA-Z_]\w*)\s*(?:=~|!~|!=|=)\s*(?:{_TEXT})")
_ADDED = frozenset(
    ("job", "instance", "namespace", "pod", "container", "cluster", "region", "environment", "node")
)
"""By Prometheus and by the collector (`job`, `instance`), and by Kubernetes' discovery."""


def check(model: Model) -> Iterator[Diagnostic]:
    known: dict[str, frozenset[str]] = {}
    for metric in model.all(Metric):
        own = frozenset(metric.labels)
        known[metric.metric] = own
        if metric.instrument == "histogram":
            known[f"{metric.metric}_bucket"] = own | {"le"}
            known |= dict.fromkeys((f"{metric.metric}_sum", f"{metric.metric}_count"), own)
    for ref, element, expression in expressions(model):
        for name, matchers in _PICKED.findall(expression):
            labels = known.get(name)
            for label in _MATCHER.findall(matchers) if labels is not None else ():
                if label not in (labels or ()) and label not in _ADDED:
                    yield RULE.at(
                        ref,
                        f"`{name}` has no label `{label}`",
                        offered(label, labels or (), otherwise="give the metric that label"),
                        element=element,
                        facts=(name, label),
                    )


RULE = Rule(
    code="OBS017",
    name="unknown-label-in-expression",
    family="comprehensive observability",
    check=check,
)
