"""Copies come, beat, fail, drain and go."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import grpc
import pytest
from cloudsync_chassis.ids import PLATFORM, uuid7
from registry import CHAT, HOUR, MINUTE, SECOND, Registry, at, play
from service_discovery.ports import OwnOrLoopback


def test_a_copy_is_called_after_three_good_probes(tmp_path: Path) -> None:
    async def scene(at: Registry) -> None:
        await at.define()
        copy = await at.registered()
        assert (copy["status"], copy["weight"], copy["leaseTtlSeconds"]) == ("registering", 100, 15)
        body = {"serviceName": CHAT, "region": "eu-west-1"}
        assert await at.refused("ResolveService", body, "api-gateway") == "service-unavailable"
        for expected in ("registering", "registering", "healthy"):
            await at.report(copy)
            assert await at.status(copy) == expected
        assert await at.weights() == {copy["id"]: 100}
        [told] = await at.said("instance-registered")
        assert (told["serviceInstanceId"], told["zone"]) == (copy["id"], "eu-west-1a")

    play(tmp_path, scene)


def test_a_bad_probe_begins_the_row_anew(tmp_path: Path) -> None:
    async def scene(at: Registry) -> None:
        await at.define()
        copy = await at.registered()
        for outcome in ("passed", "passed", "failed", "passed", "slow", "passed", "passed"):
            await at.report(copy, outcome)
            assert await at.status(copy) == "registering"
        await at.report(copy)
        assert await at.status(copy) == "healthy"

    play(tmp_path, scene)


def test_copies_are_what_they_claim_to_be(tmp_path: Path) -> None:
    async def scene(at: Registry) -> None:
        assert await at.refused("RegisterInstance", at.wish(), CHAT) == "definition-unknown"
        await at.define()
        assert await at.refused("RegisterInstance", at.wish(), "user-service") == (
            "identity-mismatch"
        )
        other = "spiffe://cloudsync.internal/ns/production/sa/user-service"
        assert await at.refused("RegisterInstance", at.wish(spiffeId=other), CHAT) == (
            "identity-mismatch"
        )
        assert await at.refused("RegisterInstance", at.wish(zone="us-east-1a"), CHAT) == (
            "invariant-broken"
        )
        assert await at.refused("RegisterInstance", at.wish(address="10.999.1.1"), CHAT) == (
            "rule-broken"
        )
        copy = await at.registered()
        beat = {"serviceInstanceId": copy["id"], "loadPercent": 1}
        assert await at.refused("RenewInstanceLease", beat, "user-service") == "identity-mismatch"
        report = {
            "instanceId": copy["id"],
            "probe": "readiness",
            "latencyMs": 1,
            "outcome": "failed",
            "observedAt": "2026-01-01T00:00:00Z",
        }
        assert await at.refused("ReportHealth", report, "user-service") == "identity-mismatch"

    play(tmp_path, scene)


def test_addresses_are_those_of_the_call() -> None:
    addresses = OwnOrLoopback()
    assert addresses.fits("10.0.0.7", "10.0.0.7")
    assert addresses.fits("fd00::1", "fd00:0::1")
    assert addresses.fits("10.0.0.7", "127.0.0.1")
    for source in ("10.0.0.8", None, "somewhere"):
        assert not addresses.fits("10.0.0.7", source)


def test_silent_copies_expire_and_have_to_register_anew(tmp_path: Path) -> None:
    async def scene(at: Registry) -> None:
        await at.define()
        silent, beating = await at.healthy(), await at.healthy()
        await at.later(14 * SECOND, beating)
        assert await at.status(silent) == "healthy"
        await at.later(2 * SECOND, beating)
        assert [await at.status(each) for each in (silent, beating)] == ["expired", "healthy"]
        assert list(await at.weights()) == [beating["id"]]
        [told] = await at.said("instance-expired")
        assert (told["serviceInstanceId"], told["nodeName"]) == (silent["id"], "node-7")
        body = {"serviceInstanceId": silent["id"], "loadPercent": 1}
        assert await at.refused("RenewInstanceLease", body, CHAT) == "lease-expired"
        assert (await at.beat(beating, 42))["loadPercent"] == 42
        at.service.later(HOUR)
        await at.service.tick("sweep-leases")
        at.service.later(HOUR + MINUTE)
        await at.service.tick("bury-instances")
        listed = await at.ask("ListInstances", {}, "api-gateway")
        assert listed.json()["items"] == []

    play(tmp_path, scene)


def test_a_late_beat_before_the_sweep_is_late_all_the_same(tmp_path: Path) -> None:
    async def scene(at: Registry) -> None:
        await at.define()
        copy = await at.registered(leaseTtlSeconds=10)
        at.service.later(11 * SECOND)
        body = {"serviceInstanceId": copy["id"], "loadPercent": 1}
        assert await at.refused("RenewInstanceLease", body, CHAT) == "lease-expired"

    play(tmp_path, scene)


def test_whoever_comes_to_an_address_ends_what_was_there(tmp_path: Path) -> None:
    async def scene(at: Registry) -> None:
        await at.define()
        old = await at.healthy()
        new = await at.registered(port=old["port"])
        assert [await at.status(each) for each in (old, new)] == ["expired", "registering"]
        [told] = await at.said("instance-expired")
        assert told["serviceInstanceId"] == old["id"]

    play(tmp_path, scene)


def test_failing_copies_get_a_tenth_until_they_recover(tmp_path: Path) -> None:
    async def scene(at: Registry) -> None:
        await at.define()
        copy = await at.healthy()
        for failures in (1, 2):
            await at.report(copy, "failed")
            found = await at.get(copy)
            assert (found["status"], found["consecutiveFailures"]) == ("healthy", failures)
        await at.report(copy, "failed", probe="deep", failingDependency="postgres")
        assert await at.status(copy) == "healthy", "deep probes end nothing"
        await at.report(copy, "failed")
        found = await at.get(copy)
        assert (found["status"], found["weight"]) == ("degraded", 100)
        assert await at.weights() == {copy["id"]: 10}
        for _ in range(4):
            await at.report(copy)
        assert await at.status(copy) == "degraded"
        await at.report(copy)
        assert await at.weights() == {copy["id"]: 100}
        [told] = await at.said("instance-degraded")
        assert told["consecutiveFailures"] == 3
        assert len(await at.said("instance-recovered")) == 1

    play(tmp_path, scene)


def test_a_copy_far_slower_than_its_peers_is_degraded(tmp_path: Path) -> None:
    async def scene(at: Registry) -> None:
        await at.define()
        slow, *_ = [await at.healthy() for _ in range(3)]
        for _ in range(3):
            await at.report(slow, latencyMs=90)
        assert await at.status(slow) == "healthy"
        await at.report(slow, latencyMs=101)
        assert await at.status(slow) == "degraded"
        [told] = await at.said("instance-degraded")
        assert told["p99Ms"] == 101

    play(tmp_path, scene)


def test_twenty_reports_are_kept(tmp_path: Path) -> None:
    async def scene(at: Registry) -> None:
        await at.define()
        copy = await at.registered()
        for _ in range(23):
            await at.report(copy, "slow")
        reports: Any = at.service.runtime.aggregates["health-report"]
        from cloudsync_chassis.executor import Incoming
        from cloudsync_chassis.operation import Operation
        from cloudsync_chassis.propagation import Trace
        from cloudsync_chassis.security.principal import workload

        incoming = Incoming(principal=workload("test", PLATFORM), trace=Trace.new())
        look = Operation(id="look", access="workload")
        count = await at.service.runtime.executor.run(
            look, incoming, lambda ctx: reports.count(ctx)
        )
        assert count == 20

    play(tmp_path, scene)


def test_draining_leaves_enough_behind_and_ends(tmp_path: Path) -> None:
    async def scene(at: Registry) -> None:
        await at.define(least=2)
        copies = [await at.healthy() for _ in range(3)]
        first, second, _ = copies
        body = {"serviceInstanceId": first["id"], "drainReason": "a new release comes"}
        assert await at.refused("DrainInstance", body, "user-service") == "identity-mismatch"
        drained = await at.drain(first, CHAT)
        assert (drained["status"], drained["weight"]) == ("draining", 0)
        assert (await at.drain(first))["status"] == "draining", "once is enough"
        assert first["id"] not in await at.weights()
        more = {**body, "serviceInstanceId": second["id"]}
        assert await at.refused("DrainInstance", more) == "too-few-instances"
        assert len(await at.said("instance-drained")) == 1
        await at.later(50 * SECOND, *copies)
        assert await at.status(first) == "draining"
        await at.later(11 * SECOND, *copies)
        assert await at.status(first) == "deregistered"
        [told] = await at.said("instance-deregistered")
        assert (told["podName"], told["spiffeId"]) == (first["podName"], first["spiffeId"])

    play(tmp_path, scene)


def test_a_copy_leaves_on_its_own_word(tmp_path: Path) -> None:
    async def scene(at: Registry) -> None:
        await at.define()
        copies = [await at.healthy() for _ in range(3)]
        key = {"serviceInstanceId": copies[0]["id"]}
        assert await at.refused("DeregisterInstance", key, CHAT) == "illegal-transition"
        await at.drain(copies[0])
        assert await at.refused("DeregisterInstance", key, "user-service") == "identity-mismatch"
        assert (await at.done("DeregisterInstance", key, CHAT))["status"] == "deregistered"
        await at.later(70 * SECOND, *copies[1:])
        assert len(await at.said("instance-deregistered")) == 1

    play(tmp_path, scene)


def test_registrations_come_no_faster_than_a_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SERVICE_DISCOVERY_REGISTRATIONS_PER_SECOND", "0")

    async def scene(at: Registry) -> None:
        await at.define()
        assert await at.refused("RegisterInstance", at.wish(), CHAT) == "rate-limited"

    play(tmp_path, scene)


async def news(call: Any) -> dict[str, int]:
    """The next set of a stream, by instance."""
    found = await asyncio.wait_for(call.read(), 5)
    assert found is not grpc.aio.EOF
    return {each.service_instance_id: each.weight for each in found.endpoints}


def test_watchers_hear_of_every_change(tmp_path: Path) -> None:
    async def scene(at: Registry) -> None:
        await at.define()
        first = await at.healthy()
        async with at.watching() as call:
            assert await news(call) == {first["id"]: 100}
            second = await at.healthy()
            assert await news(call) == {first["id"]: 100, second["id"]: 100}
            await at.later(16 * SECOND, first)
            assert await news(call) == {first["id"]: 100}

    play(tmp_path, scene)


def test_a_stream_is_taken_up_where_it_broke(tmp_path: Path) -> None:
    async def scene(at: Registry) -> None:
        await at.define()
        await at.healthy()
        seen = (await at.resolved())["generation"]
        async with at.watching(chat=seen) as call:
            second = await at.healthy()
            found = await asyncio.wait_for(call.read(), 5)
            assert found.generation == seen + 1
            assert second["id"] in {each.service_instance_id for each in found.endpoints}

    play(tmp_path, scene)


def test_a_replica_holds_so_many_watches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERVICE_DISCOVERY_STREAMS_PER_REPLICA", "1")

    async def scene(at: Registry) -> None:
        async with at.watching() as call:
            assert await news(call) == {}
            async with at.watching() as other:
                with pytest.raises(grpc.aio.AioRpcError) as caught:
                    await other.read()
                assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED

    play(tmp_path, scene)


def test_a_canary_of_a_model_gets_a_tenth(tmp_path: Path) -> None:
    async def scene(at: Registry) -> None:
        await at.define("ml-service")
        old = await at.healthy("ml-service", buildVersion="2.4.0+churn-risk.1.2.0")
        new = await at.healthy("ml-service", buildVersion="2.4.0+churn-risk.1.3.0")
        other = await at.healthy("ml-service", buildVersion="2.4.0+usage.9.0.0")
        told = {
            "modelId": str(uuid7()),
            "modelKey": "churn-risk",
            "semver": "1.3.0",
            "previousSemver": "1.2.0",
        }
        for _ in range(2):
            await at.service.tell("cloudsync.analytics.model-deployed.v1", told, uuid7())
        found = await at.weights(name="ml-service")
        assert found == {old["id"]: 100, new["id"]: 10, other["id"]: 100}

    play(tmp_path, scene)


def test_renewed_roots_hold_beside_the_old_ones(tmp_path: Path) -> None:
    async def scene(registry: Registry) -> None:
        kind = "cloudsync.platform.secret-rotated.v1"
        told = {
            "secretId": str(uuid7()),
            "path": "mesh/trust-bundle",
            "kind": "tlsCertificate",
            "currentVersionNumber": 2,
            "previousValidUntil": at(2 * HOUR),
        }
        path = registry.state / "service-discovery" / "trust-bundles.json"
        await registry.service.tell(kind, told, uuid7())
        assert not path.exists(), "a tenant has no roots"
        for number in (1, 3, 2, 3):
            version = {**told, "currentVersionNumber": number}
            await registry.service.tell(kind, version, PLATFORM)
        await registry.service.tell(kind, {**told, "kind": "apiToken", "path": "mesh/x"}, PLATFORM)
        found = json.loads(path.read_text())
        assert list(found) == ["mesh/trust-bundle"]
        versions = found["mesh/trust-bundle"]
        assert versions["3"] is None
        assert versions["1"] is not None
        assert "2" not in versions

    play(tmp_path, scene)


def test_thresholds_make_sidecars_ask_anew(tmp_path: Path) -> None:
    async def scene(at: Registry) -> None:
        await at.define()
        await at.healthy()
        before = (await at.resolved())["generation"]
        told = {
            "configEntryId": str(uuid7()),
            "key": "mesh.chat.outlier-ejection-percent",
            "environment": "production",
            "revision": 4,
            "serviceName": CHAT,
            "region": "global",
            "scope": "service",
            "checksum": "ab" * 32,
        }
        kind = "cloudsync.platform.config-changed.v1"
        await at.service.tell(kind, {**told, "key": "chat.limits.rooms"}, PLATFORM)
        assert (await at.resolved())["generation"] == before
        await at.service.tell(kind, told, PLATFORM)
        assert (await at.resolved())["generation"] == before + 1

    play(tmp_path, scene)
