"""Time series in memory, with the labels that all of them share, and a bound on their number."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from cloudsync_chassis.logs import logger
from cloudsync_chassis.metrics.spec import MetricSpec

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
MOST = 1000
"""Different sets of labels per series. Who puts ids into labels would else fill the memory of the
service first, and then that of the server that scrapes it.
"""
OTHER = "other"
"""What all labels of a series say beyond its bound."""

Reading = Callable[[], Iterable[tuple[tuple[str, ...], float]]]
"""The values of a gauge at this moment, each with its labels."""

log = logger("metrics")


class Series:
    """One time series for each set of labels."""

    def __init__(self, spec: MetricSpec, registry: CollectorRegistry, most: int = MOST) -> None:
        self._spec = spec
        self._most = most
        self._metric: Any = _made(spec, registry)
        self._children: dict[tuple[str, ...], Any] = {}
        self._record = _RECORD[spec.kind]

    def record(self, value: float, *labels: str) -> None:
        """Add to a counter, set a gauge, observe in a histogram; `labels` in the spec's order."""
        self._record(self._child(labels), value)

    def add(self, value: float, *labels: str) -> None:
        """Move a gauge by `value`."""
        self._child(labels).inc(value)

    def _child(self, labels: tuple[str, ...]) -> Any:
        found = self._children.get(labels)
        if found is not None:
            return found
        if len(self._children) >= self._most:
            return self._rest()
        found = self._metric.labels(*labels) if self._spec.labels else self._metric
        self._children[labels] = found
        return found

    def _rest(self) -> Any:
        """What counts for all labels beyond the bound; they themselves are not kept."""
        labels = (OTHER,) * len(self._spec.labels)
        if labels not in self._children:
            log.warning("too_many_labels", metric=self._spec.name, most=self._most)
            self._children[labels] = self._metric.labels(*labels)
        return self._children[labels]


def _made(spec: MetricSpec, registry: CollectorRegistry) -> Any:
    if spec.kind == "histogram":
        return Histogram(
            spec.name, spec.about, spec.labels, registry=registry, buckets=spec.buckets
        )
    # the client ends every counter in `_total`; one that is called otherwise keeps its name
    kind = Counter if spec.kind == "counter" and spec.name.endswith("_total") else Gauge
    return kind(spec.name, spec.about, spec.labels, registry=registry)


_RECORD: Mapping[str, Callable[[Any, float], None]] = {
    "counter": lambda metric, value: metric.inc(value),
    "gauge": lambda metric, value: metric.set(value),
    "histogram": lambda metric, value: metric.observe(value),
}


class Registry(Collector):
    """The series of one service. `shared` are the labels of all of them."""

    def __init__(self, shared: Mapping[str, str]) -> None:
        self._shared = dict(shared)
        self._inner = CollectorRegistry(auto_describe=False)
        self._readings: list[tuple[MetricSpec, Reading]] = []

    def series(self, spec: MetricSpec, most: int = MOST) -> Series:
        """A new series; a name can be taken once."""
        return Series(spec, self._inner, most)

    def read(self, spec: MetricSpec, reading: Reading) -> None:
        """A gauge whose values are looked up when they are asked for."""
        self._readings.append((spec, reading))

    def collect(self) -> Iterator[Metric]:
        """Everything, with the shared labels."""
        for family in (*self._inner.collect(), *map(_read, self._readings)):
            family.samples = [
                each._replace(labels={**self._shared, **each.labels})
                for each in family.samples
                if not each.name.endswith("_created")
            ]
            yield family

    def text(self) -> bytes:
        """Everything in the text format."""
        return generate_latest(self)


def _read(reading: tuple[MetricSpec, Reading]) -> Metric:
    spec, values = reading
    family = GaugeMetricFamily(spec.name, spec.about, labels=spec.labels)
    for labels, value in values():
        family.add_metric(labels, value)
    return family
