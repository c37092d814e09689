"""The budget of a call edge, and what the caller does without an answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

FallbackKind = Literal["fail", "omit", "default", "cached", "queue"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """At most `retries` more attempts, each within `timeout` seconds.

    `max_age`: seconds for which a kept answer may stand in (`cached`), or for which a call is tried
    again (`queue`). `topic`: where queued calls wait.

    Raises:
        ValueError: calls are to be queued, and nobody said where.
    """

    timeout: float
    retries: int = 0
    fallback: FallbackKind = "fail"
    max_age: float = 60.0
    topic: str = ""

    def __post_init__(self) -> None:
        if self.fallback == "queue" and not self.topic:
            raise ValueError("queued calls need a topic")


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerPolicy:
    """Opens at `failure_ratio` of at least `requests` within `window` seconds.

    After `open_for` seconds `probes` calls decide: it closes once all of them were answered.
    """

    requests: int = 20
    failure_ratio: float = 0.5
    window: float = 10.0
    open_for: float = 5.0
    probes: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """A callee: where it is found by default, and the budget of each operation called.

    `concurrent`: calls that may be under way at once; None: no bound.
    """

    service: str
    url: str
    budgets: dict[str, Budget] = field(default_factory=dict)
    breaker: BreakerPolicy = BreakerPolicy()
    concurrent: int | None = None
