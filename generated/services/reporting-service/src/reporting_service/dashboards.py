"""Boards: drawn, copied, looked at, and what happens to the metrics on them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.ids import PLATFORM
from cloudsync_chassis.model import given, to_record
from cloudsync_chassis.store.query import Page

from .base import ADMINISTRATORS
from .exploring import Exploring
from .generated import models, port

_BADGE = "Outside its band since "
_LEAVING = "This number is on its way out and has no successor"
_SHOWN_FOR = timedelta(days=1)

Tile = models.DashboardTile


class Dashboards(Exploring):
    """Commands and queries of boards, and events about metrics."""

    async def create_dashboard(
        self, ctx: Context, request: port.CreateDashboard
    ) -> models.Dashboard:
        self.notice_administrator(ctx)
        fields = given(request.body)
        if request.body.tiles is not None:
            fields["tiles"] = [to_record(_without_notice(each)) for each in request.body.tiles]
        return await self.dashboard.create(ctx, "create-dashboard", fields)

    async def save_dashboard(self, ctx: Context, request: port.SaveDashboard) -> models.Dashboard:
        """Notices are the service's: a tile keeps its own as long as it shows the same metric."""
        known = await self.dashboard.find(ctx, id=request.dashboard_id)
        noticed = {
            (each.tile_key, each.metric_key): each.notice for each in (known.tiles if known else ())
        }
        fields = given(request.body)
        fields["tiles"] = [
            to_record(
                each.model_copy(update={"notice": noticed.get((each.tile_key, each.metric_key))})
            )
            for each in request.body.tiles
        ]
        return await self.dashboard.update(ctx, "save-dashboard", request.dashboard_id, fields)

    async def duplicate_dashboard(
        self, ctx: Context, request: port.DuplicateDashboard
    ) -> models.Dashboard:
        original = await self.dashboard.get(ctx, request.dashboard_id)
        fields = {
            "dashboardName": request.body.dashboard_name,
            "tiles": [to_record(each) for each in original.tiles],
            "visibility": "private",
            "ownerId": ctx.principal.subject,
        }
        return await self.dashboard.create(ctx, "duplicate-dashboard", fields)

    async def get_dashboard(self, ctx: Context, request: port.GetDashboard) -> models.Dashboard:
        found = await self.dashboard.get(ctx, request.dashboard_id)
        self.metrics.reporting_dashboard_views_total(visibility=found.visibility.value)
        return _as_of(found, ctx.now)

    async def list_dashboards(
        self, ctx: Context, request: port.ListDashboards
    ) -> Page[models.Dashboard]:
        """Those that are live, unless archived ones are asked for."""
        asked = replace(
            request, dashboard_state=request.dashboard_state or models.DashboardState.live
        )
        page = await super().list_dashboards(ctx, asked)
        return replace(page, items=tuple(_as_of(each, ctx.now) for each in page.items))

    def notice_administrator(self, ctx: Context) -> None:
        """Remember who administers the tenant, for boards that lose their owner."""
        if ctx.principal.kind == "user" and ctx.principal.roles & ADMINISTRATORS:
            self.world.administrators.seen(ctx.tenant, UUID(ctx.principal.subject))

    async def badge_tiles(self, ctx: Context, request: port.BadgeTiles) -> None:
        """As of the event that is handled, else of now."""
        at = ctx.cause.time if ctx.cause is not None else ctx.now
        if ctx.tenant == PLATFORM or ctx.now - at >= _SHOWN_FOR:
            return
        key, text = request.body.metric_key, _BADGE + at.strftime("%Y-%m-%dT%H:%M:%SZ")

        def badge(tile: Tile) -> Tile:
            if tile.metric_key != key or _newer(tile.notice, text):
                return tile
            return tile.model_copy(update={"notice": text})

        await self._change_tiles(ctx, badge)

    async def mend_tiles(self, ctx: Context, request: port.MendTiles) -> None:
        """In the boards of all tenants: a metric is the platform's."""
        key, successor = request.body.metric_key, request.body.replaced_by

        def mend(tile: Tile) -> Tile:
            if tile.metric_key != key:
                return tile
            if successor is None:
                return tile.model_copy(update={"notice": _LEAVING})
            return tile.model_copy(update={"metric_key": successor, "notice": None})

        await self.forget_metric(ctx, key)
        async for tenant in self.tenants(ctx, self.dashboard):
            await self._change_tiles(ctx.within(tenant), mend)

    async def renew_series(self, ctx: Context, request: port.RenewSeries) -> None:
        at = ctx.cause.time if ctx.cause is not None else ctx.now
        await self.renew_metric(ctx, request.body.metric_key, at)

    async def _change_tiles(self, ctx: Context, change: Callable[[Tile], Tile]) -> None:
        async for board in self.dashboard.each(ctx):
            tiles = [change(each) for each in board.tiles]
            if tiles != board.tiles:
                fields: dict[str, Any] = {"tiles": [to_record(each) for each in tiles]}
                await self.dashboard.rewrite(ctx, board, fields)

    async def on_metric_anomaly_detected(
        self, ctx: Context, event: Received[models.MetricAnomalyDetected]
    ) -> None:
        await self.badge_tiles(ctx, port.BadgeTiles(body=event.data))

    async def on_metric_deprecated(
        self, ctx: Context, event: Received[models.MetricDeprecated]
    ) -> None:
        await self.mend_tiles(ctx, port.MendTiles(body=event.data))

    async def on_metric_activated(
        self, ctx: Context, event: Received[models.MetricActivated]
    ) -> None:
        await self.renew_series(ctx, port.RenewSeries(body=event.data))


def _without_notice(tile: Tile) -> Tile:
    return tile.model_copy(update={"notice": None})


def _as_of(board: models.Dashboard, now: datetime) -> models.Dashboard:
    """Without notices of anomalies that are a day old."""
    tiles: Sequence[Tile] = [
        _without_notice(each) if _over(each.notice, now) else each for each in board.tiles
    ]
    return board.model_copy(update={"tiles": list(tiles)})


def _over(notice: str | None, now: datetime) -> bool:
    at = _badged_at(notice)
    return at is not None and now - at >= _SHOWN_FOR


def _newer(notice: str | None, text: str) -> bool:
    """Whether a tile has a notice that must not give way to an anomaly's."""
    if notice is None:
        return False
    # times of one width sort as text; a number on its way out says so whatever its curve does
    return notice >= text if notice.startswith(_BADGE) else True


def _badged_at(notice: str | None) -> datetime | None:
    if notice is None or not notice.startswith(_BADGE):
        return None
    return datetime.fromisoformat(notice.removeprefix(_BADGE).replace("Z", "+00:00"))
