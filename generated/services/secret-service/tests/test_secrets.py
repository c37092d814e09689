"""Secrets are made, handed out, revoked and wiped."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from cloudsync_chassis.ids import PLATFORM, uuid7
from secret_service import sealing
from vault import HOUR, PATH, VALUE, Vault, coded, plain, play

DAY = 24 * HOUR


def test_a_secret_is_sealed_and_given_to_its_readers_alone(tmp_path: Path) -> None:
    async def scene(vault: Vault) -> None:
        made = await vault.done("CreateSecret", vault.wish())
        assert made["status"] == "pending"
        assert not {"ciphertext", "wrappedKey", "value"} & made.keys()
        assert await vault.refused("GetSecret", {"path": PATH}, "payment-service") == "not-found"
        await vault.done("ActivateSecret", {"secretId": made["id"]})
        found = await vault.get()
        assert (found["versionNumber"], found["secretId"]) == (1, made["id"])
        assert await vault.value() == VALUE
        assert await vault.refused("GetSecret", {"path": PATH}, "chat-service") == (
            "reader-not-allowed"
        )
        nowhere = {"path": "payment-service/nothing"}
        assert await vault.refused("GetSecret", nowhere, "payment-service") == "not-found"
        assert await vault.refused("GetSecret", {"path": PATH}) == "forbidden", "it is a person"
        [told] = await vault.said("secret-activated")
        assert told["readerServices"] == ["payment-service"]

    play(tmp_path, scene)


def test_values_are_in_no_file_in_clear(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    async def scene(vault: Vault) -> None:
        await vault.secret(kind="signingKey")
        await vault.value()
        lease = {"path": PATH, "holderPod": "payment-service-1", "ttlSeconds": 300}
        await vault.done("LeaseCredential", lease, "payment-service", idempotency_key=str(uuid7()))
        await vault.later(2 * HOUR)
        await vault.service.tick("write-snapshots")
        await vault.service.published()

    play(tmp_path, scene)
    logged = caplog.text + "".join(capsys.readouterr())
    assert "get-secret" in logged
    for spelled in (VALUE, coded(VALUE).encode()):
        assert spelled.decode() not in logged
        for path in tmp_path.rglob("*"):
            assert not path.is_file() or spelled not in path.read_bytes(), path


def test_weak_and_known_values_and_taken_paths_are_refused(tmp_path: Path) -> None:
    async def scene(vault: Vault) -> None:
        async def refused(**more: Any) -> str:
            return await vault.refused("CreateSecret", vault.wish(**more))

        assert await refused(initialValue=coded(b"hunter2")) == "weak-secret"
        assert await refused(initialValue=coded(b"a" * 500)) == "weak-secret"
        twelve = coded(b"k3J9x0Qz7LpM")
        assert await refused(kind="signingKey", initialValue=twelve) == "weak-secret"
        assert await refused(kind="tlsCertificate", initialValue=None) == "rule-broken"
        assert await refused(kind="encryptionKey", readerServices=["chat-service"]) == (
            "invariant-broken"
        )
        assert await refused(rotationIntervalHours=1, overlapMinutes=60) == "invariant-broken"
        await vault.done("CreateSecret", vault.wish())
        assert await refused(initialValue=None) == "path-taken"
        assert await refused(path="payment-service/other") == "weak-secret", "seen before"

    play(tmp_path, scene)


def test_values_are_drawn_where_none_is_brought(tmp_path: Path) -> None:
    async def scene(vault: Vault) -> None:
        for kind, size in (("signingKey", 43), ("encryptionKey", 32)):
            path = f"payment-service/{kind.lower()}"
            await vault.secret(kind=kind, path=path, initialValue=None)
            assert len(await vault.value(path=path)) == size

    play(tmp_path, scene)


def test_a_webhook_key_lies_with_its_tenant_and_is_open_at_once(tmp_path: Path) -> None:
    async def scene(vault: Vault) -> None:
        tenant = uuid7()
        hooks = vault.workload("webhook-service", tenant)
        wish = vault.wish(
            path="webhooks/one",
            kind="webhookKey",
            ownerService="webhook-service",
            readerServices=["webhook-service"],
        )
        made = await vault.done("CreateSecret", wish, hooks)
        assert (made["organizationId"], made["status"]) == (str(tenant), "active")
        assert "nextRotationAt" not in made
        assert await vault.value(hooks, "webhooks/one") == VALUE
        stranger = vault.workload("webhook-service", uuid7())
        assert await vault.refused("GetSecret", {"path": "webhooks/one"}, stranger) == "not-found"
        other = vault.wish(path="webhooks/two", initialValue=None)
        assert await vault.refused("CreateSecret", other, hooks) == "forbidden"
        await vault.secret(initialValue=None)
        theirs = {**wish, "path": PATH, "initialValue": coded(b"9" + VALUE)}
        assert await vault.refused("CreateSecret", theirs, hooks) == "path-taken"

    play(tmp_path, scene)


def test_who_walks_through_paths_loses_its_loans(tmp_path: Path) -> None:
    async def scene(vault: Vault) -> None:
        await vault.secret()
        own = {"ownerService": "chat-service", "readerServices": ["chat-service"]}
        await vault.secret(path="chat-service/key", initialValue=None, **own)
        body = {"path": "chat-service/key", "holderPod": "chat-service-1", "ttlSeconds": 3600}
        await vault.done("LeaseCredential", body, "chat-service")
        for number in range(5):
            assert await vault.said("lease-revoked") == [], number
            assert await vault.refused("GetSecret", {"path": PATH}, "chat-service") == (
                "reader-not-allowed"
            )
        [told] = await vault.said("lease-revoked")
        assert told["holderSpiffeId"].endswith("/sa/chat-service")
        assert "chat-service" in (tmp_path / "secret-service" / "quarantine.txt").read_text()

    play(tmp_path, scene)


def test_slow_mistakes_are_no_walk(tmp_path: Path) -> None:
    async def scene(vault: Vault) -> None:
        await vault.secret()
        for _ in range(7):
            await vault.refused("GetSecret", {"path": PATH}, "chat-service")
            vault.service.later(timedelta(seconds=16))
        assert not (tmp_path / "secret-service" / "quarantine.txt").exists()

    play(tmp_path, scene)


def test_two_people_revoke_and_wipe(tmp_path: Path) -> None:
    async def scene(vault: Vault) -> None:
        secret = await vault.secret(kind="signingKey")
        key = {"secretId": secret["id"]}
        one, two = vault.people
        body = {"path": PATH, "holderPod": "payment-service-1", "ttlSeconds": 3600}
        lease = await vault.done("LeaseCredential", body, "payment-service")
        await vault.done("RotateSecret", {**key, "strategy": "dualKey"})
        assert await vault.refused("RevokeSecret", key) == "approval-missing"
        incident = {**key, "incidentNumber": "INC-2026-0007"}
        await vault.done("ProposeSecretRemoval", incident, one)
        assert await vault.refused("RevokeSecret", key, one) == "self-approval"
        gone = await vault.done("RevokeSecret", key, two)
        assert (gone["status"], gone["approverId"]) == ("revoked", str(two.subject))
        [told] = await vault.said("lease-revoked")
        assert told["credentialLeaseId"] == lease["credentialLeaseId"]
        assert (await vault.said("secret-revoked"))[0]["incidentNumber"] == "INC-2026-0007"
        for ask, more in (("GetSecret", {}), ("LeaseCredential", body)):
            told_path = {"path": PATH, **more}
            assert await vault.refused(ask, told_path, "payment-service") == "secret-revoked"
        assert await vault.refused("DestroySecret", key, two) == "cooling-off"
        vault.service.later(7 * DAY)
        one, two = (
            vault.service.caller("security-engineer", organization=PLATFORM, subject=each.subject)
            for each in (one, two)
        )
        assert await vault.refused("DestroySecret", key, two) == "approval-missing"
        await vault.done("ProposeSecretRemoval", incident, one)
        assert (await vault.done("DestroySecret", key, two))["status"] == "destroyed"
        handlers: Any = vault.service.runtime.aggregates["secret-version"]
        assert await stored(vault, handlers) == [("dead", None), ("dead", None)]
        vault.people = [one, two]
        assert await vault.refused("CreateSecret", vault.wish(initialValue=None)) == "path-taken"

    play(tmp_path, scene)


async def stored(vault: Vault, aggregate: Any) -> list[tuple[str, str | None]]:
    """State and value of all versions of the platform's secrets."""
    from cloudsync_chassis.executor import Incoming
    from cloudsync_chassis.operation import Operation
    from cloudsync_chassis.propagation import Trace
    from cloudsync_chassis.security.principal import workload

    incoming = Incoming(principal=workload("secret-service", PLATFORM), trace=Trace.new())

    async def read(ctx: Any) -> list[tuple[str, str | None]]:
        return [(each.state.value, each.sealed_value) async for each in aggregate.each(ctx)]

    look = Operation(id="look", access="workload")
    return await vault.service.runtime.executor.run(look, incoming, read)


