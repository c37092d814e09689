"""What an operation knows about the request that it serves."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from cloudsync_chassis import clock
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.problem import DEADLINE_EXCEEDED, not_valid
from cloudsync_chassis.propagation import TENANT_HEADER, Trace
from cloudsync_chassis.security.principal import Principal

if TYPE_CHECKING:
    from cloudsync_chassis.events.envelope import Event
    from cloudsync_chassis.security.guard import Guard
    from cloudsync_chassis.store.unit import Unit


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment on the monotonic clock, in seconds."""

    at: float

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        """`seconds` from now."""
        return cls(time.monotonic() + seconds)

    @property
    def remaining(self) -> float:
        """Seconds left; at least 0."""
        return max(0.0, self.at - time.monotonic())

    def check(self) -> None:
        """Raise `deadline-exceeded` if no time is left."""
        if self.remaining <= 0:
            raise DEADLINE_EXCEEDED()

    def sooner(self, seconds: float | None) -> Deadline:
        """This deadline, or `seconds` from now if that is earlier."""
        return self if seconds is None else Deadline(min(self.at, time.monotonic() + seconds))


@dataclass(slots=True)
class Grant:
    """Whether the operation is allowed: at once by a role, or later by a relation to the entity.

    An operation that ends without a grant is refused and undone, so no handler can forget to ask.
    """

    given: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """One per operation. `now` is the same instant for everything that the operation writes; after
    a commit and a wait, `later`.

    `request` tells a request with an `idempotency_key` from another one that comes with the same.
    """

    operation: Operation
    principal: Principal
    unit: Unit
    deadline: Deadline
    trace: Trace
    idempotency_key: str | None = None
    request: str = ""
    if_match: frozenset[int] | None = None
    cause: Event | None = None
    grant: Grant = field(default_factory=lambda: Grant(True))
    guard: Guard | None = None
    source_ip: str | None = None
    now: datetime = field(default_factory=clock.now)

    def within(self, organization_id: UUID) -> Context:
        """The same operation in another tenant: for what founds one, and for platform work."""
        return replace(self, principal=replace(self.principal, organization_id=organization_id))

    def later(self) -> Context:
        """The same operation at the present instant: for what it writes after it has committed and
        waited for somebody, lest that be dated before what others did meanwhile.
        """
        return replace(self, now=clock.now())

    @property
    def tenant(self) -> UUID:
        """The organisation whose rows the operation may see.

        Raises:
            Problem: `validation-failed`: the caller names none.
        """
        if self.principal.organization_id is None:
            raise not_valid("the caller belongs to no organisation", parameter=TENANT_HEADER)
        return self.principal.organization_id
