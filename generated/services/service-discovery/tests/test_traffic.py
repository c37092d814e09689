"""Who is sent where, and shifts of traffic."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from registry import CHAT, HOUR, MINUTE, SECOND, Registry, at, play

US, WEST, EU = "us-east-1", "us-west-2", "eu-west-1"


def test_the_nearest_come_first_and_the_union_keeps_its_own(tmp_path: Path) -> None:
    async def scene(registry: Registry) -> None:
        await registry.define()
        far = await registry.healthy(region=WEST)
        one = await registry.healthy(region=US)
        two = await registry.healthy(region=US, zone="us-east-1c")
        assert list(await registry.weights(US)) == [one["id"], two["id"]]
        assert list(await registry.weights(US, zoneHint="us-east-1c")) == [two["id"], one["id"]]
        assert set(await registry.weights("ap-southeast-1")) == {far["id"], one["id"], two["id"]}
        body = {"serviceName": CHAT, "region": EU}
        assert await registry.refused("ResolveService", body, "api-gateway") == (
            "service-unavailable"
        )
        unknown = {"serviceName": "task-service", "region": EU}
        assert await registry.refused("ResolveService", unknown, "api-gateway") == "not-found"

    play(tmp_path, scene)


def test_copies_whose_leases_have_all_run_out_are_better_than_none(tmp_path: Path) -> None:
    async def scene(registry: Registry) -> None:
        await registry.define()
        old = await registry.healthy()
        registry.service.later(10 * SECOND)
        young = await registry.healthy()
        registry.service.later(6 * SECOND)
        assert list(await registry.weights()) == [young["id"]]
        registry.service.later(10 * SECOND)
        assert set(await registry.weights()) == {old["id"], young["id"]}

    play(tmp_path, scene)


def wish(percent: int = 40, **more: Any) -> dict[str, Any]:
    known = {
        "serviceName": CHAT,
        "fromRegion": US,
        "toRegion": WEST,
        "percent": percent,
        "reason": "a drill of the quarter",
        "drill": True,
        "expiresAt": at(20 * HOUR),
    }
    return {**known, **more}


async def both(registry: Registry) -> list[Any]:
    await registry.define()
    return [await registry.healthy(region=each) for each in (US, US, WEST)]


async def share(registry: Registry, copies: list[Any]) -> int:
    """Per cent of the traffic of us-east-1 that us-west-2 gets."""
    found = await registry.weights(US)
    return round(100 * found.get(copies[2]["id"], 0) / sum(found.values()))


async def shift(registry: Registry, key: str) -> Any:
    items = (await registry.ask("ListTrafficShifts", {})).json()["items"]
    return next(each for each in items if each["id"] == key)


def test_a_small_shift_goes_in_quarters_and_comes_back_by_itself(tmp_path: Path) -> None:
    async def scene(registry: Registry) -> None:
        copies = await both(registry)
        made = await registry.done("ShiftTraffic", wish(40))
        assert made["requestedBy"] == str(registry.people[0].subject)
        shares = []
        for _ in range(4):
            await registry.later(timedelta(), *copies)
            await registry.service.tick("move-traffic")
            shares.append(await share(registry, copies))
            await registry.later(3 * MINUTE, *copies)
        assert shares == [10, 20, 30, 40]
        found = await shift(registry, made["id"])
        assert found["status"] == "effective"
        [told] = await registry.said("traffic-shifted")
        assert (told["percent"], told["drill"]) == (40, True)
        registry.service.later(20 * HOUR)
        await registry.service.tick("move-traffic")
        registry.people = [
            registry.service.caller("platform-operator", organization=each.organization)
            for each in registry.people
        ]
        assert (await shift(registry, made["id"]))["status"] == "reverted"
        [told] = await registry.said("traffic-shift-reverted")
        assert told["trafficShiftId"] == made["id"]
        assert await share(registry, copies) == 0

    play(tmp_path, scene)


def test_more_than_half_needs_two_people(tmp_path: Path) -> None:
    async def scene(registry: Registry) -> None:
        copies = await both(registry)
        made = await registry.done("ShiftTraffic", wish(100))
        await registry.service.tick("move-traffic")
        assert (await shift(registry, made["id"]))["status"] == "requested"
        key = {"trafficShiftId": made["id"]}
        one, two = registry.people
        assert await registry.refused("ApproveTrafficShift", key, one) == "self-approval"
        await registry.done("ApproveTrafficShift", key, two)
        for _ in range(5):
            await registry.service.tick("move-traffic")
            await registry.later(3 * MINUTE, *copies)
        assert (await shift(registry, made["id"]))["status"] == "effective"
        assert await share(registry, copies) == 100
        await registry.done("RevertTrafficShift", key)
        assert await share(registry, copies) == 0

    play(tmp_path, scene)


def test_a_wish_that_nobody_heard_ends(tmp_path: Path) -> None:
    async def scene(registry: Registry) -> None:
        await both(registry)
        made = await registry.done("ShiftTraffic", wish(60, expiresAt=at(MINUTE)))
        registry.service.later(2 * MINUTE)
        key = {"trafficShiftId": made["id"]}
        assert await registry.refused("ApproveTrafficShift", key, registry.people[1]) == (
            "shift-over"
        )
        await registry.service.tick("move-traffic")
        assert (await shift(registry, made["id"]))["status"] == "reverted"

    play(tmp_path, scene)


def test_shifts_that_would_harm_are_refused(tmp_path: Path) -> None:
    async def scene(registry: Registry) -> None:
        copies = await both(registry)

        async def refused(**more: Any) -> str:
            return await registry.refused("ShiftTraffic", wish(**more))

        assert await refused(fromRegion=EU) == "residency-violated"
        assert await refused(toRegion=US) == "invariant-broken"
        assert await refused(expiresAt=at(-MINUTE)) == "rule-broken"
        assert await refused(expiresAt=at(25 * HOUR)) == "invariant-broken"
        assert await refused(percent=11, drill=False) == "invariant-broken"
        assert await refused(toRegion="ap-southeast-1") == "region-at-capacity"
        for each in copies[:2]:
            await registry.beat(each, 90)
        await registry.beat(copies[2], 70)
        assert await refused(percent=80) == "region-at-capacity"
        await registry.done("ShiftTraffic", wish(70, serviceName="*"))

    play(tmp_path, scene)


def test_all_services_of_a_region_move_together(tmp_path: Path) -> None:
    async def scene(registry: Registry) -> None:
        copies = await both(registry)
        await registry.define("task-service")
        more = [await registry.healthy("task-service", region=each) for each in (US, WEST)]
        before = (await registry.resolved(US, "task-service"))["generation"]
        await registry.done("ShiftTraffic", wish(8, serviceName="*"))
        await registry.service.tick("move-traffic")
        await registry.later(3 * MINUTE, *copies, *more)
        found = await registry.resolved(US, "task-service")
        assert found["generation"] == before + 2
        assert [each["weight"] for each in found["endpoints"]] == [96, 4]

    play(tmp_path, scene)


def test_the_registry_is_measured(tmp_path: Path) -> None:
    async def scene(registry: Registry) -> None:
        await registry.define(least=3)
        await registry.healthy()
        await registry.service.tick("measure-registry")
        text = (await registry.service.runtime.metrics.text()).decode()
        lines = [each for each in text.splitlines() if f'target="{CHAT}"' in each]
        [healthy] = [each for each in lines if 'status="healthy"' in each]
        [below] = [each for each in lines if each.startswith("discovery_below_minimum{")]
        assert healthy.endswith(" 1.0")
        assert below.endswith(" 1.0")

    play(tmp_path, scene)