async def webhook(vault: Vault, tenant: UUID, endpoint: UUID) -> dict[str, str]:
    hooks = vault.workload("webhook-service", tenant)
    wish = vault.wish(
        path=f"webhooks/{endpoint}",
        kind="webhookKey",
        ownerService="webhook-service",
        readerServices=["webhook-service"],
        initialValue=None,
    )
    await vault.done("CreateSecret", wish, hooks)
    return hooks


def test_keys_of_disabled_endpoints_expire_and_are_wiped(tmp_path: Path) -> None:
    async def scene(vault: Vault) -> None:
        tenant, gone, repaired = uuid7(), uuid7(), uuid7()
        for each in (gone, repaired):
            await webhook(vault, tenant, each)
            told = {"endpointId": str(each), "label": "orders", "disabledReason": "failing24h"}
            for _ in range(2):
                kind = "cloudsync.notification.webhook-disabled.v1"
                await vault.service.tell(kind, told, tenant)
        vault.service.later(6 * DAY)
        await vault.service.tick("expire-endpoint-keys")
        assert await vault.said("secret-revoked") == []
        hooks = vault.workload("webhook-service", tenant)
        await vault.value(hooks, f"webhooks/{repaired}")
        await vault.service.settle()
        vault.service.later(DAY)
        await vault.service.tick("expire-endpoint-keys")
        [told] = await vault.said("secret-revoked")
        assert told["path"] == f"webhooks/{gone}"
        path = {"path": f"webhooks/{gone}"}
        assert await vault.refused("GetSecret", path, hooks) == "secret-revoked"
        await vault.value(hooks, f"webhooks/{repaired}")
        await vault.service.tick("wipe-endpoint-keys")
        assert await vault.said("secret-destroyed") == []
        vault.service.later(7 * DAY)
        await vault.service.tick("wipe-endpoint-keys")
        assert len(await vault.said("secret-destroyed")) == 1

    play(tmp_path, scene)


