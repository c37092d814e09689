"""What an organisation may store, and what it does."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received

from .endings import Endings
from .generated import models, port, tables

_FILES, _RENDITIONS = tables.files, tables.renditions
_LEDGER, _STATES = tables.storage_usage, tables.tenant_states
_STORED = ("scanning", "available", "quarantined", "trashed")
_GROUPS = ("image", "video", "audio", "text", "application", "font", "model")
_STORAGE_METER = "storage"
_LEDGER_KEPT = timedelta(days=395)
_ROOMIER = (models.SubscriptionChangeKind.plan, models.SubscriptionChangeKind.seats)

Shares = Mapping[str, tuple[int, int]]


class Tenants(Endings):
    """Access, room and usage."""

    async def set_storage_room(self, ctx: Context, request: port.SetStorageRoom) -> None:
        """Let go of a mark whose time is over; events set and lift it."""
        state = await self.tenant_state(ctx)
        if state is not None and state.full_until is not None and state.full_until <= ctx.now:
            await self.note_tenant_state(ctx, full_until=None)

    async def free_rooms(self, ctx: Context) -> None:
        """Let go of all marks whose time is over, in every tenant."""
        over = sa.select(_STATES.c.organization_id).where(_STATES.c.full_until <= ctx.now)
        for tenant in (await (await ctx.unit.connection()).execute(over)).scalars().all():
            await self.set_storage_room(ctx.within(tenant), port.SetStorageRoom())

    async def set_upload_access(self, ctx: Context, request: port.SetUploadAccess) -> None:
        """Close or open the tenant, as the event says that the operation is about."""
        event = ctx.cause
        if event is None or not await self.newest(ctx, "access", event.time):
            return
        reason = event.data.get("restrictedReason")
        since = event.time if reason is not None else None
        await self.note_tenant_state(ctx, read_only_since=since, reason=reason)

    async def _room(self, ctx: Context, told: datetime, full_until: datetime | None) -> None:
        if await self.newest(ctx, "room", told):
            await self.note_tenant_state(ctx, full_until=full_until)
        await self.set_storage_room(ctx, port.SetStorageRoom())

    async def on_quota_exceeded(self, ctx: Context, event: Received[models.QuotaExceeded]) -> None:
        data = event.data
        hard = data.level == models.QuotaLevel.hard
        if hard and data.meter_code.startswith(_STORAGE_METER):
            await self._room(ctx, event.event.time, data.resets_at)

    async def on_subscription_changed(
        self, ctx: Context, event: Received[models.SubscriptionChanged]
    ) -> None:
        data = event.data
        fewer = data.from_seat_quantity is not None and (
            data.seat_quantity <= data.from_seat_quantity
        )
        seats = data.last_change == models.SubscriptionChangeKind.seats
        if data.last_change in _ROOMIER and not (seats and fewer):
            await self._room(ctx, event.event.time, None)

    async def on_organization_restricted(
        self, ctx: Context, event: Received[models.OrganizationRestricted]
    ) -> None:
        await self.set_upload_access(ctx, port.SetUploadAccess())

    async def on_organization_unrestricted(
        self, ctx: Context, event: Received[models.OrganizationUnrestricted]
    ) -> None:
        await self.set_upload_access(ctx, port.SetUploadAccess())

    async def get_storage_usage(
        self, ctx: Context, request: port.GetStorageUsage
    ) -> models.StorageUsageReport:
        origins = await self._shares(ctx, _FILES.c.origin)
        groups = await self._shares(ctx, _group())
        classes = await self._shares(ctx, _FILES.c.storage_class)
        return models.StorageUsageReport(
            as_of=ctx.now,
            total_bytes=sum(size for size, _ in origins.values()),
            total_objects=sum(count for _, count in origins.values()),
            by_origin=_told(origins),
            by_media_group=_told(groups),
            by_storage_class=_told(classes),
        )

    async def keep_ledger(self, ctx: Context) -> None:
        """Write what is stored down for today, once more each time, and forget what is old."""
        connection = await ctx.unit.connection()
        today = ctx.now.date()
        mine = sa.and_(_LEDGER.c.organization_id == ctx.tenant, _LEDGER.c.day == today)
        await connection.execute(sa.delete(_LEDGER).where(mine))
        old = sa.and_(_LEDGER.c.organization_id == ctx.tenant, _LEDGER.c.day < today - _LEDGER_KEPT)
        await connection.execute(sa.delete(_LEDGER).where(old))
        for origin, (size, count) in (await self._shares(ctx, _FILES.c.origin)).items():
            row = {"organization_id": ctx.tenant, "day": today, "origin": origin}
            await connection.execute(sa.insert(_LEDGER).values(**row, bytes=size, objects=count))

    async def _shares(self, ctx: Context, key: Any) -> Shares:
        """Bytes and objects of files and renditions by something of the file."""
        named = key.label("key")
        stored = sa.and_(_FILES.c.organization_id == ctx.tenant, _FILES.c.status.in_(_STORED))
        files = sa.select(named, _FILES.c.size_bytes.label("bytes")).where(stored)
        same = sa.and_(
            _RENDITIONS.c.organization_id == _FILES.c.organization_id,
            _RENDITIONS.c.file_id == _FILES.c.id,
            _RENDITIONS.c.state == "ready",
        )
        derived = sa.select(named, _RENDITIONS.c.bytes.label("bytes"))
        derived = derived.select_from(_FILES.join(_RENDITIONS, same)).where(stored)
        every = files.union_all(derived).subquery()
        statement = sa.select(
            every.c.key, sa.func.sum(every.c.bytes).label("size"), sa.func.count().label("objects")
        ).group_by(every.c.key)
        rows = (await (await ctx.unit.connection()).execute(statement)).all()
        return {str(row.key): (int(row.size), int(row.objects)) for row in rows}


def _group() -> Any:
    """The first half of the media type, `other` where it is none of the registered ones."""
    kind = _FILES.c.media_type
    cases = [(kind.startswith(f"{each}/"), each) for each in _GROUPS]
    return sa.case(*cases, else_="other")


def _told(shares: Shares) -> list[models.StorageShare]:
    largest = sorted(shares.items(), key=lambda each: (-each[1][0], each[0]))
    return [
        models.StorageShare(key=key, bytes=size, objects=count) for key, (size, count) in largest
    ]
