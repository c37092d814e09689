"""What a service measures: bounds of its durations, and series."""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Iterator

from cloudsync_gen.model.layers.apm import Metric, Sli, Slo
from cloudsync_gen.naming import python_name
from cloudsync_gen.targets._text import summary
from cloudsync_gen.targets.service.facts import Scope, ServiceFacts
from cloudsync_gen.targets.service.surroundings import seconds
from cloudsync_gen.targets.service.view_metrics import LabelView, MetricView

SHARED = ("service", "region", "environment")
"""Labels that the chassis gives to all series of a service."""

_DEFAULT = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 5.0)
_SITE = frozenset(("copyright", "credits", "exit", "help", "license", "quit"))
"""Built-ins that are there only where Python has been started in the usual way."""
_BUILT_IN = sorted({each for each in dir(builtins) if each.islower() and each[0] != "_"} | _SITE)
_PARAMETERS = ("self", "value", *_BUILT_IN)
_ATTRIBUTES = ("SERIES", "_series")


def latency_buckets_of(facts: ServiceFacts) -> tuple[float, ...]:
    """Bounds for durations of requests: those of the metrics on which the service's latency
    objectives stand, and the objectives' thresholds. Empty where it has no such objective.
    """
    bounds: set[float] = set()
    for slo, metric in _objectives(facts, "latency"):
        if metric.service is None:
            bounds |= {*(metric.buckets or _DEFAULT), *_threshold(slo)}
    return tuple(map(float, sorted(bounds)))


def metrics_of(facts: ServiceFacts) -> tuple[MetricView, ...]:
    """The service's own series, by name."""
    own = facts.model.where(Metric, "service", facts.service.id)
    thresholds: dict[str, set[float]] = {}
    for kind in ("latency", "freshness"):
        for slo, metric in _objectives(facts, kind):
            thresholds.setdefault(metric.id, set()).update(_threshold(slo))
    methods = Scope(*_ATTRIBUTES)
    return tuple(
        _metric(each, methods, thresholds.get(each.id, ()))
        for each in sorted(own, key=lambda each: each.metric)
    )


def _metric(metric: Metric, methods: Scope, thresholds: Iterable[float]) -> MetricView:
    parameters = Scope(*_PARAMETERS)
    labels = [each for each in metric.labels if each not in SHARED]
    buckets = {*(metric.buckets or _DEFAULT), *thresholds}
    return MetricView(
        name=metric.metric,
        method=methods.take(python_name(metric.metric)),
        kind=metric.instrument,
        about=summary(metric.description),
        labels=tuple(LabelView(each, parameters.take(python_name(each))) for each in labels),
        buckets=(tuple(map(float, sorted(buckets))) if metric.instrument == "histogram" else ()),
    )


def _objectives(facts: ServiceFacts, kind: str) -> Iterator[tuple[Slo, Metric]]:
    """Objectives of the service on histograms in seconds."""
    for slo in facts.model.where(Slo, "service", facts.service.id):
        sli = facts.model.get(Sli, slo.sli)
        if sli is None or sli.kind != kind:
            continue
        metric = facts.model.get(Metric, sli.metric)
        if metric is not None and metric.instrument == "histogram" and metric.unit == "s":
            yield slo, metric


def _threshold(slo: Slo) -> tuple[float, ...]:
    return (seconds(slo.threshold),) if slo.threshold else ()
