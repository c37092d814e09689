"""What all handlers of api-gateway share: what stands at the door, read into memory."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import UUID

from cloudsync_chassis import clock
from cloudsync_chassis.context import Context
from cloudsync_chassis.executor import Incoming
from cloudsync_chassis.ids import PLATFORM
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.propagation import Trace
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.security.entrances import route_table
from cloudsync_chassis.security.principal import workload

from . import generated, memory, ports
from .answers import Answers, MemoryAnswers
from .generated.defaults import Defaults
from .generated.models import BarredKind, Edition, GatewayRoute, RateLimitPlan, TenantThrottle
from .generated.service import SERVICE
from .generated.settings import ServiceSettings
from .matching import Ways

T = TypeVar("T")

_FRESH = 5.0
"""Seconds after which what other replicas wrote is read again: a plan holds everywhere within ten,
a bar within thirty.
"""
_READ = Operation(id="read-board", access="workload")
_WRITE = Operation(id="write-counts", access="workload", writes=True)


@dataclass(frozen=True)
class Board:
    """All that a request is judged by, as it was at `read_at` (monotonic seconds)."""

    ways: Ways = field(default_factory=lambda: Ways(()))
    routes: Mapping[UUID, GatewayRoute] = field(default_factory=dict)
    plans: Mapping[UUID, RateLimitPlan] = field(default_factory=dict)
    editions: Mapping[UUID, Edition] = field(default_factory=dict)
    throttles: Mapping[UUID, TenantThrottle] = field(default_factory=dict)
    barred: frozenset[tuple[BarredKind, str]] = frozenset()
    purged: Mapping[UUID, float] = field(default_factory=dict)
    """Routes and organisations, and from when on (seconds since the epoch) answers count again."""
    read_at: float = float("-inf")

    def plan_of(self, organization: UUID | None, otherwise: UUID) -> RateLimitPlan | None:
        """The plan of an organisation's edition, else the one named otherwise."""
        edition = self.editions.get(organization) if organization else None
        ours = (each for each in self.plans.values() if each.plan_code is edition)
        return next(ours, None) or self.plans.get(otherwise)


class Base(Defaults):
    """The base of all mixins."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        assert isinstance(runtime.settings, ServiceSettings)
        self.settings = runtime.settings
        self.subscribed = runtime.aggregate(memory.SUBSCRIBED)
        self.spent = runtime.aggregate(memory.SPENT)
        self.traffic = runtime.aggregate(memory.TRAFFIC)
        self.purges = runtime.aggregate(memory.PURGE)
        self.excess = runtime.aggregate(memory.EXCESS)
        self.answers: Answers = _answers(runtime)
        self.upstreams: ports.Upstreams = ports.DeclaredUpstreams(runtime.spec, self.settings)
        self.exchange: ports.Exchange = ports.OwnExchange(runtime.identity, self.settings)
        self.freezes: ports.Freezes = ports.NoFreezes()
        self.table = route_table(generated)
        self._board = Board()

    async def board(self) -> Board:
        """What stands at the door, at most a few seconds old, and never older than what this
        replica itself has written.
        """
        if time.monotonic() - self._board.read_at > _FRESH:
            self._board = await self.apart(self._read, writes=False)
        return self._board

    def changed(self, ctx: Context) -> None:
        """Have the board read anew once the operation has committed."""
        ctx.unit.after_commit(self.stale)

    def stale(self) -> None:
        """Have the board read anew."""
        self._board = Board()

    async def apart(self, action: Callable[[Context], Awaitable[T]], *, writes: bool = True) -> T:
        """What `action` returns, in a transaction of its own under the platform's organisation."""
        me = Incoming(principal=workload(SERVICE.name, PLATFORM), trace=Trace.new())
        return await self.runtime.executor.run(_WRITE if writes else _READ, me, action)

    async def _read(self, ctx: Context) -> Board:
        began = time.monotonic()
        routes = [each async for each in self.gateway_route.each(ctx)]
        throttles = [each async for each in self.tenant_throttle.each(ctx)]
        barred = [e async for e in self.barred_principal.each(ctx) if e.expires_at > ctx.now]
        return Board(
            ways=Ways(routes),
            routes={each.id: each for each in routes},
            plans={each.id: each async for each in self.rate_limit_plan.each(ctx)},
            editions={e.subscriber: e.edition async for e in self.subscribed.each(ctx)},
            throttles={each.throttled_organization_id: each for each in throttles},
            barred=frozenset((each.principal_kind, str(each.principal_id)) for each in barred),
            purged={e.purged: e.at.timestamp() async for e in self.purges.each(ctx)},
            read_at=began,
        )


def _answers(runtime: Runtime) -> Answers:
    url = runtime.settings.redis_url
    if url is None:
        return MemoryAnswers()
    # who shares nothing does without the driver
    from .shared_answers import SharedAnswers

    shared = SharedAnswers(url.get_secret_value(), runtime.cipher.lasting_key("answers"))
    runtime.at_end(shared.aclose)
    return shared


def brake(throttle: TenantThrottle | None) -> float:
    """What a brake leaves of a plan at this moment; 1 without one."""
    if throttle is None or throttle.lifted_at is not None or throttle.expires_at <= clock.now():
        return 1.0
    return throttle.factor
