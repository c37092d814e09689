"""The schema's own door: documents are charged to their tenant by what they weigh, as requests to
upstreams are, and callers are turned away from it for the same reasons.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, nullcontext

from cloudsync_chassis.graphql.toll import Weighed
from cloudsync_chassis.ids import PLATFORM
from cloudsync_chassis.problem import Problem
from cloudsync_chassis.runtime import Runtime

from .callers import Caller, Callers
from .forwarding import NAME
from .generated.models import ClientName, Edition
from .limits import Limits, Share

COST_OF_A_POINT = 100
"""What a request to an upstream is charged, in the cost that documents are measured by: an operation
and a page of ninety objects.
"""
_CLIENTS = {each.value for each in ClientName}


class DocumentsDoor(Callers, Limits):
    """Charges documents, and measures them."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        runtime.toll = self.charged

    @asynccontextmanager
    async def charged(self, weighed: Weighed) -> AsyncIterator[None]:
        """Let a document be carried out, within its tenant's points and places.

        Raises:
            Problem: `unauthenticated`, `forbidden`, `rate-limited`.
        """
        caller, client = Caller(weighed.principal), client_of(weighed.headers)
        share = await self._share(caller, weighed)
        plan = share.plan.plan_code.value if share is not None else "none"
        with self._counted(weighed, plan, client):
            await self.turn_away(caller)
            with self.place(share) if share is not None else nullcontext():
                if share is not None:
                    await self.admit(share, points_of(weighed.cost, share))
                self.metrics.gateway_query_complexity(weighed.cost, client=client)
                yield
        for each in sorted(weighed.omitted):
            self.metrics.gateway_degraded_responses_total(omitted=each)

    async def _share(self, caller: Caller, weighed: Weighed) -> Share | None:
        plans = (await self.board()).plans.values()
        free = next((each.id for each in plans if each.plan_code is Edition.free), PLATFORM)
        return await self.share_of(caller.organization, weighed.source_ip, free)

    @contextmanager
    def _counted(self, weighed: Weighed, plan: str, client: str) -> Iterator[None]:
        """Count how a document ended."""
        outcome = "5xx"
        try:
            yield
            outcome = "4xx" if weighed.failed else "2xx"
        except Problem as problem:
            outcome = f"{problem.kind.status // 100}xx"
            raise
        finally:
            self.metrics.gateway_requests_total(
                route=f"{weighed.kind}-document",
                org_plan=plan,
                client=client,
                outcome=outcome,
                upstream=NAME,
            )


def points_of(cost: int, share: Share) -> int:
    """Points of a document: one for each hundred of its cost that it begins, and never more than the
    bucket holds, which the heaviest ones empty.
    """
    return min(-(-cost // COST_OF_A_POINT), share.rate.burst)


def client_of(headers: Mapping[str, str]) -> str:
    """Which client asks, by what it calls itself: one of those that are released, or `other`."""
    name = headers.get("x-client-name", "")
    return name if name in _CLIENTS else "other"
