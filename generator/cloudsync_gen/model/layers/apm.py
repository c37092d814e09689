"""Layer 11: what is measured, what is promised, who is woken."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from cloudsync_gen.model.element import Element, MotivationMapping, Part
from cloudsync_gen.model.ids import Link, Links
from cloudsync_gen.model.values import Duration, MetricName, Name, Percentage, Short, SqlName, Text

PromQl = Annotated[str, Meta(min_length=1, max_length=1000)]


class Metric(Element, frozen=True, kw_only=True):
    """A time series. `unit` is UCUM (OpenTelemetry metrics semantic conventions), `1` for none."""

    metric: MetricName
    instrument: Literal["counter", "gauge", "histogram"]
    unit: Annotated[str, Meta(min_length=1, max_length=30)]
    labels: tuple[SqlName, ...] = ()
    service: Link | None = None
    operations: tuple[Link, ...] = ()
    buckets: tuple[float, ...] = ()
    measures_goal: tuple[Link, ...] = ()
    motivation_mapping: MotivationMapping = MotivationMapping()


class Sli(Element, frozen=True, kw_only=True):
    """A ratio or a quantile that tells how well a service does."""

    service: Link
    kind: Literal["availability", "latency", "errors", "freshness"]
    metric: Link
    operations: tuple[Link, ...] = ()
    definition: Short


class Slo(Element, frozen=True, kw_only=True):
    """An objective on an SLI. `threshold` is for latency and freshness: the quantile stays below
    it.
    """

    service: Link
    sli: Link
    objective: Percentage
    window: Duration
    threshold: Duration | None = None
    quantile: Percentage | None = None
    motivation_mapping: MotivationMapping = MotivationMapping()


class Credit(Part, frozen=True, kw_only=True):
    """Credit in per cent of the fee when availability of a month falls below."""

    below: Percentage
    credit_percent: Annotated[int, Meta(ge=1, le=100)]


class Sla(Element, frozen=True, kw_only=True):
    """A promise to customers; weaker than the objectives that carry it."""

    slos: Links
    promised: Percentage
    window: Duration
    support_response: Duration
    credits: tuple[Credit, ...]


class Trace(Element, frozen=True, kw_only=True):
    """How a service is traced. `sampling` is the share of requests kept at the head."""

    service: Link
    instruments: tuple[Link, ...]
    sampling: Percentage
    attributes: tuple[Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_.]*$(?!\n)", max_length=80)], ...]
    retention: Duration


class LogStream(Element, frozen=True, kw_only=True):
    """The log of a service: its structured fields and how long they are kept."""

    service: Link
    fields: tuple[SqlName, ...]
    level: Literal["debug", "info", "warning", "error"]
    retention: Duration
    masked: tuple[Link, ...] = ()


class Alert(Element, frozen=True, kw_only=True):
    """Wakes or tells somebody. Either on an SLO's burn rate or on an expression."""

    service: Link
    owner: Link
    severity: Literal["page", "ticket", "info"]
    slo: Link | None = None
    burn_rate: Annotated[float, Meta(gt=0)] | None = None
    expression: PromQl | None = None
    lasting: Duration
    metrics: tuple[Link, ...] = ()
    dashboard: Link
    first_step: Text


class Panel(Part, frozen=True, kw_only=True):
    """A panel of a dashboard. `signal`: the golden signal that it shows of those services."""

    title: Name
    metric: Link
    expression: PromQl
    kind: Literal["timeseries", "stat", "gauge", "table", "heatmap"]
    signal: Literal["latency", "traffic", "errors", "saturation"] | None = None


class Dashboard(Element, frozen=True, kw_only=True):
    """A page of panels."""

    services: Links
    panels: tuple[Panel, ...]
    slos: tuple[Link, ...] = ()


class Experiment(Element, frozen=True, kw_only=True):
    """A chaos experiment: what is broken, what should hold, where it stops."""

    targets: tuple[Link, ...]
    fault: Literal[
        "kill-pod", "lose-zone", "delay", "abort", "partition", "cpu", "memory", "store-loss"
    ]
    hypothesis: Short
    blast_radius: Short
    stops_on: tuple[Link, ...]
    schedule: Short


TYPES: dict[str, type[Element]] = {
    "metric": Metric,
    "sli": Sli,
    "slo": Slo,
    "sla": Sla,
    "trace": Trace,
    "log": LogStream,
    "alert": Alert,
    "dashboard": Dashboard,
    "experiment": Experiment,
}
