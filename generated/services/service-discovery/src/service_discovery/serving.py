"""What callers and sidecars are told."""

from __future__ import annotations

from collections.abc import AsyncIterator

from cloudsync_chassis import clock
from cloudsync_chassis.changes import heard
from cloudsync_chassis.context import Context, Deadline
from cloudsync_chassis.ids import PLATFORM
from cloudsync_chassis.problem import NOT_FOUND
from cloudsync_chassis.runtime import Runtime

from .base import Base
from .generated import models, port, problems

LONGEST = 3600.0
"""Seconds after which a watch ends at the latest; the operation's own time-out comes first."""

_LOOK_AGAIN = 0.5
_RESERVE = 0.5
"""Seconds before its deadline at which a watch ends, so that it ends well."""


class Serving(Base):
    """Endpoint sets."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        self._streams = 0

    async def resolve_service(
        self, ctx: Context, request: port.ResolveService
    ) -> models.EndpointSet:
        """Endpoints of a service, nearest first.

        Raises:
            Problem: `service-unavailable`; `not-found`: no such service has been defined.
        """
        body = request.body
        view = await self.view(ctx)
        found = view.endpoints(body.service_name, body.region, body.zone_hint, clock.now())
        if not found.endpoints:
            inside = ctx.within(PLATFORM)
            if await self.service_definition.find(inside, name=body.service_name) is None:
                raise NOT_FOUND(f"{body.service_name} has not been defined")
            raise problems.SERVICE_UNAVAILABLE(f"no copy of {body.service_name} may be called")
        return found

    async def watch_endpoints(
        self, ctx: Context, request: port.WatchEndpoints
    ) -> AsyncIterator[models.EndpointSet]:
        """Sets that are newer than what the watcher has seen, then each as it changes; as callers
        of this replica's region are given them.

        Raises:
            Problem: `resource-exhausted`.
        """
        if self._streams >= self.settings.streams_per_replica:
            raise problems.RESOURCE_EXHAUSTED("another replica has room")
        return self._stream(ctx.within(PLATFORM), request.body)

    async def _stream(
        self, ctx: Context, body: models.WatchEndpointsRequest
    ) -> AsyncIterator[models.EndpointSet]:
        seen = {each.service_name: each.generation for each in body.known_generations or ()}
        ends = Deadline.after(min(ctx.deadline.remaining - _RESERVE, LONGEST))
        first = True
        self._streams += 1
        try:
            while True:
                stroke = self.changes.coming()
                view = await self.view(ctx)
                for name in (each.root for each in body.service_names):
                    if view.generation(name) <= seen.get(name, 0):
                        continue
                    seen[name] = view.generation(name)
                    if not first:
                        changed = view.generations[name][1]
                        took = (clock.now() - changed).total_seconds()
                        self.metrics.discovery_propagation_seconds(max(0.0, took))
                    yield view.endpoints(name, self.settings.region, None, clock.now())
                first = False
                if ends.remaining <= 0:
                    return
                await heard(stroke, min(ends.remaining, _LOOK_AGAIN))
        finally:
            self._streams -= 1
