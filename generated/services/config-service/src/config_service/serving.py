"""What services are told, at once and as it changes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from cloudsync_chassis import clock
from cloudsync_chassis.changes import heard
from cloudsync_chassis.context import Context, Deadline
from cloudsync_chassis.ids import PLATFORM
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.security.access import require_own
from cloudsync_chassis.store.query import ListQuery, PageRequest

from . import places
from .base import Base
from .generated import models, port, problems
from .places import GLOBAL

LONGEST = 3600.0
"""Seconds after which a watch ends at the latest; the operation's own time-out comes first."""

_LOOK_AGAIN = 2.0
"""Seconds until a watcher sees what another replica has changed."""

_RESERVE = 0.5
"""Seconds before its deadline at which a watch ends, so that it ends well."""

_MOST = 5000
"""Entries of one bundle."""

_HOLDING = (models.ConfigStatus.live, models.ConfigStatus.rolling_out)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)


class Serving(Base):
    """Bundles for services."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        self._streams = 0

    async def get_config(self, ctx: Context, request: port.GetConfig) -> models.ConfigBundle:
        """The values that hold; of the tenant's own the caller must be in the tenant, or be the
        platform.

        Raises:
            Problem: `not-found`: no such service; `forbidden`.
        """
        body = request.body
        _check_service(body.service_name)
        inside = [ctx.within(PLATFORM)]
        if body.tenant_id is not None:
            require_own(ctx.principal, body.tenant_id)
            inside.append(ctx.within(body.tenant_id))
        keys = tuple(each.root for each in body.keys)
        found: list[models.ConfigEntry] = []
        for each in inside:
            found += await self._candidates(each, body.environment, body.region, keys)
        held = places.holding(found, body.service_name, body.pod_name)
        return _bundle(held, max([await self._mark(each, body.environment) for each in inside]))

    async def watch_config(
        self, ctx: Context, request: port.WatchConfig
    ) -> AsyncIterator[models.ConfigBundle]:
        """At once what differs from what the pod has loaded, then each change as it comes.

        Raises:
            Problem: `resource-exhausted`, `not-found`.
        """
        _check_service(request.body.service_name)
        if self._streams >= self.settings.watch_streams_per_replica:
            raise problems.RESOURCE_EXHAUSTED("another replica has room")
        return self._stream(ctx.within(PLATFORM), request.body)

    async def _stream(
        self, ctx: Context, body: models.WatchConfigRequest
    ) -> AsyncIterator[models.ConfigBundle]:
        known = {each.root for each in body.known_checksums}
        sent: dict[str, str] = {}
        first = True
        ends = Deadline.after(min(ctx.deadline.remaining - _RESERVE, LONGEST))
        self._streams += 1
        try:
            while ends.remaining > 0 or first:
                stroke = self.changes.coming()
                bundle = await self._held(ctx, body)
                news = [each for each in bundle.entries if sent.get(each.key) != each.checksum]
                sent = {each.key: each.checksum for each in bundle.entries}
                if first:
                    news = [each for each in news if each.checksum not in known]
                if first or news:
                    await self._time(ctx, news, first)
                    yield _bundle(news, bundle.revision_mark)
                first = False
                await heard(stroke, min(ends.remaining, _LOOK_AGAIN))
        finally:
            self._streams -= 1

    async def _held(self, ctx: Context, body: models.WatchConfigRequest) -> models.ConfigBundle:
        found = await self._candidates(ctx, body.environment, body.region, ())
        held = places.holding(found, body.service_name, body.pod_name)
        return _bundle(held, await self._mark(ctx, body.environment))

    async def _time(self, ctx: Context, news: Iterable[models.ConfigEntry], first: bool) -> None:
        """Measure how long values took that have gone live meanwhile."""
        for each in () if first else news:
            if each.status is models.ConfigStatus.live:
                schema = await self.config_schema.find(ctx, key=each.key)
                mode = schema.reload_mode if schema else models.ReloadMode.hot
                took = (clock.now() - each.updated_at).total_seconds()
                self.metrics.config_propagation_seconds(max(0.0, took), reload_mode=mode.value)

    async def _candidates(
        self, ctx: Context, environment: models.Environment, region: str, keys: tuple[str, ...]
    ) -> list[models.ConfigEntry]:
        """What the tenant has for a place, live or on its way."""
        wanted: dict[str, Any] = {
            "environment": environment,
            "region": (GLOBAL, region),
            "status": _HOLDING,
            "scope": (models.ConfigScope.platform, models.ConfigScope.service),
        }
        if ctx.tenant != PLATFORM:
            wanted["scope"] = models.ConfigScope.organization
        if keys:
            wanted["key"] = keys
        return [each async for each in self.config_entry.each(ctx, **wanted)]

    async def _mark(self, ctx: Context, environment: models.Environment) -> int:
        """Microseconds from 1970 to the last change of what holds in an environment; at least 1."""
        moved = (*_HOLDING, models.ConfigStatus.superseded, models.ConfigStatus.rolled_back)
        page = PageRequest(limit=1, sort="-updatedAt")
        query = ListQuery(page, {"environment": environment, "status": moved})
        found = (await self.config_entry.repository.select(ctx, query)).items
        return (found[0].updated_at - _EPOCH) // _TICK if found else 1


def _check_service(name: str) -> None:
    if name not in places.SERVICES:
        raise problems.NOT_FOUND("no such service")


def _bundle(entries: list[models.ConfigEntry], mark: int) -> models.ConfigBundle:
    return models.ConfigBundle(revision_mark=mark, entries=entries[:_MOST])
