"""What is rendered of a service's own time series and of its traces."""

from __future__ import annotations

from msgspec import Struct


class LabelView(Struct, frozen=True):
    """A label of a series, and the parameter that takes its value."""

    name: str
    parameter: str


class AttributeView(Struct, frozen=True):
    """An attribute of spans, and the method by which handlers say it."""

    name: str
    method: str


class TracingView(Struct, frozen=True):
    """The share of traces that is recorded where they begin, what spans may say, and what of it
    only handlers know.
    """

    sampling: float
    attributes: tuple[str, ...]
    told: tuple[AttributeView, ...]


class MetricView(Struct, frozen=True, kw_only=True):
    """A series of the service's own, recorded by `method`; `buckets` are a histogram's bounds."""

    name: str
    method: str
    kind: str
    about: str
    labels: tuple[LabelView, ...]
    buckets: tuple[float, ...]

    @property
    def label_names(self) -> tuple[str, ...]:
        """The labels beside those that all series have."""
        return tuple(each.name for each in self.labels)