def test_keys_go_with_their_tenant(tmp_path: Path) -> None:
    async def scene(vault: Vault) -> None:
        tenant, endpoint = uuid7(), uuid7()
        hooks = await webhook(vault, tenant, endpoint)
        body = {"tenantId": str(tenant), "purpose": "pii"}
        values = [coded(b"Ada Lovelace")]
        [sealed] = await vault.done("EncryptFields", {**body, "values": values}, "user-service")
        told = {"organizationId": str(tenant), "dataResidency": "euWest1"}
        for _ in range(2):
            await vault.service.tell("cloudsync.user.organization-purged.v1", told, tenant)
        opening = {**body, "items": [sealed]}
        assert await vault.refused("DecryptFields", opening, "user-service") == "key-retired"
        more = {**body, "values": values}
        assert await vault.refused("EncryptFields", more, "user-service") == "key-retired"
        path = {"path": f"webhooks/{endpoint}"}
        assert await vault.refused("GetSecret", path, hooks) == "secret-revoked"
        assert len(await vault.said("secret-revoked")) == 1

    play(tmp_path, scene)


def test_fields_open_for_their_tenant_and_purpose_alone(tmp_path: Path) -> None:
    async def scene(vault: Vault) -> None:
        body = {"tenantId": str(uuid7()), "purpose": "pii"}
        values = [coded(b"Ada"), coded(b""), coded(b"Ada")]
        sealed = await vault.done("EncryptFields", {**body, "values": values}, "user-service")
        assert sealed[0]["keyVersion"] == 1
        assert sealed[0]["sealed"] != sealed[2]["sealed"]
        opening = {**body, "items": sealed}
        assert await vault.done("DecryptFields", opening, "user-service") == values
        other = {"tenantId": str(uuid7())}
        for each in ({"purpose": "payment"}, other):
            await vault.done(
                "EncryptFields", {**body, **each, "values": values[:1]}, "user-service"
            )
            wrong = {**opening, **each}
            assert await vault.refused("DecryptFields", wrong, "user-service") == (
                "purpose-mismatch"
            )
        broken = {**opening, "items": [{"keyVersion": 1, "sealed": coded(b"short")}]}
        assert await vault.refused("DecryptFields", broken, "user-service") == "purpose-mismatch"
        long = {**body, "values": [coded(b"x" * 4097)]}
        assert await vault.refused("EncryptFields", long, "user-service") == "rule-broken"

    play(tmp_path, scene)


