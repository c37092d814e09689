"""Buckets of a histogram are out of order.

What it does: wants the upper bounds of a histogram's buckets to rise and not to be negative, and a
histogram to have some; only a histogram has them.

Why: Prometheus client libraries refuse bounds that do not rise when the metric is made, which is
when the service starts; without bounds a histogram has the library's, which fit nothing here.

Example: `buckets: [0.1, 1, 0.01]`.

Use instead: `buckets: [0.01, 0.1, 1]`.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.layers.apm import Metric
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    for metric in model.all(Metric):
        message, hint = _fault(metric)
        if message:
            place = ("buckets",) if metric.buckets else ("instrument",)
            yield RULE.at(model.ref(metric.id, *place), message, hint, element=metric.id)


def _fault(metric: Metric) -> tuple[str, str]:
    if metric.instrument != "histogram":
        found = f"a {metric.instrument} has no buckets" if metric.buckets else ""
        return found, "remove them, or make it a histogram"
    if not metric.buckets:
        return "this histogram has no `buckets`", "add upper bounds that fit what it measures"
    if metric.buckets[0] < 0 or any(low >= high for low, high in pairwise(metric.buckets)):
        return "bounds of buckets do not rise from 0", "sort them, each once"
    return "", ""


RULE = Rule(code="OBS014", name="bucket-order", family="comprehensive observability", check=check)
