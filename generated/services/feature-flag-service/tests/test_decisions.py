"""Who gets which variant, and why."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections import Counter
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from board import DAY, KEY, Board, at, play
from cloudsync_chassis.ids import PLATFORM, uuid7
from feature_flag_service import rules
from feature_flag_service.generated import models
from feature_flag_service.zstd import Stored

LIMITS = {
    "storageGibPerSeat": 100,
    "apiCallsPerDay": 10,
    "meetingParticipants": 100,
    "versionHistoryDays": 90,
    "guestsPerSeat": 2,
    "sso": 0,
}
SUBSCRIPTION = "cloudsync.billing.subscription-"


def test_shares_stick_to_people(tmp_path: Path) -> None:
    async def scene(board: Board) -> None:
        flag = await board.active(25)
        people = [str(uuid7()) for _ in range(120)]

        async def inside() -> set[str]:
            return {each for each in people if (await board.variant(userId=each))[0] == "on"}

        first = await inside()
        assert first == await inside()
        assert 12 < len(first) < 50
        await board.share(flag, 50)
        second = await inside()
        assert first < second
        assert 40 < len(second) < 80
        assert await board.variant() == ("off", "offVariant"), "nobody in particular"

    play(tmp_path, scene)


def test_units_are_organisations_or_devices_where_the_flag_says_so(tmp_path: Path) -> None:
    async def scene(board: Board) -> None:
        await board.active(50, bucketBy="organization")
        await board.active(50, key="editor.device", bucketBy="device")
        for _ in range(10):
            one = str(uuid7())
            found = {
                (await board.variant(organizationId=one, userId=str(uuid7())))[0] for _ in "abc"
            }
            assert len(found) == 1
            device = {
                (await board.variant("editor.device", deviceId=one, userId=str(uuid7())))[0]
                for _ in "abc"
            }
            assert len(device) == 1

    play(tmp_path, scene)


def test_weights_split_those_inside(tmp_path: Path) -> None:
    async def scene(board: Board) -> None:
        names = ("off", "left", "right")
        weights = {"off": 0, "left": 5000, "right": 5000}
        variants = [{"name": n, "value": f'"{n}"', "weight": weights[n]} for n in names]
        await board.active(100, valueType="string", variants=variants, defaultVariant="left")
        found = [(await board.variant(userId=str(uuid7())))[0] for _ in range(80)]
        assert 20 < found.count("left") < 60
        assert found.count("left") + found.count("right") == 80

    play(tmp_path, scene)


def rule(order: int, attribute: str, operator: str, values: list[str], variant: str) -> Any:
    return {
        "order": order,
        "attribute": attribute,
        "operator": operator,
        "values": values,
        "variant": variant,
    }


RULES: list[tuple[str, str, list[str], dict[str, str], bool]] = [
    ("country", "in", ["CH", "AT"], {"country": "AT"}, True),
    ("country", "in", ["CH", "AT"], {"country": "DE"}, False),
    ("country", "notIn", ["CH"], {"country": "DE"}, True),
    ("country", "notIn", ["CH"], {}, False),
    ("plan", "in", ["business"], {"plan": "business"}, True),
    ("appVersion", "semverGte", ["2.10.0"], {"appVersion": "2.9.9"}, False),
    ("appVersion", "semverGte", ["2.10.0"], {"appVersion": "2.10.0-rc.1"}, False),
    ("appVersion", "semverGte", ["2.10.0-rc.2"], {"appVersion": "2.10.0-rc.10"}, True),
    ("appVersion", "semverGte", ["2.10.0"], {"appVersion": "2.10.0+build"}, True),
    ("role", "matches", ["org-*"], {"role": "org-admin"}, True),
    ("role", "matches", ["org-*"], {"role": "member"}, False),
    ("role", "percent", ["100"], {"role": "member", "userId": str(uuid7())}, True),
    ("role", "percent", ["0"], {"role": "member", "userId": str(uuid7())}, False),
]


def test_rules_decide_before_the_share(tmp_path: Path) -> None:
    async def scene(board: Board) -> None:
        for place, (attribute, operator, values, context, fits) in enumerate(RULES):
            key = f"editor.rule{place}"
            await board.active(key=key, rules=[rule(1, attribute, operator, values, "on")])
            expected = ("on", "rule") if fits else ("off", "offVariant")
            assert await board.variant(key, **context) == expected, RULES[place]

    play(tmp_path, scene)


def test_the_first_rule_that_fits_wins(tmp_path: Path) -> None:
    async def scene(board: Board) -> None:
        both = [
            rule(2, "country", "in", ["CH"], "on"),
            rule(1, "role", "in", ["member"], "off"),
        ]
        await board.active(100, rules=both)
        assert await board.variant(country="CH", role="member") == ("off", "rule")
        assert await board.variant(country="CH", role="guest") == ("on", "rule")

    play(tmp_path, scene)


def test_segments_are_lists_or_conditions(tmp_path: Path) -> None:
    async def scene(board: Board) -> None:
        member, big = uuid7(), uuid7()
        group = {"segmentName": "pilots", "purpose": "who tries things", "maintainedBy": "growth"}
        listed = await board.done("DefineSegment", {**group, "organizationIds": [str(member)]})
        assert listed["organizationIds"] == [str(member)]
        await activated(board, big, "enterprise-2026", seats=500)
        condition = {**group, "segmentName": "giants", "condition": "size >= 100 && plan != 'free'"}
        made = await board.done("DefineSegment", condition)
        assert made["lastMatchedCount"] == 1
        for bad in ("size >=", "seats > 1", "plan == 'free' || budget > 1", "size + 1"):
            wish = {**condition, "condition": bad}
            assert await board.refused("DefineSegment", wish) == "condition-invalid", bad
        assert await board.refused("DefineSegment", group) == "invariant-broken"
        await board.active(rules=[rule(1, "segment", "in", ["pilots", "giants"], "on")])
        for who, variant in ((member, "on"), (big, "on"), (uuid7(), "off")):
            assert (await board.variant(organizationId=str(who)))[0] == variant
        turned = {**group, "condition": "country == 'CH'"}
        turned = await board.done("DefineSegment", turned)
        assert turned["id"] == listed["id"]
        assert (await board.variant(organizationId=str(member)))[0] == "off", "at once"
        assert (await board.variant(country="CH"))[0] == "on"

    play(tmp_path, scene)


def test_prerequisites_come_first(tmp_path: Path) -> None:
    async def scene(board: Board) -> None:
        base = await board.active(key="editor.base")
        needs = ["editor.base"]
        await board.active(100, prerequisites=needs, rules=[rule(1, "country", "in", ["CH"], "on")])
        assert await board.variant(country="CH") == ("off", "offVariant")
        await board.share(base, 25)
        found = [
            (await board.variant(key, userId=one))[0]
            for one in (str(uuid7()) for _ in range(30))
            for key in ("editor.base", KEY)
        ]
        assert found[::2] == found[1::2]
        assert set(found) == {"on", "off"}

    play(tmp_path, scene)


def test_a_diamond_of_prerequisites_is_decided_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twenty layers of two flags that each need both of the layer below: a million ways down."""
    layers, decided = 20, Counter[str]()
    by_share = rules.Bundle._by_share

    def counted(self: Any, flag: Any, asked: Any) -> Any:
        decided[flag.key] += 1
        return by_share(self, flag, asked)

    monkeypatch.setattr(rules.Bundle, "_by_share", counted)

    async def scene(board: Board) -> None:
        needs: list[str] = []
        for layer in range(layers):
            pair = [f"diamond.{layer}.{side}" for side in ("left", "right")]
            for key in pair:
                await board.active(100, key=key, prerequisites=needs)
            needs = pair
        decided.clear()
        assert (await board.variant(needs[0]))[0] == "on"
        assert set(decided.values()) == {1}
        assert len(decided) == 2 * layers - 1
        decided.clear()
        body = {
            "keys": needs,
            "environment": "production",
            "context": {"organizationId": str(uuid7())},
        }
        await board.done("EvaluateBatch", body, board.workload)
        assert set(decided.values()) == {1}

    play(tmp_path, scene)