def test_fields_are_sealed_for_the_tenant_that_the_caller_works_for(tmp_path: Path) -> None:
    async def scene(vault: Vault) -> None:
        tenant = uuid7()
        body = {"tenantId": str(tenant), "purpose": "pii"}
        own, other = (vault.workload("user-service", each) for each in (tenant, uuid7()))
        values = {"values": [coded(b"Ada")]}
        [sealed] = await vault.done("EncryptFields", {**body, **values}, own)
        assert (
            await vault.done("DecryptFields", {**body, "items": [sealed]}, own) == values["values"]
        )
        assert await vault.refused("EncryptFields", {**body, **values}, other) == "forbidden"
        opening = {**body, "items": [sealed]}
        assert await vault.refused("DecryptFields", opening, other) == "forbidden"

    play(tmp_path, scene)


def test_a_caller_has_so_many_values_a_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_SERVICE_VALUES_PER_SECOND", "3")

    async def scene(vault: Vault) -> None:
        body = {"tenantId": str(uuid7()), "purpose": "pii", "values": [coded(b"a")] * 4}
        assert await vault.refused("EncryptFields", body, "user-service") == "value-rate"
        await vault.done("EncryptFields", {**body, "values": [coded(b"a")] * 3}, "chat-service")

    play(tmp_path, scene)


def test_a_snapshot_is_sealed_and_opens_again(tmp_path: Path) -> None:
    async def scene(vault: Vault) -> None:
        await vault.secret()
        await vault.service.tick("write-snapshots")
        folder = tmp_path / "buckets" / "secret-backups" / str(PLATFORM)
        [path] = folder.glob("*.sealed")
        text = path.read_text()
        assert PATH not in text
        file = json.loads(text)
        master = sealing.LocalMaster(tmp_path / "keys" / "secret-master.key")

        key = await master.unwrap(plain(file["wrappedKey"]))
        told = json.loads(sealing.unseal(key, plain(file["sealed"]), f"snapshot/{PLATFORM}"))
        assert [each["path"] for each in told["secrets"]] == [PATH]
        assert len(told["versions"]) == 1

    play(tmp_path, scene)


def test_a_seal_is_bound_to_its_place() -> None:
    key = sealing.new_key()
    sealed = sealing.seal(key, VALUE, "a/1")
    assert sealing.unseal(key, sealed, "a/1") == VALUE
    for other, context in ((key, "a/2"), (sealing.new_key(), "a/1")):
        with pytest.raises(sealing.BrokenSealError):
            sealing.unseal(other, sealed, context)
    with pytest.raises(sealing.BrokenSealError):
        sealing.unseal(key, sealed[:-1] + bytes([sealed[-1] ^ 1]), "a/1")
