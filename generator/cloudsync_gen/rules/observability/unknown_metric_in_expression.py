"""An expression asks for a metric that nobody emits.

What it does: looks up the metric names in PromQL of alerts and panels among the `apm.metric`
elements; a histogram also has `_bucket`, `_sum` and `_count`. Names with a colon are recording
rules.

Why: the query is valid and returns nothing: an alert that never fires, an empty panel.

Example: `rate(litres_presed_total[5m])`.

Use instead: the metric as it is declared; the hint names the nearest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.layers.apm import Alert, Dashboard, Metric
from cloudsync_gen.model.system import Model
from cloudsync_gen.naming import offered
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.source import Ref

_NOISE = re.compile(
    r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|`[^`]*`|#[^\n]*"
    r"|\{(?:[^{}\"']|\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*')*\}|\[[^\]]*\]"
    r"|\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^()]*\)"
)
_NAME = re.compile(r"(?<![\w:.])([a-zA-Z_:][\w:]*)(?![\w:])(?!\s*\()")
_WORDS = frozenset(
    (
        *("and", "or", "unless", "bool", "offset", "by", "without", "on", "ignoring"),
        *("group_left", "group_right", "inf", "nan", "atan2"),
    )
)


def check(model: Model) -> Iterator[Diagnostic]:
    known: set[str] = set()
    for metric in model.all(Metric):
        known.add(metric.metric)
        if metric.instrument == "histogram":
            known.update(f"{metric.metric}_{end}" for end in ("bucket", "sum", "count"))
    for ref, element, expression in expressions(model):
        for name in metrics_in(expression):
            if name not in known:
                yield RULE.at(
                    ref,
                    f"no `apm.metric` is called `{name}`",
                    offered(name, known),
                    element=element,
                    facts=(name,),
                )


def expressions(model: Model) -> Iterator[tuple[Ref, str, str]]:
    """(place, id of the alert or dashboard, expression in PromQL) of all."""
    for alert in model.all(Alert):
        if alert.expression is not None:
            yield model.ref(alert.id, "expression"), alert.id, alert.expression
    for board in model.all(Dashboard):
        for index, panel in enumerate(board.panels):
            yield model.ref(board.id, "panels", index, "expression"), board.id, panel.expression


def metrics_in(expression: str) -> list[str]:
    """Names of the metrics that a PromQL expression selects, in order, without recording rules."""
    plain = _NOISE.sub(" ", expression)
    names = [
        name for name in _NAME.findall(plain) if name.lower() not in _WORDS and ":" not in name
    ]
    return list(dict.fromkeys(names))


RULE = Rule(
    code="OBS007",
    name="unknown-metric-in-expression",
    family="comprehensive observability",
    check=check,
    whole=True,
)