def test_nobody_asks_for_another_organisation(tmp_path: Path) -> None:
    async def scene(board: Board) -> None:
        await board.active()
        context = {"context": {"organizationId": str(uuid7())}, "environment": "production"}
        asks = {"EvaluateFlag": {"key": KEY}, "EvaluateBatch": {"keys": [KEY]}}
        stranger = board.service.caller("workload", kind="workload", scopes=["flag:evaluate"])
        theirs = {"context": {"organizationId": str(stranger.organization)}}
        for rpc, asked in asks.items():
            assert await board.refused(rpc, {**context, **asked}, stranger) == "forbidden"
            assert await board.done(rpc, {**context, **asked, **theirs}, stranger)

    play(tmp_path, scene)


def test_exceptions_are_for_one_organisation_and_end(tmp_path: Path) -> None:
    async def scene(board: Board) -> None:
        flag = await board.active()
        pilot = str(uuid7())
        body = {
            "featureFlagId": flag["id"],
            "targetOrganizationId": pilot,
            "variant": "on",
            "reason": "they try it for us",
            "expiresAt": at(2 * DAY),
        }
        made = await board.done("SetOverride", body)
        assert made["grantedBy"] == str(board.operator.subject)
        assert await board.variant(organizationId=pilot) == ("on", "override")
        assert (await board.variant())[0] == "off"
        again = await board.done("SetOverride", {**body, "expiresAt": at(3 * DAY)})
        assert again["id"] == made["id"]
        assert await board.refused("SetOverride", {**body, "variant": "x"}) == "unknown-variant"
        for by in (-DAY, 31 * DAY):
            late = {**body, "expiresAt": at(by)}
            assert await board.refused("SetOverride", late) == "override-expired"
        sold = await board.active(key="editor.sold", purpose="entitlement", bucketBy="organization")
        assert await board.refused("SetOverride", {**body, "featureFlagId": sold["id"]}) == (
            "entitlement-not-overridable"
        )
        board.service.later(3 * DAY)
        assert (await board.variant(organizationId=pilot))[0] == "off"
        await board.service.tick("drop-expired-overrides")
        assert (await board.ask("ListOverrides", {})).json()["items"] == []
        body["expiresAt"] = at(DAY)
        made = await board.done("SetOverride", body)
        assert (await board.variant(organizationId=pilot))[0] == "on"
        await board.ask("ClearOverride", {"flagOverrideId": made["id"]})
        assert (await board.variant(organizationId=pilot))[0] == "off"

    play(tmp_path, scene)


