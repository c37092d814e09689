"""What a time series is, as the model says it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

LATENCY = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 5.0)
"""Bounds of the buckets of durations in seconds, where the model gives none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricSpec:
    """A time series. `labels` come beside those that all series of a service have.

    `buckets` are the upper bounds of a histogram's, ascending, without infinity.
    """

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    about: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()
