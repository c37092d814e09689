"""What a job is, and when there is something for it to do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from cloudsync_chassis.context import Context
from cloudsync_chassis.operation import Operation

Per = Literal["entity", "tenant", "service"]
Action = Callable[[Context], Awaitable[Any]]
Call = Callable[[Context, Any], Awaitable[Any]]

TIMEOUT = 60.0
"""Seconds that a call may take which works on many entities."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """Entities of an aggregate that ask for something.

    Attributes:
        aggregate: of the service, by its name.
        where: fields and their values; a tuple: one of these.
        since: the date-time field that must lie `after` seconds back, of documents also one of a
            part (`message.clearAt`); None: at once.
    """

    aggregate: str
    where: Mapping[str, Any] = field(default_factory=dict)
    since: str | None = None
    after: float = 0.0

    def by(self, now: datetime) -> dict[str, datetime]:
        """The moment by which the field must have come (`ListQuery.due`)."""
        return {} if self.since is None else {self.since: now - timedelta(seconds=self.after)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Something done again and again, by one replica at a time, each call in a transaction.

    Attributes:
        operation: what it is called, as, and for how long.
        every: seconds from one round to the next.
        per: one call for each entity that is due, for each tenant that has one, or for all.
        due: which entities; None only where the job is `per` service.
        call: gets the context, in the tenant where there is one, and the key of the entity; None
            where no entity is meant.
        timeout: seconds that one call may take; None: as long as the operation.
    """

    operation: Operation
    every: float
    per: Per
    call: Call
    due: Due | None = None
    timeout: float | None = None

    @property
    def name(self) -> str:
        """The operation's."""
        return self.operation.id

    @property
    def call_operation(self) -> Operation:
        """The operation as the clock calls it."""
        if self.timeout is None:
            return self.operation
        return replace(self.operation, timeout=self.timeout)

    @property
    def lease(self) -> timedelta:
        """How long a replica may be silent before another one takes over."""
        return timedelta(seconds=2 * self.call_operation.timeout + 30)
