"""Loans and rotations."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cloudsync_chassis import files
from cloudsync_chassis.ids import PLATFORM, uuid7
from vault import HOUR, MINUTE, PATH, VALUE, Vault, at, plain, play

DATABASE = {"kind": "databaseCredential", "path": "chat-service/postgres", "initialValue": None}
OWN = {"ownerService": "chat-service", "readerServices": ["chat-service"]}


def users(vault: Vault) -> list[str]:
    return [each.stem for each in (vault.state / "secret-service" / "users").glob("*.json")]


def loan(**more: Any) -> dict[str, Any]:
    return {
        "path": "chat-service/postgres",
        "holderPod": "chat-service-1",
        "ttlSeconds": 600,
        **more,
    }


def test_a_database_user_lives_as_long_as_its_loan(tmp_path: Path) -> None:
    async def scene(vault: Vault) -> None:
        await vault.secret(**DATABASE, **OWN)
        one = await vault.done("LeaseCredential", loan(), "chat-service")
        two = await vault.done("LeaseCredential", loan(), "chat-service")
        assert one["dynamicUser"].startswith("chat_service_")
        assert one["value"] != two["value"]
        assert sorted(users(vault)) == sorted([one["dynamicUser"], two["dynamicUser"]])
        assert (
            plain(one["value"]).decode()
            not in (
                vault.state / "secret-service" / "users" / f"{one['dynamicUser']}.json"
            ).read_text()
        )
        key = {"credentialLeaseId": two["credentialLeaseId"]}
        assert await vault.refused("RevokeLease", key, "user-service") == "not-the-holder"
        await vault.done("RevokeLease", key, "chat-service")
        assert users(vault) == [one["dynamicUser"]]
        assert await vault.refused("RevokeLease", key, "chat-service") == "lease-revoked"
        vault.service.later(11 * MINUTE)
        renewal = {"credentialLeaseId": one["credentialLeaseId"], "ttlSeconds": 600}
        assert await vault.refused("RenewLease", renewal, "chat-service") == "not-found"
        await vault.service.tick("sweep-leases")
        assert users(vault) == []

    play(tmp_path, scene)


def test_users_of_a_tenant_s_loans_stay_and_those_of_no_loan_go(tmp_path: Path) -> None:
    async def scene(vault: Vault) -> None:
        theirs = vault.workload("chat-service", uuid7())
        made = await vault.done("CreateSecret", vault.wish(**DATABASE, **OWN), theirs)
        assert made["status"] == "active"
        lent = await vault.done("LeaseCredential", loan(ttlSeconds=86_400), theirs)
        files.create_once(
            vault.state / "secret-service" / "users" / "chat_service_left.json", b"{}"
        )
        await vault.service.tick("sweep-users")
        both = sorted(["chat_service_left", lent["dynamicUser"]])
        assert sorted(users(vault)) == both, "its lease may be under way"
        await vault.service.tick("sweep-users")
        assert users(vault) == [lent["dynamicUser"]]

    play(tmp_path, scene)


def test_a_loan_is_renewed_for_a_day(tmp_path: Path) -> None:
    async def scene(vault: Vault) -> None:
        await vault.secret()
        body = loan(path=PATH, holderPod="payment-service-1", ttlSeconds=86_400)
        lease = await vault.done("LeaseCredential", body, "payment-service")
        assert plain(lease["value"]) == VALUE
        assert "dynamicUser" not in lease
        renewal = {"credentialLeaseId": lease["credentialLeaseId"], "ttlSeconds": 86_400}
        assert await vault.refused("RenewLease", renewal, "chat-service") == "not-the-holder"
        vault.service.later(23 * HOUR)
        await vault.done("RenewLease", renewal, "payment-service")
        await vault.service.tick("sweep-leases")
        vault.service.later(2 * HOUR)
        assert await vault.refused("RenewLease", renewal, "payment-service") == "lease-exhausted"

    play(tmp_path, scene)


def test_loans_are_for_readers_in_their_own_pods(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_SERVICE_LEASES_PER_POD", "2")

    async def scene(vault: Vault) -> None:
        made = await vault.done("CreateSecret", vault.wish(**DATABASE, **OWN))
        assert await vault.refused("LeaseCredential", loan(), "chat-service") == (
            "condition-not-met"
        )
        await vault.done("ActivateSecret", {"secretId": made["id"]})
        assert await vault.refused("LeaseCredential", loan(), "user-service") == (
            "reader-not-allowed"
        )
        other = loan(holderPod="user-service-1")
        assert await vault.refused("LeaseCredential", other, "chat-service") == "pod-mismatch"
        for _ in range(2):
            await vault.done("LeaseCredential", loan(), "chat-service")
        assert await vault.refused("LeaseCredential", loan(), "chat-service") == "lease-limit"
        await vault.done("LeaseCredential", loan(holderPod="chat-service-2"), "chat-service")
        vault.service.later(11 * MINUTE)
        await vault.done("LeaseCredential", loan(), "chat-service")

    play(tmp_path, scene)


def test_a_lent_value_is_not_kept_for_repetitions(tmp_path: Path) -> None:
    async def scene(vault: Vault) -> None:
        await vault.secret(**DATABASE, **OWN)
        key = str(uuid7())
        one = await vault.done("LeaseCredential", loan(), "chat-service", idempotency_key=key)
        two = await vault.done("LeaseCredential", loan(), "chat-service", idempotency_key=key)
        assert one["value"] != two["value"]

    play(tmp_path, scene)


def test_loans_end_with_their_pod(tmp_path: Path) -> None:
    async def scene(vault: Vault) -> None:
        await vault.secret(**DATABASE, **OWN)
        await vault.done("LeaseCredential", loan(), "chat-service")
        sibling = await vault.done(
            "LeaseCredential", loan(holderPod="chat-service-2"), "chat-service"
        )
        told = {
            "serviceInstanceId": str(uuid7()),
            "serviceName": "chat-service",
            "region": "eu-west-1",
            "spiffeId": "spiffe://cloudsync.internal/ns/production/sa/chat-service",
            "podName": "chat-service-1",
        }
        for _ in range(2):
            await vault.service.tell("cloudsync.platform.instance-deregistered.v1", told, PLATFORM)
        assert users(vault) == [sibling["dynamicUser"]]
        assert len(await vault.said("lease-revoked")) == 1

    play(tmp_path, scene)


def test_the_clock_replaces_what_was_brought_and_then_once_a_day(tmp_path: Path) -> None:
    async def scene(vault: Vault) -> None:
        await vault.secret()
        await vault.later(59 * MINUTE)
        assert (await vault.meta())["currentVersionNumber"] == 1
        await vault.later(2 * MINUTE)
        assert (await vault.meta())["currentVersionNumber"] == 2, "nobody holds it"
        first = await vault.value()
        assert first != VALUE
        assert await vault.value(versionNumber=1) == VALUE, "the overlap"
        await vault.later(31 * MINUTE)
        old = {"path": PATH, "versionNumber": 1}
        assert await vault.refused("GetSecret", old, "payment-service") == "not-found"
        assert (await vault.run(await vault.meta()))["step"] == "finished"
        for day in range(3):
            await vault.later(22 * HOUR + 40 * MINUTE)
            found = await vault.meta()
            assert found["currentVersionNumber"] == 3 + day
            await vault.later(20 * MINUTE)
        rotated = await vault.said("secret-rotated")
        assert [each["currentVersionNumber"] for each in rotated] == [2, 3, 4, 5]

    play(tmp_path, scene)


def test_the_clock_never_replaces_a_key_of_an_endpoint(tmp_path: Path) -> None:
    async def scene(vault: Vault) -> None:
        hooks = {
            "path": "webhooks/one",
            "kind": "webhookKey",
            "ownerService": "webhook-service",
            "readerServices": ["webhook-service"],
        }
        made = await vault.done("CreateSecret", vault.wish(**hooks), "webhook-service")
        assert "nextRotationAt" not in made
        wanted = {"secretId": made["id"], "strategy": "dualKey"}
        await vault.done("RotateSecret", wanted, "webhook-service")
        await vault.later(MINUTE)
        assert (await vault.meta("webhooks/one"))["currentVersionNumber"] == 2
        await vault.later(25 * HOUR)
        found = await vault.meta("webhooks/one")
        assert (found["currentVersionNumber"], found["status"]) == (2, "active")
        assert "nextRotationAt" not in found

    play(tmp_path, scene)


def test_every_reader_that_holds_it_proves_the_new_version(tmp_path: Path) -> None:
    async def scene(vault: Vault) -> None:
        readers = ["payment-service", "invoice-service"]
        secret = await vault.secret(kind="signingKey", readerServices=readers)
        for each in readers:
            assert await vault.value(each) == VALUE
        await vault.service.settle()
        proof = {"secretId": secret["id"], "versionNumber": 2, "fingerprint": "ab" * 32}
        assert await vault.refused("VerifySecretVersion", proof, "payment-service") == (
            "no-rotation-open"
        )
        rotate = {"secretId": secret["id"], "strategy": "dualKey"}
        await vault.done("RotateSecret", rotate)
        assert await vault.refused("RotateSecret", rotate) == "illegal-transition"
        run = await vault.run(secret)
        assert (run["step"], run["targetVersionNumber"]) == ("distribute", 2)
        assert await vault.value() == VALUE, "the current one goes on"
        assert await vault.refused("VerifySecretVersion", proof, "payment-service") == (
            "fingerprint-mismatch"
        )
        assert await vault.refused("VerifySecretVersion", proof, "chat-service") == (
            "reader-not-allowed"
        )
        run = await vault.verify(secret)
        assert (run["step"], run["verifiedReaders"]) == ("verify", ["payment-service"])
        staged = await vault.get(versionNumber=2)
        confirm = {
            "secretId": secret["id"],
            "rotationRunId": run["id"],
            "currentVersionNumber": 2,
            "fingerprint": staged["fingerprint"],
            "previousValidUntil": at(30 * MINUTE),
            "nextRotationAt": at(20 * HOUR),
        }
        rotator = "secret-rotator"
        assert await vault.refused("ConfirmRotation", confirm, rotator) == "readers-missing"
        wrong = {**confirm, "fingerprint": "ab" * 32}
        assert await vault.refused("ConfirmRotation", wrong, rotator) == "fingerprint-mismatch"
        await vault.later(MINUTE)
        assert (await vault.meta())["status"] == "rotating"
        assert (await vault.verify(secret, "invoice-service"))["step"] == "retire"
        assert (await vault.meta())["status"] == "active"
        assert await vault.value() == plain(staged["value"])
        again = await vault.done("ConfirmRotation", confirm, rotator)
        assert again["currentVersionNumber"] == 2

    play(tmp_path, scene)


def test_a_rotator_confirms_what_was_proven(tmp_path: Path) -> None:
    async def scene(vault: Vault) -> None:
        secret = await vault.secret(kind="signingKey")
        await vault.done("RotateSecret", {"secretId": secret["id"], "strategy": "dualKey"})
        run = await vault.run(secret)
        staged = await vault.get(versionNumber=2)
        await vault.service.settle()
        confirm = {
            "secretId": secret["id"],
            "rotationRunId": run["id"],
            "currentVersionNumber": 2,
            "fingerprint": staged["fingerprint"],
            "previousValidUntil": at(30 * MINUTE),
            "nextRotationAt": at(20 * HOUR),
        }
        assert await vault.refused("ConfirmRotation", confirm) == "forbidden", "it is a person"
        rotator = "secret-rotator"
        assert await vault.refused("ConfirmRotation", confirm, rotator) == "readers-missing"
        vault.service.later(2 * HOUR)
        long = {**confirm, "previousValidUntil": at(3 * HOUR)}
        assert await vault.refused("ConfirmRotation", long, rotator) == "rule-broken"
        late = {**confirm, "nextRotationAt": at(24 * HOUR), "previousValidUntil": at(MINUTE)}
        assert await vault.refused("ConfirmRotation", late, rotator) == "invariant-broken"
        good = {**confirm, "previousValidUntil": at(30 * MINUTE)}
        found = await vault.done("ConfirmRotation", good, rotator)
        assert (found["status"], found["currentVersionNumber"]) == ("active", 2)
        [told] = await vault.said("secret-rotated")
        assert (told["kind"], told["path"]) == ("signingKey", PATH)

    play(tmp_path, scene)


def test_a_rotation_that_a_reader_misses_fails_in_the_open(tmp_path: Path) -> None:
    async def scene(vault: Vault) -> None:
        secret = await vault.secret(kind="signingKey")
        await vault.done("RotateSecret", {"secretId": secret["id"], "strategy": "dualKey"})
        for _ in range(5):
            assert await vault.value() == VALUE
            await vault.service.settle()
            await vault.later(15 * MINUTE)
        found = await vault.meta()
        assert (found["status"], found["failedRotations"]) == ("rotationFailed", 1)
        [told] = await vault.said("secret-rotation-failed")
        assert (told["step"], told["problem"]) == ("verify", "readers-missing")
        assert await vault.value() == VALUE, "the old version stays"
        staged = {"path": PATH, "versionNumber": 2}
        assert await vault.refused("GetSecret", staged, "payment-service") == "not-found"
        rotate = {"secretId": secret["id"], "strategy": "dualKey"}
        engineer = vault.engineer()
        assert await vault.refused("RotateSecret", rotate, engineer) == "cause-missing"
        cause = {**rotate, "cause": "the reader was not restarted"}
        await vault.done("RotateSecret", cause, engineer)
        assert (await vault.run(secret))["targetVersionNumber"] == 3
        await vault.verify(secret)
        found = await vault.meta()
        assert (found["status"], found["failedRotations"]) == ("active", 0)

    play(tmp_path, scene)


def test_a_value_that_nobody_issues_is_tried_three_times(tmp_path: Path) -> None:
    async def scene(vault: Vault) -> None:
        secret = await vault.secret(kind="tlsCertificate")
        await vault.later(HOUR)
        run = await vault.run(secret)
        assert (run["step"], run["problem"]) == ("stage", "no-certificate-authority")
        for _ in range(3):
            await vault.later(15 * MINUTE)
        assert (await vault.meta())["status"] == "rotationFailed"
        [told] = await vault.said("secret-rotation-failed")
        assert (told["step"], told["problem"]) == ("stage", "no-certificate-authority")

    play(tmp_path, scene)


def test_rotations_can_be_paused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_SERVICE_ROTATION_PAUSED", "true")

    async def scene(vault: Vault) -> None:
        await vault.secret()
        await vault.later(2 * HOUR)
        assert (await vault.meta())["status"] == "active"
        assert await vault.value() == VALUE
        secret = await vault.meta()
        status = {"secretId": secret["id"]}
        assert await vault.refused("GetRotationStatus", status, vault.engineer()) == "not-found"

    play(tmp_path, scene)


def test_a_copy_is_good_for_no_longer_than_its_version(tmp_path: Path) -> None:
    async def scene(vault: Vault) -> None:
        await vault.secret(rotationIntervalHours=2, overlapMinutes=10)
        found = await vault.get()
        assert at(9 * MINUTE) < found["usableUntil"] < at(11 * MINUTE)
        await vault.service.settle()
        vault.service.later(HOUR)
        await vault.service.tick("begin-rotations", "drive-rotations")
        vault.service.later(8 * MINUTE)
        previous = await vault.get(versionNumber=1)
        assert previous["usableUntil"] < at(3 * MINUTE)

    play(tmp_path, scene)


def test_age_and_loans_are_measured(tmp_path: Path) -> None:
    async def scene(vault: Vault) -> None:
        await vault.secret(**DATABASE, **OWN)
        await vault.done("LeaseCredential", loan(), "chat-service")
        vault.service.later(timedelta(seconds=100))
        await vault.service.tick("measure-secrets")
        text = (await vault.service.runtime.metrics.text()).decode()
        lines = [each for each in text.splitlines() if each.startswith("secret_")]
        [age] = [each for each in lines if each.startswith("secret_age_seconds{")]
        assert 100 <= float(age.rpartition(" ")[2]) < 110
        [leases] = [e for e in lines if "secret_active_leases" in e and "databaseCredential" in e]
        assert leases.endswith(" 1.0")

    play(tmp_path, scene)
