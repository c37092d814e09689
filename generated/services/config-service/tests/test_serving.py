"""What services are told, snapshots, farewells."""

from __future__ import annotations

import asyncio
import json
import stat
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
from cloudsync_chassis.ids import PLATFORM, uuid7
from config_service import serving
from desk import KEY, Desk, play


def test_the_narrowest_value_holds(tmp_path: Path) -> None:
    async def scene(at: Desk) -> None:
        await at.define(overridable=True)
        await at.live("10")
        await at.live("11", region="eu-west-1")
        assert await at.told() == {KEY: "11"}
        assert await at.told(region="us-east-1") == {KEY: "10"}
        await at.live("12", scope="service", serviceName="document-service")
        assert await at.told() == {KEY: "12"}
        assert await at.told(serviceName="chat-service") == {KEY: "11"}
        assert await at.told(environment="staging") == {}
        assert await at.told(keys=["other.key"]) == {}
        tenant = uuid7()
        people = [at.service.caller("platform-operator", organization=tenant) for _ in "ab"]
        mine = Desk(at.service, people[0], people[1], people[1], at.pod, at.state)
        await mine.live("13", scope="organization")
        assert await at.told(tenantId=str(tenant)) == {KEY: "13"}
        assert await at.told(tenantId=str(uuid7())) == {KEY: "12"}
        assert await at.told() == {KEY: "12"}
        body = at.place(tenantId=str(tenant))
        strangers = [
            at.service.caller("platform-operator"),
            at.service.caller("workload", kind="workload", scopes=["config:read"]),
        ]
        for each in strangers:
            assert await at.refused("GetConfig", body, each) == "forbidden"
        theirs = at.service.caller(
            "workload", kind="workload", scopes=["config:read"], organization=tenant
        )
        assert (await at.ask("GetConfig", body, theirs)).is_success
        assert await at.refused("GetConfig", at.place(serviceName="no-service")) == "not-found"

    play(tmp_path, scene)


def test_the_mark_grows_with_each_change(tmp_path: Path) -> None:
    async def scene(at: Desk) -> None:
        async def mark() -> int:
            answer = await at.ask("GetConfig", at.place(), at.pod)
            return int(answer.json()["revisionMark"])

        await at.define()
        marks = [await mark()]
        await at.live("10")
        marks.append(await mark())
        two = await at.live("20")
        marks.append(await mark())
        await at.back(two, 1)
        marks.append(await mark())
        assert marks == sorted(set(marks))
        assert marks[0] == 1

    play(tmp_path, scene)


async def bundle(call: Any) -> dict[str, str]:
    found = await asyncio.wait_for(call.read(), 5)
    assert found is not grpc.aio.EOF
    return {each.key: each.value for each in found.entries}


def test_watchers_hear_of_changes_at_once(tmp_path: Path) -> None:
    async def scene(at: Desk) -> None:
        await at.define()
        await at.define("document.limits.words")
        first = await at.live("10")
        await at.live("99", key="document.limits.words")
        async with at.watching(known=(first["checksum"],)) as call:
            assert await bundle(call) == {"document.limits.words": "99"}
            two = await at.live("20")
            assert await bundle(call) == {KEY: "20"}
            await at.back(two, 1)
            assert await bundle(call) == {KEY: "10"}, "what was there before comes again"

    play(tmp_path, scene)


def test_a_replica_holds_so_many_watches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONFIG_SERVICE_WATCH_STREAMS_PER_REPLICA", "1")

    async def scene(at: Desk) -> None:
        async with at.watching() as call:
            assert await bundle(call) == {}
            async with at.watching() as other:
                with pytest.raises(grpc.aio.AioRpcError) as caught:
                    await other.read()
                assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        for _ in range(100):
            async with at.watching() as again:
                try:
                    assert await bundle(again) == {}
                    return
                except grpc.aio.AioRpcError:
                    await asyncio.sleep(0.05)
        raise AssertionError("the place of a watcher that has gone is not free")

    play(tmp_path, scene)


def test_a_watch_ends_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "LONGEST", 0.2)

    async def scene(at: Desk) -> None:
        async with at.watching() as call:
            assert await bundle(call) == {}
            assert await asyncio.wait_for(call.read(), 5) is grpc.aio.EOF
            assert await call.code() is grpc.StatusCode.OK

    play(tmp_path, scene)


def test_snapshots_hold_what_is_live(tmp_path: Path) -> None:
    async def scene(at: Desk) -> None:
        await at.define()
        await at.live("10")
        await at.draft("20")
        await at.service.tick("write-snapshots")
        folder = tmp_path / "buckets" / "config-backups" / str(PLATFORM) / "production"
        [path] = folder.glob("*.json")
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        [entry] = json.loads(path.read_text())["entries"]
        assert (entry["key"], entry["value"], entry["status"]) == (KEY, "10", "live")
        for _ in range(13):
            await at.service.tick("write-snapshots")
        assert len(list(folder.glob("*.json"))) == 12
        at.service.later(timedelta(seconds=90))
        await at.service.tick("measure-snapshots")
        text = (await at.service.runtime.metrics.text()).decode()
        [age] = [e for e in text.splitlines() if e.startswith("config_snapshot_age_seconds{")]
        assert 90 <= float(age.rpartition(" ")[2]) < 100

    play(tmp_path, scene)


def test_values_go_with_their_tenant(tmp_path: Path) -> None:
    async def scene(at: Desk) -> None:
        await at.define(overridable=True)
        await at.live("10")
        tenant = uuid7()
        people = [at.service.caller("platform-operator", organization=tenant) for _ in "ab"]
        mine = Desk(at.service, people[0], people[1], people[1], at.pod, at.state)
        await mine.live("13", scope="organization")
        kind = "cloudsync.user.organization-purged.v1"
        for gone in (tenant, tenant, PLATFORM):
            told = {"organizationId": str(gone), "dataResidency": "euWest1"}
            await at.service.tell(kind, told, gone)
        assert await at.told(tenantId=str(tenant)) == {KEY: "10"}
        assert (await at.ask("ListRevisions", {}, people[0])).json()["items"] == []

    play(tmp_path, scene)
