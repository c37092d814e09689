"""The way of a notification: held back, folded, sent to each device, counted, opened, withdrawn."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from cloudsync_chassis import daily
from cloudsync_chassis.context import Context
from cloudsync_chassis.jobs.spec import Due
from cloudsync_chassis.logs import logger
from cloudsync_chassis.problem import FORBIDDEN
from cloudsync_chassis.runtime import Runtime

from . import catalogue, world
from .base import FAN_OUT, address_of, minute
from .devices import Devices
from .generated import models, port

_MANY = 200
_AT_ONCE = 30
"""Seconds that a notification lives at least, which networks call `now or never`."""

_STATES = models.FanoutState
_CAUSES = models.DropCause
_STALE: frozenset[str] = frozenset({"unregistered", "badToken"})

log = logger("fanout")


@dataclass(frozen=True, slots=True)
class Ready:
    """A notification that leaves now, with the devices that it goes to."""

    notice: models.PushNotification
    devices: tuple[models.DeviceRegistration, ...]
    badge: int | None


class FanOut(Devices):
    """A transaction is open before and after the networks are called, not during it."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        pending = Due(aggregate="push-notification", where={"fanoutState": "pending"})
        runtime.work.every(1.0, FAN_OUT, self.fan_out, pending)
        deferred = Due(aggregate="push-notification", where={"fanoutState": "deferred"})
        runtime.work.every(60.0, "resume-deferred", self.resume_deferred, deferred)
        lost = Due(
            aggregate="push-notification",
            where={"fanoutState": "fannedOut"},
            since="updatedAt",
            after=self.settings.settle_after,
        )
        runtime.work.every(30.0, "settle-lost", self.settle_lost, lost)

    async def enqueue_push(self, ctx: Context, request: port.EnqueuePush) -> None:
        """A notification as it was ordered; once for a fact and a person."""
        await self.queue(ctx, request.body.model_dump(by_alias=True, exclude_none=True))

    async def fan_out(self, ctx: Context) -> None:
        """Send what is pending, what is immediate first; each in transactions of its own."""
        tenant = ctx.tenant

        async def due(inside: Context) -> list[models.PushNotification]:
            found: list[models.PushNotification] = []
            for urgency in models.PushUrgency:
                waiting = self.push_notification.each(
                    inside, fanoutState="pending", urgency=urgency
                )
                async for each in waiting:
                    found.append(each)
                    if len(found) == _MANY:
                        return found
            return found

        waiting = await self.run(tenant, due)
        for each in waiting:
            try:
                await self.send_one(tenant, each.id)
            except Exception as error:
                # one notification that nobody can send stops no other; it ends with its time
                log.error("push_failed", notification_id=str(each.id), error=error)

    async def send_one(self, tenant: UUID, key: UUID) -> None:
        """Send a notification to all devices of its person, if nothing stands against it."""
        ready = await self.run(tenant, partial(self._prepared, key=key))
        if ready is None:
            return
        accepted, refused = 0, dict[UUID, world.Refusal]()
        first: tuple[str, str] | None = None
        for device in ready.devices:
            envelope = envelope_of(ready.notice, device, ready.badge)
            refusal = await self.world.networks.send(address_of(device), envelope)
            if refusal is None:
                accepted += 1
                self.metrics.push_sent_total(
                    platform=str(device.platform), topic=str(ready.notice.topic_key)
                )
            else:
                refused[device.device_id] = refusal
                first = first or (str(device.platform), refusal)
        result = {"targetedDevices": len(ready.devices), "acceptedDevices": accepted}
        await self.run(tenant, partial(self._answered, key, result, refused, first))

    async def _prepared(self, ctx: Context, key: UUID) -> Ready | None:
        notice = await self.push_notification.find(ctx, id=key)
        if notice is None or notice.fanout_state != _STATES.pending:
            return None
        cause = await self._against(ctx, notice)
        if cause is not None:
            await self._drop(ctx, notice, cause)
            return None
        if await self._quiet_until(ctx, notice) is not None:
            await self.push_notification.transition(ctx, "defer-push", key)
            return None
        devices = await self.devices(ctx, notice.target_user_id)
        if not devices:
            await self._drop(ctx, notice, _CAUSES.no_device)
            return None
        if not notice.silent and await self._too_many(ctx, notice):
            await self._fold_minute(ctx, notice)
            return None
        fields = {"targetedDevices": len(devices)}
        notice = await self.push_notification.transition(ctx, "fan-out-push", key, fields)
        badge = await self.badges.find(ctx, userId=notice.target_user_id)
        number = notice.badge_count if badge is None else badge.number
        return Ready(notice, tuple(devices), number)

    async def _against(
        self, ctx: Context, notice: models.PushNotification
    ) -> models.DropCause | None:
        """Why a notification is not shown at all; nothing forbids a warning but its age."""
        if ends_at(notice) <= ctx.now:
            return _CAUSES.expired
        if notice.topic_key == models.PushTopic.security:
            return None
        wishes = await self.unwanted.find(ctx, userId=notice.target_user_id)
        if wishes is not None and str(notice.topic_key) in wishes.topics:
            return _CAUSES.muted
        mute = await self.topic_mute.find(
            ctx, mutedBy=notice.target_user_id, subject=catalogue.subject_of(notice.deep_link)
        )
        if mute is not None and (mute.muted_until is None or mute.muted_until > ctx.now):
            return _CAUSES.muted
        return None

    async def _quiet_until(self, ctx: Context, notice: models.PushNotification) -> datetime | None:
        """When the person's quiet time is over; what is immediate does not wait for it."""
        if notice.urgency == models.PushUrgency.immediate:
            return None
        copy = await self.quiet_hours.find(ctx, ownerUserId=notice.target_user_id)
        if copy is None or notice.topic_key in copy.exempt_topics:
            return None
        return daily.ends(ctx.now, copy.starts_at_local, copy.ends_at_local, copy.time_zone)

    async def _too_many(self, ctx: Context, notice: models.PushNotification) -> bool:
        """Whether the person got their share of alerts of this minute; counts this one, if not."""
        if notice.urgency == models.PushUrgency.immediate:
            return False
        user_id = notice.target_user_id
        found = await self.minutes.find(ctx, userId=user_id)
        if found is None:
            await self.minutes.insert(ctx, {"userId": user_id, "since": ctx.now, "number": 1})
            return False
        if found.since + minute() <= ctx.now:
            await self.minutes.rewrite(ctx, found, {"since": ctx.now, "number": 1})
            return False
        if found.number >= self.settings.alerts_per_minute:
            return True
        await self.minutes.rewrite(ctx, found, {"number": found.number + 1})
        return False

    async def _fold_minute(self, ctx: Context, notice: models.PushNotification) -> None:
        """Drop what is beyond a minute's share into one summary, which leaves a minute later.

        The summary is an ordinary notification, held back by the same count until that is over.
        """
        counted = await self.minutes.find(ctx, userId=notice.target_user_id)
        since = counted.since if counted is not None else ctx.now
        source = uuid5(NAMESPACE_URL, f"summary:{notice.target_user_id}/{since.isoformat()}")
        if notice.source_event_id == source:
            return
        same = {"targetUserId": notice.target_user_id, "sourceEventId": source}
        summary = await self.push_notification.find(ctx, **same)
        number = 1 + (summary.badge_count or 0 if summary is not None else 0)
        route = catalogue.Route("system", ("summary", "{{number}} new notifications"), "inbox")
        title = await self.title(ctx, route, {"number": str(number)})
        fields = {"alertTitle": title, "badgeCount": min(number, 9999)}
        if summary is None:
            order = {
                **same,
                **fields,
                "topicKey": "system",
                "urgency": models.PushUrgency.normal,
                "deepLink": "cloudsync://inbox",
                "collapseKey": "summary",
            }
            await self.push_notification.create(ctx, "enqueue-push", order)
        elif summary.fanout_state == _STATES.pending:
            await self.push_notification.rewrite(ctx, summary, fields)
        await self._drop(ctx, notice, _CAUSES.duplicate)

    async def _drop(
        self, ctx: Context, notice: models.PushNotification, cause: models.DropCause
    ) -> None:
        await self.push_notification.transition(ctx, "drop-push", notice.id, {"dropCause": cause})

    async def _answered(
        self,
        key: UUID,
        result: dict[str, int],
        refused: dict[UUID, world.Refusal],
        first: tuple[str, str] | None,
        ctx: Context,
    ) -> None:
        """Settle a notification by what the networks said, and leave devices alone that are gone."""
        for device_id, refusal in refused.items():
            device = await self.device_registration.find(ctx, deviceId=device_id)
            active = device is not None and device.token_state == models.TokenState.active
            if active and refusal in _STALE:
                await self.mark_token_stale(ctx, port.MarkTokenStale(device_id=device_id))
        notice = await self.push_notification.find(ctx, id=key)
        if notice is None or notice.fanout_state != _STATES.fanned_out:
            return
        latency = max(0.0, (ctx.now - notice.created_at).total_seconds())
        self.metrics.push_handover_seconds(latency, urgency=str(notice.urgency))
        if first is not None:
            gone = sum(each in _STALE for each in refused.values())
            ratio = gone / max(1, result["targetedDevices"])
            self.metrics.push_invalid_token_ratio(ratio, platform=first[0])
        if result["acceptedDevices"]:
            fields: dict[str, Any] = {
                **result,
                "latencyMs": min(int(latency * 1000), 604_800_000),
                "occurredAt": ctx.now,
            }
            await self.push_notification.transition(ctx, "settle-push", key, fields)
        else:
            platform, kind = first or (None, None)
            fields = {**result, "platform": platform, "bounceKind": kind}
            told = {name: each for name, each in fields.items() if each is not None}
            await self.push_notification.transition(ctx, "bounce-push", key, told)

    async def settle_lost(self, ctx: Context) -> None:
        """Settle what got no answer for a minute, as nobody is left who could bring one."""
        due = {"updatedAt": ctx.now - timedelta(seconds=self.settings.settle_after)}
        lost = [
            each async for each in self.push_notification.each(ctx, due, fanoutState="fannedOut")
        ]
        for each in lost[:_MANY]:
            fields = {"targetedDevices": each.targeted_devices, "acceptedDevices": 0}
            kind = {"bounceKind": models.BounceKind.undelivered}
            await self.push_notification.transition(ctx, "bounce-push", each.id, fields | kind)

    async def resume_deferred(self, ctx: Context) -> None:
        """Take up again what quiet hours held back: of each person and topic the newest, which says
        how many more there were.
        """
        groups: dict[tuple[UUID, str], list[models.PushNotification]] = defaultdict(list)
        async for each in self.push_notification.each(ctx, fanoutState="deferred"):
            if ends_at(each) <= ctx.now:
                await self._drop(ctx, each, _CAUSES.expired)
            elif await self._quiet_until(ctx, each) is None:
                groups[each.target_user_id, str(each.topic_key)].append(each)
        for waiting in groups.values():
            *older, newest = waiting
            for each in older:
                await self._drop(ctx, each, _CAUSES.duplicate)
            if older and not newest.silent:
                said = {"alertText": f"+ {len(older)}"}
                newest = await self.push_notification.rewrite(ctx, newest, said)
            await self.resume_push(ctx, port.ResumePush(push_notification_id=newest.id))
        self.runtime.work.wake(ctx, FAN_OUT)

    async def acknowledge_open(self, ctx: Context, request: port.AcknowledgeOpen) -> None:
        """Note the first opening, and take the notification off the person's other devices.

        Of the queue the device says whose it is: it must be one of the person's own.

        Raises:
            Problem: `not-found`, `forbidden`, `illegal-transition`.
        """
        body, key = request.body, request.push_notification_id
        notice = await self.push_notification.get(ctx, key)
        device = await self.device_registration.find(ctx, deviceId=body.device_id)
        if device is None or device.user_id != notice.target_user_id:
            raise FORBIDDEN("not a device of the person")
        if notice.opened_at is not None:
            return
        seconds = int(max(0.0, (body.opened_at - notice.created_at).total_seconds()))
        told = {
            "openedAt": body.opened_at,
            "platform": device.platform,
            "secondsToOpen": min(seconds, 2_419_200),
        }
        if ctx.principal.kind == "user":
            await self.push_notification.transition(ctx, "acknowledge-open", key, told)
        elif notice.fanout_state == _STATES.settled:
            opened = await self.push_notification.rewrite(ctx, notice, {"openedAt": body.opened_at})
            del told["openedAt"]
            await self.push_notification.announce(ctx, "notification-opened", opened, **told)
        await self._take_off(ctx, notice, but=body.device_id)

    async def _take_off(
        self, ctx: Context, notice: models.PushNotification, but: UUID | None = None
    ) -> None:
        """Order the devices of a person to remove what they show of a notification."""
        devices = await self.devices(ctx, notice.target_user_id)
        to = [address_of(each) for each in devices if each.device_id != but]
        envelope = world.Envelope(id=notice.id, kind="remove", collapse_key=notice.collapse_key)
        self.send_later(ctx, to, envelope, "take-off")

    async def withdraw(self, ctx: Context, deep_link: str) -> None:
        """Drop what waits of a thing, and take off what was shown and not opened."""
        found = [each async for each in self.push_notification.each(ctx, deepLink=deep_link)]
        for each in found:
            if each.fanout_state in (_STATES.pending, _STATES.deferred):
                await self._drop(ctx, each, _CAUSES.read_elsewhere)
            elif each.fanout_state != _STATES.dropped and each.opened_at is None:
                await self._take_off(ctx, each)

    async def withdraw_push(self, ctx: Context, request: port.WithdrawPush) -> None:
        """Withdraw what a retracted message had caused; what was opened stays known."""
        body = request.body
        data = {"channelId": body.channel_id, "messageId": body.message_id}
        await self.withdraw(ctx, catalogue.link_of(catalogue.ROUTES["message-direct"], data))


def ends_at(notice: models.PushNotification) -> datetime:
    """Until when a notification is worth showing."""
    return notice.created_at + timedelta(seconds=max(notice.time_to_live_seconds, _AT_ONCE))


def envelope_of(
    notice: models.PushNotification, device: models.DeviceRegistration, badge: int | None
) -> world.Envelope:
    """What one device is sent: an id alone where its owner hides previews."""
    shown = device.preview_policy != models.PreviewPolicy.never and not notice.silent
    return world.Envelope(
        id=notice.id,
        kind="silent" if notice.silent else "alert",
        title=notice.alert_title if shown else "",
        text=(notice.alert_text or "") if shown else "",
        deep_link=notice.deep_link if shown else "",
        collapse_key=notice.collapse_key,
        badge=badge,
        seconds=notice.time_to_live_seconds,
        urgency=str(notice.urgency),
    )
