"""Time series in memory, with the labels that all of them share, and a bound on their number."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from cloudsync_chassis.lean import unpacked
from cloudsync_chassis.logs import logger
from cloudsync_chassis.metrics.spec import MetricSpec

with unpacked("prometheus_client"):  # whose servers a service does without
    from prometheus_client.metrics import Counter, Gauge, Histogram
    from prometheus_client.metrics_core import GaugeMetricFamily, Metric
    from prometheus_client.registry import Collector, CollectorRegistry

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


@dataclass(frozen=True, slots=True, eq=False)
class Round:
    """One round of a job by the clock, which one replica does for all."""

    job: str


_round: ContextVar[Round | None] = ContextVar("cloudsync_chassis_round", default=None)


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


class GaugeSeries(Series):
    """Tells nothing before it is set. What a round of a job has set can be forgotten."""

    def __init__(self, spec: MetricSpec, registry: CollectorRegistry, most: int = MOST) -> None:
        super().__init__(spec, registry, most)
        self._rounds: dict[tuple[str, ...], Round] = {}

    @property
    def silent(self) -> bool:
        """Whether it tells nothing; Prometheus' own gauge without labels would tell zero."""
        return not self._children

    def record(self, value: float, *labels: str) -> None:
        """Set it."""
        super().record(value, *labels)
        self._note(labels)

    def add(self, value: float, *labels: str) -> None:
        """Move it by `value`; what a round of a job has moved it has measured."""
        super().add(value, *labels)
        self._note(labels)

    def forget(self, job: str, but: Round | None = None) -> None:
        """What rounds of the job have set, `but` by this one, is known no more."""
        for labels, each in list(self._rounds.items()):
            if each.job == job and each is not but:
                del self._rounds[labels], self._children[labels]
                if labels:
                    self._metric.remove(*labels)

    def _note(self, labels: tuple[str, ...]) -> None:
        running = _round.get()
        if running is None and not self._rounds:
            return
        key = labels if labels in self._children else (OTHER,) * len(labels)
        if running is None:
            self._rounds.pop(key, None)
        else:
            self._rounds[key] = running


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
        self._gauges: dict[str, GaugeSeries] = {}

    def series(self, spec: MetricSpec, most: int = MOST) -> Series:
        """A new series; a name can be taken once."""
        if spec.kind != "gauge":
            return Series(spec, self._inner, most)
        self._gauges[spec.name] = made = GaugeSeries(spec, self._inner, most)
        return made

    @contextmanager
    def round(self, job: str, whole: bool) -> Iterator[None]:
        """What sets gauges within is a round of the job. `whole`: it measures all that it ever
        does, so what earlier rounds have set and this one does not is gone.
        """
        running = Round(job)
        token = _round.set(running)
        try:
            yield
        finally:
            _round.reset(token)
            if whole:
                self.forget(job, running)

    def forget(self, job: str, but: Round | None = None) -> None:
        """Another replica does the job: what it measures is told there."""
        for each in self._gauges.values():
            each.forget(job, but)

    def read(self, spec: MetricSpec, reading: Reading) -> None:
        """A gauge whose values are looked up when they are asked for."""
        self._readings.append((spec, reading))

    def collect(self) -> Iterator[Metric]:
        """Everything, with the shared labels."""
        for family in (*self._inner.collect(), *map(_read, self._readings)):
            gauge = self._gauges.get(family.name)
            family.samples = [
                each._replace(labels={**self._shared, **each.labels})
                for each in (family.samples if gauge is None or not gauge.silent else ())
                if not each.name.endswith("_created")
            ]
            yield family

    def text(self) -> bytes:
        """Everything in the text format."""
        # the writer comes with servers and clients of HTTP, and is needed once somebody asks
        from prometheus_client import generate_latest

        return generate_latest(self)


def _read(reading: tuple[MetricSpec, Reading]) -> Metric:
    spec, values = reading
    family = GaugeMetricFamily(spec.name, spec.about, labels=spec.labels)
    for labels, value in values():
        family.add_metric(labels, value)
    return family
