"""Refuses callers that have used up their share."""

from __future__ import annotations

import math
from collections.abc import Callable

from cloudsync_chassis.client.breaker import Breaker
from cloudsync_chassis.client.policy import BreakerPolicy
from cloudsync_chassis.logs import logger
from cloudsync_chassis.problem import RATE_LIMITED, Problem
from cloudsync_chassis.rate.buckets import Buckets, MemoryBuckets
from cloudsync_chassis.rate.gcra import Rate, Verdict
from cloudsync_chassis.security.principal import Principal
from cloudsync_chassis.settings import Settings

_PUBLIC = "public"
_SPARED = BreakerPolicy(requests=5, window=10.0, open_for=5.0)

log = logger("rate")


def share_of(principal: Principal) -> str:
    """Whose count a request goes to.

    A person's goes to the tenant. A workload's goes to that workload within the tenant that it acts
    for: what one request of a tenant sets off inside is neither taken from what its people may ask,
    nor without bound. Anonymous callers share one count, as the tenant that they name is not
    proven: they can neither use up somebody else's share, nor have one for each name they invent.
    """
    tenant = principal.organization_id
    if principal.kind == "anonymous":
        return _PUBLIC
    if principal.kind == "workload":
        return f"{tenant or 'none'}:workload:{principal.subject}"
    return str(tenant) if tenant else f"none:user:{principal.subject}"


class Limiter:
    """Counts the requests to one service. Without a `rate` everybody is admitted.

    Where `shared` counts cannot be had, this replica counts alone: a limiter that is down should
    neither take the service with it nor leave it open.
    """

    def __init__(self, service: str, rate: Rate | None, shared: Buckets | None = None) -> None:
        self._prefix = f"{service}:rate:"
        self._rate = rate
        self._shared = shared
        self._own = MemoryBuckets()
        self._breaker = Breaker(_SPARED)
        self.refused: Callable[[], None] = _unheard

    async def admit(self, principal: Principal) -> None:
        """Count a request.

        Raises:
            Problem: `rate-limited`, with `Retry-After` (RFC 9110, 10.2.3) and `RateLimit-*`.
        """
        if self._rate is None:
            return
        verdict = await self._take(self._prefix + share_of(principal), self._rate)
        if not verdict.admitted:
            self.refused()
            raise refusal(verdict)

    async def aclose(self) -> None:
        """Close the connection to the shared counts."""
        if self._shared is not None:
            await self._shared.aclose()

    async def _take(self, key: str, rate: Rate) -> Verdict:
        permit = self._breaker.allow() if self._shared is not None else None
        if self._shared is None or permit is None:
            return await self._own.take(key, rate)
        try:
            verdict = await self._shared.take(key, rate)
        except Exception as error:
            # whatever the driver raises: the request is not to blame
            self._breaker.record(permit, False)
            log.warning("shared_counts_unavailable", error=str(error))
            return await self._own.take(key, rate)
        self._breaker.record(permit, True)
        return verdict


def refusal(verdict: Verdict) -> Problem:
    """The answer to whoever has used up their share: `rate-limited`, with when to come back."""
    return Problem(
        RATE_LIMITED,
        headers={
            "Retry-After": str(max(1, math.ceil(verdict.retry_after))),
            "RateLimit-Limit": str(verdict.rate.burst),
            "RateLimit-Remaining": str(verdict.remaining),
            "RateLimit-Reset": str(math.ceil(verdict.reset)),
        },
    )


def _unheard() -> None:
    pass


def limiter_of(service: str, settings: Settings) -> Limiter:
    """The limiter that the settings ask for."""
    if not settings.rate_limit_per_second:
        return Limiter(service, None)
    rate = Rate(settings.rate_limit_per_second, max(1, settings.rate_limit_burst))
    if settings.redis_url is None:
        return Limiter(service, rate)
    from cloudsync_chassis.rate.redis import RedisBuckets

    return Limiter(service, rate, RedisBuckets(settings.redis_url.get_secret_value()))
