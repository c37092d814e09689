"""Devices: enrolled, moved, displaced, revoked, tested, listed, erased."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from cloudsync_chassis.ids import uuid7
from cloudsync_chassis.store.query import PageRequest
from desk import Desk, refused, run
from push_service import world
from push_service.generated import models, operations, port

_STATES = models.TokenState


def _register(desk: Desk, subject: UUID | None = None, **fields: Any) -> Any:
    body = models.RegisterDeviceRequest.model_validate(desk.device(**fields), strict=False)
    request = port.RegisterDevice(body=body)
    caller = desk.somebody("member", subject=subject) if subject else None
    return desk.ask(
        operations.REGISTER_DEVICE, lambda ctx: desk.handlers.register_device(ctx, request), caller
    )


def test_a_device_is_enrolled_once_and_renewed(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        body = desk.device()
        await desk.queue("notify.push.device", "register-device", body)
        desk.service.later(timedelta(days=1))
        fresh = desk.device(deviceId=body["deviceId"], appVersion="4.3.0")
        await desk.queue("notify.push.device", "register-device", fresh)
        (device,) = await desk.devices()
        assert device.app_version == "4.3.0"
        assert device.last_seen_at > device.created_at
        told = await desk.told("device-registered")
        assert [each["deviceId"] for each in told] == [str(body["deviceId"])]
        assert "pushToken" not in told[0]

    run(tmp_path, test)


@pytest.mark.parametrize(
    ("platform", "token"),
    [
        ("ios", "z" * 64),
        ("android", "short:" + "x" * 10 + "y" * 20 + " "),
        ("web", '{"endpoint": "http://push.example/1", "keys": {"p256dh": "a", "auth": "b"}}'),
        ("web", "[" * 2000),
        ("windows", "https://evil.example/notify.windows.com/x"),
    ],
)
def test_a_token_of_another_form_is_refused(tmp_path: Path, platform: str, token: str) -> None:
    async def test(desk: Desk) -> None:
        asked = _register(desk, platform=platform, pushToken=token)
        assert await refused(asked) == "token-malformed"
        assert await refused(_register(desk, tokenDigest="a" * 64)) == "token-malformed"
        assert await desk.devices() == []

    run(tmp_path, test)


def test_forms_of_tokens() -> None:
    subscription = {"endpoint": "https://push.example/1", "keys": {"p256dh": "a", "auth": "b"}}
    assert world.well_formed("web", json.dumps(subscription))
    assert world.well_formed("windows", "https://db5.notify.windows.com/?token=x")
    assert world.well_formed("android", "d" * 22 + ":APA91b" + "x" * 130)
    for address in ("https://[", "https://evil.example\\.notify.windows.com", "https://"):
        assert not world.well_formed("windows", address)
        broken = json.dumps({**subscription, "endpoint": address})
        assert not world.well_formed("web", broken)


def test_people_enrol_their_own_devices_and_no_others(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        await _register(desk, subject=desk.person)
        assert await refused(_register(desk, subject=uuid7())) == "forbidden"

    run(tmp_path, test)


def test_a_token_moves_with_the_telephone(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        first = await desk.enrol(pushToken="a" * 64)
        other = uuid7()
        second = await desk.enrol(pushToken="a" * 64, userId=other)
        (device,) = await desk.devices()
        assert (device.device_id, device.user_id) == (second, other)
        (told,) = await desk.told("device-revoked")
        assert told == {
            "userId": str(desk.person),
            "deviceId": str(first),
            "platform": "ios",
            "movedToAnother": True,
        }
        former, desk.organization = desk.organization, uuid7()
        await desk.enrol(pushToken="a" * 64)
        events = await desk.service.published()
        moved = [each for each in events if each.type.endswith(".device-revoked.v1")]
        assert moved[-1].organization_id == former
        desk.organization = former
        assert await desk.devices() == []

    run(tmp_path, test)


def test_the_eleventh_device_displaces_the_one_silent_longest(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        oldest = await desk.enrol()
        for _ in range(9):
            await desk.enrol()
        assert await refused(_register(desk)) == "device-limit-reached"
        desk.service.later(timedelta(days=8))
        await desk.enrol()
        left = {each.device_id for each in await desk.devices()}
        assert len(left) == 10
        assert oldest not in left

    run(tmp_path, test)


def test_sessions_and_suspensions_revoke(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        session = uuid7()
        first = await desk.enrol(sessionId=session)
        second = await desk.enrol()
        ended = {"sessionId": session, "userId": desk.person, "reason": "logout"}
        await desk.tell("session-revoked", ended)
        await desk.tell("session-revoked", ended)
        assert [each.device_id for each in await desk.devices(tokenState="revoked")] == [first]
        suspended = {"userId": desk.person, "reason": "adminAction"}
        await desk.tell("user-suspended", suspended)
        told = [each["deviceId"] for each in await desk.told("device-revoked")]
        assert told == [str(first), str(second)]

    run(tmp_path, test)


def _as_owner(desk: Desk, operation: Any, action: Any, subject: UUID | None = None) -> Any:
    caller = desk.somebody("member", subject=subject or desk.person)
    return desk.ask(operation, action, caller)


def test_owners_revoke_test_and_list_their_devices(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        key = await desk.enrol()
        await desk.enrol(userId=uuid7())
        body = models.RevokeDeviceRequest(device_id=key)

        def try_out(subject: UUID | None = None) -> Any:
            request = port.SendTestPush(body=body)
            return _as_owner(
                desk,
                operations.SEND_TEST_PUSH,
                lambda ctx: desk.handlers.send_test_push(ctx, request),
                subject,
            )

        assert await refused(try_out(uuid7())) == "forbidden"
        for _ in range(5):
            await try_out()
        await desk.service.settle()
        assert [each["title"] for each in desk.shown(key)] == ["This is a test"] * 5
        assert await refused(try_out()) == "rate-limited"
        listing = port.ListDevices(page=PageRequest())
        page = await _as_owner(
            desk, operations.LIST_DEVICES, lambda ctx: desk.handlers.list_devices(ctx, listing)
        )
        assert [each.device_id for each in page.items] == [key]
        assert key.hex * 2 not in page.items[0].model_dump_json()
        revoke = port.RevokeDevice(device_id=key, body=body)

        def end(subject: UUID | None = None) -> Any:
            return _as_owner(
                desk,
                operations.REVOKE_DEVICE,
                lambda ctx: desk.handlers.revoke_device(ctx, revoke),
                subject,
            )

        assert await refused(end(uuid7())) == "forbidden"
        await end()
        assert await refused(try_out()) == "token-revoked"
        assert len(await desk.told("device-revoked")) == 1

    run(tmp_path, test)


def test_a_start_of_the_app_renews_the_token(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        key = await desk.enrol()
        fresh = desk.device(deviceId=key, pushToken="b" * 64)
        body = models.RegisterDeviceRequest.model_validate(fresh, strict=False)
        request = port.RefreshTokenOfDevice(device_id=key, body=body)
        await _as_owner(
            desk,
            operations.REFRESH_TOKEN_OF_DEVICE,
            lambda ctx: desk.handlers.refresh_token_of_device(ctx, request),
        )
        (device,) = await desk.devices()
        assert device.push_token == "b" * 64
        assert device.token_digest == fresh["tokenDigest"]

    run(tmp_path, test)


def test_what_nobody_has_seen_for_long_goes(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        await desk.enrol()
        desk.service.later(timedelta(days=271))
        await desk.service.tick()
        assert await desk.devices() == []
        assert len(await desk.told("device-revoked")) == 1

    run(tmp_path, test)


def test_an_erased_person_leaves_no_device(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        await desk.enrol()
        await desk.push()
        mute = {"mutedBy": desk.person, "subject": f"channel:{uuid7()}"}
        await desk.queue("notify.push.device", "mute-subject", mute)
        await desk.tell("user-deleted", {"userId": desk.person, "erasureRequestId": uuid7()})
        assert await desk.devices() == []
        assert await desk.notices() == []
        (told,) = await desk.told("push-erasure-completed")
        assert told["store"] == "push"
        assert told["erasedItems"] == 4

    run(tmp_path, test)