async def activated(
    board: Board, organization: UUID, plan: str, seats: int = 5, subscription: str = ""
) -> str:
    subscription = subscription or str(uuid7())
    told = {
        "subscriptionId": subscription,
        "productLine": "workspace",
        "planCode": plan,
        "seatQuantity": seats,
        "entitlements": LIMITS,
        "periodEnd": at(30 * DAY),
        "trial": False,
    }
    await board.service.tell(SUBSCRIPTION + "activated.v1", told, organization)
    return subscription


async def changed(
    board: Board, organization: UUID, subscription: str, plan: str, **more: Any
) -> None:
    told = {
        "subscriptionId": subscription,
        "lastChange": "plan",
        "planCode": plan,
        "seatQuantity": 5,
        "status": "active",
        "currentPeriodEnd": at(10 * DAY),
        **more,
    }
    await board.service.tell(SUBSCRIPTION + "changed.v1", told, organization)


def test_what_is_sold_is_decided_by_subscriptions(tmp_path: Path) -> None:
    async def scene(board: Board) -> None:
        await board.active(
            purpose="entitlement",
            bucketBy="organization",
            rules=[rule(1, "plan", "in", ["business", "enterprise"], "on")],
        )
        customer = uuid7()

        async def has(**more: str) -> tuple[str, str]:
            return await board.variant(organizationId=str(customer), **more)

        assert await has(plan="enterprise") == ("off", "offVariant"), "nobody grants themselves"
        subscription = await activated(board, customer, "business-2026")
        assert await has() == ("on", "entitlement")
        await changed(board, customer, subscription, "team-2026")
        assert (await has())[0] == "on", "it is paid for"
        board.service.later(10 * DAY)
        assert (await has())[0] == "off"
        await changed(board, customer, subscription, "enterprise-2026")
        assert (await has())[0] == "on"
        gone = {
            "subscriptionId": subscription,
            "planCode": "enterprise-2026",
            "cancellationReason": "tooExpensive",
            "endedAt": at(),
            "seatQuantity": 5,
        }
        for _ in range(2):
            await board.service.tell(SUBSCRIPTION + "cancelled.v1", gone, customer)
        assert (await has())[0] == "off"

    play(tmp_path, scene)


def test_an_organisation_is_forgotten(tmp_path: Path) -> None:
    async def scene(board: Board) -> None:
        gone, stays = uuid7(), uuid7()
        flag = await board.active(rules=[rule(1, "segment", "in", ["pilots", "alone"], "on")])
        group = {"purpose": "who tries things", "maintainedBy": "growth"}
        both = {**group, "segmentName": "pilots", "organizationIds": [str(gone), str(stays)]}
        await board.done("DefineSegment", both)
        one = {**group, "segmentName": "alone", "organizationIds": [str(gone)]}
        await board.done("DefineSegment", one)
        await activated(board, gone, "business-2026")
        body = {
            "featureFlagId": flag["id"],
            "targetOrganizationId": str(gone),
            "variant": "on",
            "reason": "they try it for us",
            "expiresAt": at(2 * DAY),
        }
        await board.done("SetOverride", body)
        told = {"organizationId": str(gone), "dataResidency": "euWest1"}
        for _ in range(2):
            await board.service.tell("cloudsync.user.organization-purged.v1", told, gone)
        assert (await board.variant(organizationId=str(gone)))[0] == "off"
        assert (await board.variant(organizationId=str(stays)))[0] == "on"
        assert (await board.ask("ListOverrides", {})).json()["items"] == []

    play(tmp_path, scene)


