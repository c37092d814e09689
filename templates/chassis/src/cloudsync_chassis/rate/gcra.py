"""The generic cell rate algorithm (ITU-T I.371, annex A), in whole numbers.

One number is kept per key: the time at which everything admitted so far would have arrived at the
steady rate. How far it lies ahead of now is what has been taken of the burst. However requests
come, no more than `burst + per_second * t` are admitted within any `t` seconds.
"""

from __future__ import annotations

from dataclasses import dataclass

TICKS = 10_000_000
"""Per second. Fine enough for 9,000 a second, and exact in the doubles that Redis' Lua counts in
until 2053.
"""


@dataclass(frozen=True, slots=True)
class Rate:
    """Requests per second, and how many may come at once; both at least 1."""

    per_second: int
    burst: int

    @property
    def interval(self) -> int:
        """Ticks from one request to the next at the steady rate, rounded up."""
        return -(-TICKS // self.per_second)

    @property
    def span(self) -> int:
        """Ticks after which the whole burst is there again."""
        return self.burst * self.interval


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a request is admitted; `ahead` are the ticks taken of the rate's span, this request
    included if so.
    """

    rate: Rate
    admitted: bool
    ahead: int
    cost: int = 1

    @property
    def remaining(self) -> int:
        """Requests that would be admitted now."""
        return (self.rate.span - self.ahead) // self.rate.interval

    @property
    def reset(self) -> float:
        """Seconds until the whole burst is there again."""
        return self.ahead / TICKS

    @property
    def retry_after(self) -> float:
        """Seconds until the next request of that cost would be admitted."""
        return max(0, self.ahead + self.cost * self.rate.interval - self.rate.span) / TICKS


def judge(rate: Rate, ahead: int, cost: int = 1) -> Verdict:
    """The verdict on a request for which `ahead` ticks of the span are taken already.

    `cost`: for how many plain requests it counts. One that costs more than the burst never passes,
    and one that costs nothing only looks.
    """
    after = ahead + cost * rate.interval
    admitted = after <= rate.span
    return Verdict(rate, admitted, after if admitted else ahead, cost)
