"""Parts of the archive sent again, onto topics that nothing but a replay uses."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Event
from cloudsync_chassis.jobs.spec import Due
from cloudsync_chassis.problem import breaks_rule
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.store.cursor import Position
from cloudsync_chassis.store.query import ListQuery, PageRequest

from . import memory
from .archiving import told_as
from .base import place_of
from .counting import Counting
from .generated import models, port
from .generated.aggregates import ARCHIVE_REPLAY

_PAUSE = 1.0
_AT_ONCE = 1_000
"""Events that one replay sends in a round at most."""

_RUNNING = models.ReplayStatus.running
_TENANTS = 200


class Replaying(Counting):
    """Drives replays that two people wanted."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        due = Due(aggregate=ARCHIVE_REPLAY.name, where={"replayStatus": _RUNNING.value})
        runtime.work.every(_PAUSE, "replay-events", self.replay_due, due)

    async def request_replay(
        self, ctx: Context, request: port.RequestReplay
    ) -> models.ArchiveReplay:
        """Ask for part of the archive.

        Raises:
            Problem: `rule-broken`: the interval runs backwards, or a stream without its tenant.
        """
        wish = request.body.selector
        if wish.since > wish.until:
            raise breaks_rule("the interval runs backwards", pointer="/selector/until")
        if wish.stream_id is not None and wish.tenant_id is None:
            raise breaks_rule("a stream is a tenant's", pointer="/selector/tenantId")
        return await super().request_replay(ctx, request)

    async def start_replay(self, ctx: Context, request: port.StartReplay) -> None:
        """Take a replay: count what it will send, so that progress can be told."""
        if self.settings.replays_paused:
            return
        await super().start_replay(ctx, request)
        key = request.archive_replay_id
        replay = await self.archive_replay.find(ctx, id=key)
        if replay is None or await self.replay_places.find(ctx, replayId=key) is not None:
            return
        total = 0
        async for tenant in self._tenants(ctx, replay):
            async for _ in self._selected(ctx.within(tenant), replay, None):
                total += 1
        fields = {"replayId": key, "total": total, "seen": 0}
        await self.replay_places.insert(ctx, fields)

    async def replay_due(self, ctx: Context) -> None:
        """Send the next part of each running replay of the organisation."""
        if self.settings.replays_paused:
            return
        running = [each async for each in self.archive_replay.each(ctx, replayStatus=_RUNNING)]
        for each in running:
            share = self.settings.replay_rate_limit // len(running)
            await self._go_on(ctx, each, max(1, min(each.rate_per_second, share, _AT_ONCE)))

    async def _go_on(self, ctx: Context, replay: models.ArchiveReplay, most: int) -> None:
        place = await self.replay_places.find(ctx, replayId=replay.id)
        if place is None:
            return
        sent, seen, last = 0, 0, None
        async for tenant, event in self._following(ctx, replay, place):
            sent += await self._send(ctx.within(tenant), replay, event)
            seen, last = seen + 1, (tenant, place_of(event))
            if seen == most:
                break
        if last is not None:
            fields: dict[str, Any] = {
                "seen": place.seen + seen,
                "tenant": last[0],
                "at": last[1].value,
                "lastId": last[1].id,
            }
            place = await self.replay_places.rewrite(ctx, place, fields)
        self.metrics.events_replayed_total(sent, target_topic=replay.target_topic)
        await self._advance(ctx, replay, place, sent, ended=seen < most)

    async def _advance(
        self,
        ctx: Context,
        replay: models.ArchiveReplay,
        place: memory.ReplayPlace,
        sent: int,
        ended: bool,
    ) -> None:
        share = 100 * place.seen // place.total if place.total else 0
        progress = 100 if ended else min(99, share)
        body = models.ReplayAdvance(
            progress_percent=progress, events_sent=replay.events_sent + sent
        )
        wish = port.AdvanceReplay(archive_replay_id=replay.id, body=body)
        await self.advance_replay(ctx, wish)
        if ended:
            await self.complete_replay(ctx, port.CompleteReplay(archive_replay_id=replay.id))
            await self.replay_places.remove(ctx, place)

    async def _following(
        self, ctx: Context, replay: models.ArchiveReplay, place: memory.ReplayPlace
    ) -> AsyncIterator[tuple[UUID, models.CollectedEvent]]:
        """What is still to be sent, tenant by tenant."""
        async for tenant in self._tenants(ctx, replay, place.tenant):
            after = None
            if tenant == place.tenant and place.at is not None and place.last_id is not None:
                after = Position("occurredAt", place.at, place.last_id)
            async for each in self._selected(ctx.within(tenant), replay, after):
                yield tenant, each

    def _selected(
        self, ctx: Context, replay: models.ArchiveReplay, after: Position | None
    ) -> AsyncIterator[models.CollectedEvent]:
        wish = replay.selector
        filters: dict[str, Any] = {"eventType": tuple(each.root for each in wish.event_types)}
        if wish.stream_id is not None:
            filters["streamId"] = wish.stream_id
        return self.between(ctx, wish.since, wish.until, after, **filters)

    async def _tenants(
        self, ctx: Context, replay: models.ArchiveReplay, since: UUID | None = None
    ) -> AsyncIterator[UUID]:
        """The tenant that is meant, or all that have such events, in order from one of them on."""
        wish = replay.selector
        if wish.tenant_id is not None:
            yield wish.tenant_id
            return
        if since is not None:
            yield since
        kinds = {"eventType": tuple(each.root for each in wish.event_types)}
        query = ListQuery(PageRequest(limit=_TENANTS), kinds)
        found = await self.collected_event.repository.tenants(ctx, query, since)
        while found:
            for each in found:
                yield each
            found = await self.collected_event.repository.tenants(ctx, query, found[-1])

    async def _send(
        self, ctx: Context, replay: models.ArchiveReplay, event: models.CollectedEvent
    ) -> bool:
        """Put an event onto the replay's topic as it was told once; not one that nobody can read."""
        payload = await self.unsealed(ctx, event)
        if payload is None:
            return False
        _, _, subject = (event.stream_id or "").partition(":")
        again = Event(
            id=event.event_id,
            type=told_as(event.event_type, event.schema_version),
            source=f"/{self.runtime.spec.name}/replays/{replay.id}",
            topic=replay.target_topic,
            subject=subject or str(event.event_id),
            time=event.occurred_at,
            organization_id=ctx.tenant,
            data=json.loads(payload),
        )
        await self.runtime.outbox.append(ctx, replay.id, again)
        return True
