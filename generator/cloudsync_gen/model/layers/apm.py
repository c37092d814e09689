"""Layer 11: what is measured, what is promised, who is woken."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from cloudsync_gen.model.element import Element, MotivationMapping, Part
from cloudsync_gen.model.ids import Link, Links
from cloudsync_gen.model.values import Duration, MetricName, Name, Percentage, Short, SqlName, Text

PromQl = Annotated[str, Meta(min_length=1, max_length=1000)]


class Metric(Element, frozen=True, kw_only=True):
    """A time series.

    Attributes:
        metric: its name in Prometheus.
        instrument: how it counts: upwards, up and down, or by buckets.
        unit: UCUM (OpenTelemetry metrics semantic conventions), `1` for none.
        labels: names of its labels; none of them may have unbounded values.
        service: the service that writes it; none: all services do.
        operations: operations that it is about.
        buckets: upper bounds of a histogram's buckets, in its unit.
        measures_goal: goals that it tells something about.
        motivation_mapping: why it is measured.
    """

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
    """A ratio or a quantile that tells how well a service does.

    Attributes:
        service: whose quality it tells.
        kind: what sort of quality.
        metric: the series that it is worked out from.
        operations: operations that count; none: all of the service's.
        definition: how it is worked out, in words.
    """

    service: Link
    kind: Literal["availability", "latency", "errors", "freshness"]
    metric: Link
    operations: tuple[Link, ...] = ()
    definition: Short


class Slo(Element, frozen=True, kw_only=True):
    """An objective on an SLI.

    Attributes:
        service: who has to reach it.
        sli: what is held against it.
        objective: how much of what is counted has to be good.
        window: over how long.
        threshold: for latency and freshness: the quantile stays below it.
        quantile: for latency and freshness: which one, such as `95%`.
        motivation_mapping: why it was set.
    """

    service: Link
    sli: Link
    objective: Percentage
    window: Duration
    threshold: Duration | None = None
    quantile: Percentage | None = None
    motivation_mapping: MotivationMapping = MotivationMapping()


class Credit(Part, frozen=True, kw_only=True):
    """Credit in per cent of the fee when availability of a month falls below.

    Attributes:
        below: the availability of a month below which it is due.
        credit_percent: part of the fee that is given back, in per cent.
    """

    below: Percentage
    credit_percent: Annotated[int, Meta(ge=1, le=100)]


class Sla(Element, frozen=True, kw_only=True):
    """A promise to customers; weaker than the objectives that carry it.

    Attributes:
        slos: objectives that carry it.
        promised: the availability that customers were promised.
        window: over how long.
        support_response: how soon somebody answers.
        credits: what customers get back when it was broken.
    """

    slos: Links
    promised: Percentage
    window: Duration
    support_response: Duration
    credits: tuple[Credit, ...]


class Trace(Element, frozen=True, kw_only=True):
    """How a service is traced.

    Attributes:
        service: the service that is meant.
        instruments: databases, brokers and services whose calls show as spans.
        sampling: share of requests kept at the head.
        attributes: what spans say besides the conventions of OpenTelemetry.
        retention: how long traces are kept.
    """

    service: Link
    instruments: tuple[Link, ...]
    sampling: Percentage
    attributes: tuple[Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_.]*$(?!\n)", max_length=80)], ...]
    retention: Duration


class LogStream(Element, frozen=True, kw_only=True):
    """The log of a service: its structured fields and how long they are kept.

    Attributes:
        service: whose log it is.
        fields: names of its structured fields.
        level: the least that is written.
        retention: how long it is kept.
        masked: classes of data that are masked in it.
    """

    service: Link
    fields: tuple[SqlName, ...]
    level: Literal["debug", "info", "warning", "error"]
    retention: Duration
    masked: tuple[Link, ...] = ()


class Alert(Element, frozen=True, kw_only=True):
    """Wakes or tells somebody. Either on an SLO's burn rate or on an expression.

    Attributes:
        service: what it is about.
        owner: the team that it goes to.
        severity: whether somebody is woken, or told in time.
        slo: the objective whose budget is being spent.
        burn_rate: how many times as fast as the budget allows.
        expression: PromQL that is true when something is wrong, where there is no `slo`.
        lasting: how long it has to be true.
        metrics: series that it reads.
        dashboard: where to look.
        first_step: what to do first, for somebody who was just woken.
    """

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
    """A panel of a dashboard.

    Attributes:
        title: what it shows, in a few words.
        metric: the series that it shows.
        expression: PromQL of what is drawn.
        kind: how it is drawn.
        signal: the golden signal that it shows of those services.
    """

    title: Name
    metric: Link
    expression: PromQl
    kind: Literal["timeseries", "stat", "gauge", "table", "heatmap"]
    signal: Literal["latency", "traffic", "errors", "saturation"] | None = None


class Dashboard(Element, frozen=True, kw_only=True):
    """A page of panels.

    Attributes:
        services: services that it is about.
        panels: what stands on it, from the top.
        slos: objectives that it shows.
    """

    services: Links
    panels: tuple[Panel, ...]
    slos: tuple[Link, ...] = ()


class Experiment(Element, frozen=True, kw_only=True):
    """A chaos experiment: what is broken, what should hold, where it stops.

    Attributes:
        targets: services, stores and brokers that it is done to.
        fault: what is broken.
        hypothesis: what should hold all the same.
        blast_radius: how much may be hit at most.
        stops_on: alerts at which it is stopped.
        schedule: when it is done.
    """

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
