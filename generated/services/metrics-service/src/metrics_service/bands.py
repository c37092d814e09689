"""The band in which the next point of a curve is expected, drawn from the points before it.

`sensitivityPercent` is the share of ordinary points that may lie outside: a band of 5 is as wide as
95 in 100 points are, if the residuals are normal.
"""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist, median

_MAD_TO_SIGMA = 1.4826
"""The standard deviation of a normal distribution over its median absolute deviation."""

_SHORTEST = 28
_FASTEST = 0.3
_TREND, _SEASON = 0.05, 0.2
_NARROWEST = 1e-9
_LARGEST = 1e15


@dataclass(frozen=True, slots=True)
class Band:
    """From `low` to `high` a value is in order."""

    low: float
    high: float

    def holds(self, value: float) -> bool:
        """Whether a value lies within."""
        return self.low <= value <= self.high

    def score(self, value: float) -> float:
        """How far outside a value lies, from 0 at the edge towards 1."""
        outside = max(self.low - value, value - self.high, 0.0)
        half = max((self.high - self.low) / 2, abs(value) * _NARROWEST, _NARROWEST)
        return outside / (outside + half)


def width_of(sensitivity_percent: int) -> float:
    """How many standard deviations the band reaches to either side."""
    return NormalDist().inv_cdf(1 - sensitivity_percent / 200)


def ewma(before: Sequence[float], reach: float) -> Band:
    """About a mean that forgets by 30 % a point, as wide as the points were about it."""
    mean, variance = before[0], 0.0
    for value in before[1:]:
        apart = value - mean
        mean += _FASTEST * apart
        variance = (1 - _FASTEST) * (variance + _FASTEST * apart * apart)
    return _about(mean, math.sqrt(variance), reach)


class Decomposed:
    """A curve as trend and season by medians, which an earlier anomaly does not bend; the rest
    makes the width.

    A simple form of the decomposition of Cleveland et al. (1990): the trend is the median of the
    season before, the season that of what lies at the same place in each.
    """

    def __init__(self, values: Sequence[float], season: int) -> None:
        self._values = values
        self._season = season
        self._trends = _trailing_medians(values, max(season, _SHORTEST))

    def band(self, place: int, reach: float) -> Band:
        """Of the point at a place, by those before it; there must be one."""
        season, before = self._season, self._values[:place]
        if season < 2 or place < 2 * season:
            trend = self._trends[place - 1]
            return _about(trend, _spread([each - trend for each in before]), reach)
        pairs = zip(before, self._trends[:place], strict=True)
        apart = [value - trend for value, trend in pairs][season - 1 :]
        seasons = [median(apart[i::season]) for i in range(season)]
        rest = [value - seasons[i % season] for i, value in enumerate(apart)]
        middle = self._trends[place - 1] + seasons[len(apart) % season]
        return _about(middle, _spread(rest), reach)


def _trailing_medians(values: Sequence[float], width: int) -> list[float]:
    """At each place the median of the last `width` values."""
    window: list[float] = []
    found = []
    for place, value in enumerate(values):
        insort(window, value)
        if place >= width:
            window.pop(bisect_left(window, values[place - width]))
        middle = len(window) // 2
        odd = len(window) % 2
        found.append(window[middle] if odd else (window[middle - 1] + window[middle]) / 2)
    return found


def forecast(before: Sequence[float], season: int, reach: float) -> Band:
    """About the next point by Holt and Winters (additive), as wide as such forecasts have erred."""
    if season < 2 or len(before) < 2 * season:
        season = 1
    level = sum(before[:season]) / season
    seasons = [value - level if season > 1 else 0.0 for value in before[:season]]
    slope, errors = 0.0, []
    for i, value in enumerate(before[season:]):
        place = i % season
        errors.append(value - (level + slope + seasons[place]))
        former = level
        level = _FASTEST * (value - seasons[place]) + (1 - _FASTEST) * (level + slope)
        slope = _TREND * (level - former) + (1 - _TREND) * slope
        if season > 1:
            seasons[place] = _SEASON * (value - level) + (1 - _SEASON) * seasons[place]
    place = len(before[season:]) % season
    spread = _spread(errors or [0.0])
    return _about(level + slope + seasons[place], spread, reach)


def _spread(residuals: Sequence[float]) -> float:
    """A standard deviation that few wild values do not widen."""
    return _MAD_TO_SIGMA * median(abs(each) for each in residuals)


def _about(middle: float, spread: float, reach: float) -> Band:
    """A band that is never so narrow that rounding leaves it."""
    half = max(spread * reach, abs(middle) * 1e-6, _NARROWEST)
    return Band(max(-_LARGEST, middle - half), min(_LARGEST, middle + half))