def test_a_batch_is_decided_in_order_under_one_digest(tmp_path: Path) -> None:
    async def scene(board: Board) -> None:
        await board.active(100)
        body = {
            "keys": ["no.such", KEY],
            "environment": "production",
            "context": {"organizationId": str(uuid7())},
        }
        unknown, known = await board.done("EvaluateBatch", body, board.workload)
        assert (unknown["key"], unknown["reason"]) == ("no.such", "unknownFlag")
        assert "rulesChecksum" not in unknown
        assert (known["value"], known["reason"]) == ("true", "rollout")
        single = {**body, "key": "no.such", "fallbackValue": "7"}
        del single["keys"]
        assert (await board.done("EvaluateFlag", single, board.workload))["value"] == "7"

    play(tmp_path, scene)


def opened(frame: bytes) -> bytes:
    """What is in a frame of raw blocks (RFC 8878 §3.1.1)."""
    assert frame[:5] == b"\x28\xb5\x2f\xfd\xa0"
    size, place, content = int.from_bytes(frame[5:9], "little"), 9, b""
    last = False
    while not last:
        header = int.from_bytes(frame[place : place + 3], "little")
        last, kind, length = bool(header & 1), header >> 1 & 3, header >> 3
        assert kind == 0
        assert length <= 128 * 1024
        content += frame[place + 3 : place + 3 + length]
        place += 3 + length
    assert place == len(frame)
    assert len(content) == size
    return content


@pytest.mark.parametrize("size", [0, 1, 131_072, 131_073, 300_000])
def test_frames_hold_what_was_put_in(size: int) -> None:
    content = bytes(each % 251 for each in range(size))
    assert opened(Stored().frame(content)) == content


def test_watchers_get_rules_by_which_they_decide_alike(tmp_path: Path) -> None:
    async def scene(board: Board) -> None:
        flag = await board.active(50)
        async with board.watching() as call:
            first = await asyncio.wait_for(call.read(), 5)
            assert first.rules_checksum == flag["rulesChecksum"]
            text = opened(first.bundle)
            assert hashlib.sha256(text).hexdigest() == first.rules_checksum
            [told] = json.loads(text)["flags"]
            assert (told["key"], told["rolloutPercent"], told["off"]) == (KEY, 50, False)
            for _ in range(20):
                user = str(uuid7())
                digest = hmac.digest(
                    bytes.fromhex(told["seed"]), f"share/user/{user}".encode(), "sha256"
                )
                inside = int.from_bytes(digest[:8]) % 10_000 < 5_000
                assert (await board.variant(userId=user))[0] == ("on" if inside else "off")
            await board.kill(flag)
            second = await asyncio.wait_for(call.read(), 1.5)
            assert json.loads(opened(second.bundle))["flags"][0]["off"] is True

    play(tmp_path, scene)


def test_a_known_digest_is_answered_by_a_heartbeat(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FEATURE_FLAG_SERVICE_STREAM_HEARTBEAT", "0.4")

    async def scene(board: Board) -> None:
        flag = await board.active()
        loop = asyncio.get_running_loop()
        async with board.watching(flag["rulesChecksum"]) as call:
            began = loop.time()
            beat = await asyncio.wait_for(call.read(), 5)
            assert loop.time() - began >= 0.3
            assert (beat.bundle, beat.rules_checksum) == (b"", flag["rulesChecksum"])
            assert beat.flag_count == 1

    play(tmp_path, scene)


def test_the_share_of_a_rule_is_its_own() -> None:
    flag = models.FeatureFlag.model_validate_json(
        json.dumps(
            {
                "id": str(uuid7()),
                "organizationId": str(PLATFORM),
                "createdAt": "2026-01-01T00:00:00Z",
                "updatedAt": "2026-01-01T00:00:00Z",
                "version": 1,
                "key": KEY,
                "environment": "production",
                "purpose": "ops",
                "valueType": "boolean",
                "variants": [
                    {"name": "on", "value": "true", "weight": 0},
                    {"name": "off", "value": "false", "weight": 0},
                ],
                "defaultVariant": "on",
                "offVariant": "off",
                "rules": [rule(1, "role", "percent", ["50"], "on")],
                "rolloutPercent": 50,
                "bucketBy": "user",
                "prerequisites": [],
                "ownerTeam": "content-team",
                "autoKill": False,
                "status": "active",
            }
        )
    )
    bundle = rules.Bundle({KEY: flag}, {flag.id: "ab" * 32}, {})
    found = [
        bundle.decide(flag, rules.Asked(uuid7(), user=uuid7(), role="member")) for _ in range(400)
    ]
    by_rule = sum(each.reason is rules.REASONS.rule for each in found)
    by_share = sum(each.reason is rules.REASONS.rollout for each in found)
    assert 150 < by_rule < 250
    assert 60 < by_share < 140, "half of those whom the rule left"
