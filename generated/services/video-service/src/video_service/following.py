"""What others did: calendars, plans, flags, and the end of an organisation."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from cloudsync_chassis.aggregate.engine import Aggregate
from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.ids import PLATFORM

from .base import PHASES
from .generated import models, port
from .side_rooms import SideRooms

_TO_COME = (PHASES.scheduled, PHASES.lobby)
_ZONES = (timedelta(), timedelta(hours=14), timedelta(hours=-12))
"""UTC first, then how far local dates are apart from it at most."""

_FLAGS = "video."
_DECIDING = (models.FlagStatus.active, models.FlagStatus.rolled_out)


class Following(SideRooms):
    """Consumed facts."""

    async def _is_news(self, ctx: Context, event_id: UUID, sequence: int | None) -> bool:
        """Note how far a calendar event was followed; False where that was farther already."""
        known = await self.followed.find(ctx, eventId=event_id)
        if sequence is None:
            return True
        if known is None:
            await self.followed.insert(ctx, {"eventId": event_id, "sequence": sequence})
            return True
        if known.sequence >= sequence:
            return False
        await self.followed.rewrite(ctx, known, {"sequence": sequence})
        return True

    async def _to_come(self, ctx: Context, event_id: UUID) -> list[models.Meeting]:
        found = self.meetings_in(ctx, *_TO_COME, calendarEventId=event_id)
        return sorted([each async for each in found], key=lambda each: each.scheduled_start)

    async def follow_moved_event(self, ctx: Context, request: port.FollowMovedEvent) -> None:
        """Move the window of one meeting, of the rest of a series, or of all to come."""
        moved = request.body
        if not await self._is_news(ctx, moved.event_id, moved.sequence):
            return
        by, length = moved.new_start - moved.old_start, moved.new_end - moved.new_start
        meetings = await self._to_come(ctx, moved.event_id)
        if moved.scope is models.ChangeScope.this:
            meetings = [each for each in meetings if each.scheduled_start == moved.old_start]
        if moved.scope is models.ChangeScope.following:
            meetings = [each for each in meetings if each.scheduled_start >= moved.old_start]
        if by > timedelta():
            meetings.reverse()
        for each in meetings:
            start = each.scheduled_start + by
            fields: dict[str, object] = {"scheduledStart": start, "scheduledEnd": start + length}
            if moved.split_series_id is not None:
                fields["calendarEventId"] = moved.split_series_id
            await self.meeting.rewrite(ctx, each, fields)
            self.told(ctx)

    async def follow_cancelled_event(
        self, ctx: Context, request: port.FollowCancelledEvent
    ) -> None:
        """Cancel what has not begun."""
        gone = request.body
        if not await self._is_news(ctx, gone.event_id, gone.sequence):
            return
        meetings = await self._to_come(ctx, gone.event_id)
        day = gone.occurrence_date
        if day is not None and gone.scope is models.ChangeScope.this:
            meetings = _on(meetings, day)
        elif day is not None and gone.scope is models.ChangeScope.following:
            first = _on(meetings, day)
            start = first[0].scheduled_start if first else None
            meetings = [
                each
                for each in meetings
                if (
                    each.scheduled_start.date() >= day
                    if start is None
                    else each.scheduled_start >= start
                )
            ]
        for each in meetings:
            fields = {"reason": models.MeetingCancelReason.calendar_event}
            cancelled = await self.meeting.transition(
                ctx, "follow-cancelled-event", each.id, fields
            )
            await self.vacate(ctx, cancelled)

    async def apply_meeting_limits(self, ctx: Context, request: port.ApplyMeetingLimits) -> None:
        """Take over what a plan allows."""
        told = request.body
        await self._limit(ctx, told.subscription_id, told.plan_code, told.entitlements)

    async def adjust_meeting_limits(self, ctx: Context, request: port.AdjustMeetingLimits) -> None:
        """Take over what a changed plan allows."""
        told = request.body
        if told.entitlements is not None:
            await self._limit(ctx, told.subscription_id, told.plan_code, told.entitlements)

    async def _limit(
        self, ctx: Context, subscription: UUID, plan: str, granted: models.Entitlements
    ) -> None:
        most = granted.meeting_participants
        fields = {
            "mostParticipants": 1_000 if most < 0 else most,
            "edition": plan.partition("-")[0],
        }
        known = await self.limits.find(ctx, subscriptionId=subscription)
        if known is None:
            await self.limits.insert(ctx, {"subscriptionId": subscription, **fields})
        else:
            await self.limits.rewrite(ctx, known, fields)

    async def apply_media_flags(self, ctx: Context, request: port.ApplyMediaFlags) -> None:
        """Take over a switch of the media in the environment that this runs in."""
        flag = request.body
        production = self.settings.environment == "production"
        ours = models.Environment.production if production else models.Environment.development
        if not flag.key.startswith(_FLAGS) or flag.environment is not ours:
            return
        inside = ctx.within(PLATFORM)
        percent = flag.rollout_percent if flag.status in _DECIDING else 0
        known = await self.switches.find(inside, key=flag.key)
        if known is None:
            await self.switches.insert(inside, {"key": flag.key, "percent": percent})
        else:
            await self.switches.rewrite(inside, known, {"percent": percent})

    async def purge_tenant_recordings(
        self, ctx: Context, request: port.PurgeTenantRecordings
    ) -> None:
        """Delete all that is known of an organisation's meetings, films and tracks first."""
        async for film in self.recording.each(ctx):
            await self.tracks.drop(film.id)
            self.drop_film(ctx, film.bucket_key)
            await self.recording.remove(ctx, film)
        async for room in self.rooms.each(ctx):
            await self.nodes.free(ctx, room.node, room.seats)
        for aggregate in (
            self.breakout_room,
            self.participant,
            self.meeting,
            self.rooms,
            self.places,
            self.limits,
            self.followed,
        ):
            await self._drop_all(ctx, aggregate)
        await self.forget_bar(ctx)

    async def _drop_all(self, ctx: Context, aggregate: Aggregate[Any]) -> None:
        async for each in aggregate.each(ctx):
            await aggregate.remove(ctx, each)

    async def on_event_rescheduled(
        self, ctx: Context, event: Received[models.EventRescheduled]
    ) -> None:
        await self.follow_moved_event(ctx, port.FollowMovedEvent(body=event.data))

    async def on_event_cancelled(
        self, ctx: Context, event: Received[models.EventCancelled]
    ) -> None:
        await self.follow_cancelled_event(ctx, port.FollowCancelledEvent(body=event.data))

    async def on_subscription_activated(
        self, ctx: Context, event: Received[models.SubscriptionActivated]
    ) -> None:
        await self.apply_meeting_limits(ctx, port.ApplyMeetingLimits(body=event.data))

    async def on_subscription_changed(
        self, ctx: Context, event: Received[models.SubscriptionChanged]
    ) -> None:
        await self.adjust_meeting_limits(ctx, port.AdjustMeetingLimits(body=event.data))

    async def on_flag_changed(self, ctx: Context, event: Received[models.FlagChanged]) -> None:
        await self.apply_media_flags(ctx, port.ApplyMediaFlags(body=event.data))

    async def on_organization_purged(
        self, ctx: Context, event: Received[models.OrganizationPurged]
    ) -> None:
        await self.purge_tenant_recordings(ctx, port.PurgeTenantRecordings(body=event.data))


def _on(meetings: Sequence[models.Meeting], day: date) -> list[models.Meeting]:
    """The meeting of a local date. The zone is not known here, so UTC's date comes first."""
    for offset in _ZONES:
        found = [each for each in meetings if (each.scheduled_start + offset).date() == day]
        if found:
            return found[:1]
    return []
