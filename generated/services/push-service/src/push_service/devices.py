"""Devices: enrolled, moved to another account, silenced, counted, taken off the list."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.ids import PLATFORM, uuid7
from cloudsync_chassis.jobs.spec import Due
from cloudsync_chassis.logs import logger
from cloudsync_chassis.model import given, project
from cloudsync_chassis.problem import RATE_LIMITED
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.store.query import Page

from . import world
from .base import Base, address_of
from .generated import models, port, problems

_WEEK = timedelta(days=7)
_HOUR = timedelta(hours=1)
_STATES = models.TokenState

log = logger("devices")


class Devices(Base):
    """A token wakes one device of one account, whatever organisations they are of."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        due = Due(
            aggregate="device-registration",
            since="lastSeenAt",
            after=self.settings.device_unseen,
        )
        runtime.work.every(86_400.0, "forget-devices", self.forget_devices, due)
        ended = Due(aggregate="topic-mute", since="mutedUntil")
        runtime.work.every(3600.0, "end-mutes", self.end_mutes, ended)

    async def register_device(self, ctx: Context, request: port.RegisterDevice) -> None:
        """Enrol a device, or what it is like now. The eleventh displaces the one silent longest.

        Raises:
            Problem: `forbidden`, `token-malformed`, `device-limit-reached`.
        """
        body = request.body
        self.must_be(ctx, body.user_id)
        digest = hashlib.sha256(body.push_token.encode()).hexdigest()
        known = world.well_formed(str(body.platform), body.push_token)
        if not known or body.token_digest != digest:
            raise problems.TOKEN_MALFORMED("not a token of its platform, or another's digest")
        await self._moved(ctx, body)
        fields = {**given(body), "lastSeenAt": ctx.now}
        found = await self.device_registration.find(ctx, deviceId=body.device_id)
        if found is not None:
            await self.device_registration.rewrite(
                ctx, found, {**fields, "tokenState": _STATES.active}
            )
            if found.token_state == _STATES.revoked:
                await self._announce(ctx, "device-registered", found)
        else:
            await self._make_room(ctx, body.user_id)
            await self.device_registration.create(ctx, "register-device", fields)
        await self._own(ctx, digest, body.device_id)

    async def _moved(self, ctx: Context, body: models.RegisterDeviceRequest) -> None:
        """Revoke what the device or its token was to another account, and tell that account."""
        device = await self.device_registration.find(ctx, deviceId=body.device_id)
        if device is not None and device.user_id != body.user_id:
            await self._take_away(ctx, device, moved=True)
        owner = await self.token_owners.find(ctx.within(PLATFORM), tokenDigest=body.token_digest)
        if owner is None:
            return
        inside = ctx.within(owner.tenant)
        other = await self.device_registration.find(inside, deviceId=owner.device_id)
        same = owner.tenant == ctx.tenant and owner.device_id == body.device_id
        if other is None or same or other.token_digest != body.token_digest:
            return
        moved = owner.tenant != ctx.tenant or other.user_id != body.user_id
        await self._take_away(inside, other, moved=moved)

    async def _take_away(
        self, ctx: Context, device: models.DeviceRegistration, moved: bool
    ) -> None:
        """Remove a registration; who had it hears of it, unless it was revoked before."""
        if device.token_state != _STATES.revoked:
            await self._announce(ctx, "device-revoked", device, moved)
        await self.device_registration.remove(ctx, device)

    async def _announce(
        self, ctx: Context, event: str, device: models.DeviceRegistration, moved: bool = False
    ) -> None:
        extra = {"movedToAnother": True} if moved else {}
        await self.device_registration.announce(ctx, event, device, **extra)

    async def _own(self, ctx: Context, digest: str, device_id: UUID) -> None:
        platform = ctx.within(PLATFORM)
        fields = {"tenant": ctx.tenant, "deviceId": device_id}
        owner = await self.token_owners.find(platform, tokenDigest=digest)
        if owner is None:
            await self.token_owners.insert(platform, {"tokenDigest": digest, **fields})
        else:
            await self.token_owners.rewrite(platform, owner, fields)

    async def _make_room(self, ctx: Context, user_id: UUID) -> None:
        """Displace the device that was silent longest, if there are ten.

        Raises:
            Problem: `device-limit-reached`: all of them were seen this week.
        """
        found = [each async for each in self.device_registration.each(ctx, userId=user_id)]
        if len(found) < self.settings.devices_per_person:
            return
        revoked = [each for each in found if each.token_state == _STATES.revoked]
        stalest = min(revoked or found, key=lambda each: each.last_seen_at)
        if not revoked and stalest.last_seen_at > ctx.now - _WEEK:
            raise problems.DEVICE_LIMIT_REACHED("ten devices were all seen this week")
        await self._take_away(ctx, stalest, moved=False)

    async def refresh_token_of_device(
        self, ctx: Context, request: port.RefreshTokenOfDevice
    ) -> None:
        """Renew token, version and the moment of being seen.

        Raises:
            Problem: `not-found`, `forbidden`, `token-malformed`, `illegal-transition`.
        """
        device = await self.device_registration.get(ctx, request.device_id)
        body = request.body.model_copy(
            update={"device_id": device.device_id, "user_id": device.user_id}
        )
        digest = hashlib.sha256(body.push_token.encode()).hexdigest()
        if not world.well_formed(str(device.platform), body.push_token):
            raise problems.TOKEN_MALFORMED("not a token of its platform")
        body = body.model_copy(update={"token_digest": digest, "platform": device.platform})
        await self._moved(ctx, body)
        await super().refresh_token_of_device(
            ctx, port.RefreshTokenOfDevice(device_id=request.device_id, body=body)
        )
        await self._own(ctx, digest, device.device_id)

    async def list_devices(
        self, ctx: Context, request: port.ListDevices
    ) -> Page[models.DeviceCard]:
        """Devices without their tokens; people see their own."""
        filters = {"platform": request.platform, "tokenState": request.token_state}
        page = await self.device_registration.list(ctx, request.page, filters)
        cards = tuple(project(models.DeviceCard, each) for each in page.items)
        return Page(cards, page.following)

    async def on_session_revoked(
        self, ctx: Context, event: Received[models.SessionRevoked]
    ) -> None:
        """A session ended."""
        await self.revoke_session_device(ctx, port.RevokeSessionDevice(body=event.data))

    async def revoke_session_device(self, ctx: Context, request: port.RevokeSessionDevice) -> None:
        """Wake the device of the session no more."""
        body = request.body
        found = self.device_registration.each(ctx, sessionId=body.session_id, userId=body.user_id)
        await self._revoke([each async for each in found], ctx)

    async def on_user_suspended(self, ctx: Context, event: Received[models.UserSuspended]) -> None:
        """An account was suspended."""
        await self.revoke_user_devices(ctx, port.RevokeUserDevices(body=event.data))

    async def revoke_user_devices(self, ctx: Context, request: port.RevokeUserDevices) -> None:
        """Wake no device of the person; their apps register again once they may."""
        found = self.device_registration.each(ctx, userId=request.body.user_id)
        await self._revoke([each async for each in found], ctx)

    async def _revoke(self, devices: list[models.DeviceRegistration], ctx: Context) -> None:
        for each in devices:
            if each.token_state != _STATES.revoked:
                await self.device_registration.rewrite(ctx, each, {"tokenState": _STATES.revoked})
                await self._announce(ctx, "device-revoked", each)

    async def on_user_deleted(self, ctx: Context, event: Received[models.UserDeleted]) -> None:
        """Somebody is gone."""
        await self.erase_devices(ctx, port.EraseDevices(body=event.data))

    async def erase_devices(self, ctx: Context, request: port.EraseDevices) -> None:
        """Remove registrations, mutes, quiet hours, badge and words of a person, and report it."""
        user_id = request.body.user_id
        for device in [each async for each in self.device_registration.each(ctx, userId=user_id)]:
            await self.gone(
                ctx.within(PLATFORM), self.token_owners, tokenDigest=device.token_digest
            )
        erased = await self.gone(ctx, self.device_registration, userId=user_id)
        erased += await self.gone(ctx, self.topic_mute, mutedBy=user_id)
        erased += await self.gone(ctx, self.quiet_hours, ownerUserId=user_id)
        for kept in (self.unwanted, self.badges, self.involved, self.minutes):
            erased += await self.gone(ctx, kept, userId=user_id)
        erased += await self.gone(ctx, self.push_notification, targetUserId=user_id)
        fields = {
            "userId": user_id,
            "erasureRequestId": request.body.erasure_request_id,
            "store": "push",
            "erasedItems": min(erased, 100_000),
        }
        await self.device_registration.announce(
            ctx, "push-erasure-completed", {"id": user_id, **fields}
        )

    async def mute_subject(self, ctx: Context, request: port.MuteSubject) -> None:
        """Silence a subject, or change until when it is; the last word counts.

        Raises:
            Problem: `forbidden`.
        """
        body = request.body
        self.must_be(ctx, body.muted_by)
        found = await self.topic_mute.find(ctx, mutedBy=body.muted_by, subject=body.subject)
        if found is not None:
            await self.topic_mute.rewrite(ctx, found, {"mutedUntil": body.muted_until})
        else:
            await self.topic_mute.create(ctx, "mute-subject", body)

    async def end_mutes(self, ctx: Context) -> None:
        """Forget the mutes whose time is over."""
        ended = self.topic_mute.each(ctx, {"mutedUntil": ctx.now})
        for each in [one async for one in ended]:
            await self.topic_mute.remove(ctx, each)

    async def forget_devices(self, ctx: Context) -> None:
        """Remove the devices that nobody has seen for 270 days."""
        due = {"lastSeenAt": ctx.now - timedelta(seconds=self.settings.device_unseen)}
        for each in [one async for one in self.device_registration.each(ctx, due)]:
            await self._take_away(ctx, each, moved=False)

    async def rotate_badge(self, ctx: Context, request: port.RotateBadge) -> None:
        """Set the number on all icons of a person; the last word counts."""
        body = request.body
        found = await self.badges.find(ctx, userId=body.user_id)
        if found is None:
            await self.badges.insert(ctx, {"userId": body.user_id, "number": body.count})
        else:
            await self.badges.rewrite(ctx, found, {"number": body.count})
        to = [address_of(each) for each in await self.devices(ctx, body.user_id)]
        envelope = world.Envelope(id=uuid7(), kind="silent", badge=body.count)
        self.send_later(ctx, to, envelope, "rotate-badges")

    async def send_test_push(self, ctx: Context, request: port.SendTestPush) -> None:
        """Send a harmless notification to a device of one's own, five times an hour at most.

        Raises:
            Problem: `not-found`, `forbidden`, `token-revoked`, `rate-limited`.
        """
        device = await self.device_registration.get(ctx, request.body.device_id)
        if device.token_state != _STATES.active:
            raise problems.TOKEN_REVOKED(f"its token is {device.token_state}")
        key = device.device_id
        found = await self.tests.find(ctx, deviceId=key)
        if found is None:
            await self.tests.insert(ctx, {"deviceId": key, "since": ctx.now, "number": 1})
        elif found.since + _HOUR <= ctx.now:
            await self.tests.rewrite(ctx, found, {"since": ctx.now, "number": 1})
        elif found.number >= self.settings.test_pushes_per_hour:
            raise RATE_LIMITED("the device was tested often enough for now")
        else:
            await self.tests.rewrite(ctx, found, {"number": found.number + 1})
        envelope = world.Envelope(
            id=uuid7(), kind="alert", title="This is a test", deep_link="cloudsync://settings"
        )
        self.send_later(ctx, [address_of(device)], envelope, "send-tests")
