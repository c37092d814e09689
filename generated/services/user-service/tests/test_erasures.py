"""Erasures, and what happens to whole organisations."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from cloudsync_chassis import clock
from user_service.generated import models
from user_town import Town, slug, town

pytestmark = pytest.mark.anyio

STORES = {
    "auth": "auth",
    "membership": "organizations",
    "profile": "profiles",
    "document": "documents",
    "file": "files",
    "version": "versions",
    "search": "search",
    "chat": "messages",
    "video": "meetings",
    "calendar": "calendars",
    "task": "tasks",
    "email": "email",
    "sms": "sms",
    "push": "push",
    "webhook": "webhooks",
    "events": "events",
    "reporting": "reports",
    "ml": "models",
    "usage": "seats",
}


async def _answer_all(made: Town, user_id: object, request_id: object) -> None:
    """Let every other store answer, each on its own topic."""
    for name, store in STORES.items():
        kind = next(
            each.type
            for each in made.service.runtime.subscriptions
            if each.type.endswith(f".{name}-erasure-completed.v1")
        )
        data = {
            "userId": str(user_id),
            "erasureRequestId": str(request_id),
            "store": store,
            "erasedItems": 2,
        }
        await made.service.tell(kind, data, made.id)


async def test_a_deletion_ends_in_a_tombstone_and_in_evidence(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        ann = await made.worker("ann")
        path = f"/users/{ann.subject}"
        claim = await made.ask(
            "POST", f"{path}/erasure-requests", {"legalBasis": "gdprArt17"}, by=ann
        )
        assert claim.status_code == 201, claim.text
        assert len(claim.json()["stores"]) == 20
        pending = await made.ask("POST", f"{path}/deletion", by=ann)
        assert pending.json()["status"] == "deletionPending"
        again = await made.ask("POST", f"{path}/deletion", by=ann)
        assert again.json()["version"] == pending.json()["version"]
        await made.service.tick()
        assert (await made.user(ann))["status"] == "deletionPending"
        made.service.later(timedelta(days=15))
        for _ in range(2):
            await made.service.tick("erase-user")
        tombstone = await made.user(ann)
        assert tombstone["status"] == "deleted"
        assert "ann" not in f"{tombstone['displayName']} {tombstone['username']}"
        assert "example.org" not in tombstone["primaryEmail"]
        told = await made.told("user-deleted")
        assert told == [{"userId": str(ann.subject), "erasureRequestId": claim.json()["id"]}]
        for _ in range(2):
            await _answer_all(made, ann.subject, claim.json()["id"])
        done = await made.ask("GET", f"{path}/erasure-requests/{claim.json()['id']}")
        assert {each["state"] for each in done.json()["stores"]} == {"done"}
        assert done.json()["evidenceUrl"].startswith("https://")
        file = tmp_path / "user-service" / "evidence" / f"{claim.json()['id']}.json"
        signed = json.loads(file.read_text())
        assert len(signed["signature"]) == 64
        assert signed["report"]["userId"] == str(ann.subject)
        assert (await made.create("ann")).status_code == 201


async def test_holds_and_last_owners_stay(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        ann = await made.worker("ann")
        path, basis = f"/users/{ann.subject}", {"legalBasis": "userChoice"}
        made.owns(ann)
        assert slug(await made.ask("POST", f"{path}/deletion")) == "409 last-owner"
        assert slug(await made.ask("POST", f"{path}/erasure-requests", basis)) == "409 last-owner"
        made.roles.clear()
        officer = made.caller("compliance-officer")
        until = (clock.now() + timedelta(days=30)).isoformat()
        hold = {"legalHoldUntil": until}
        held = await made.ask("PUT", f"{path}/legal-hold", hold, by=officer)
        assert held.status_code == 200, held.text
        assert slug(await made.ask("POST", f"{path}/deletion")) == "409 legal-hold"
        assert slug(await made.ask("POST", f"{path}/erasure-requests", basis)) == "409 legal-hold"
        stranger = made.caller()
        assert slug(await made.ask("POST", f"{path}/deletion", by=stranger)) == "403 forbidden"
        bob = await made.worker("bob")
        await made.ask("POST", f"/users/{bob.subject}/deletion", by=bob)
        await made.ask("PUT", f"/users/{bob.subject}/legal-hold", hold, by=officer)
        made.service.later(timedelta(days=20))
        await made.service.tick()
        assert (await made.user(bob))["status"] == "deletionPending"
        made.service.later(timedelta(days=20))
        await made.service.tick()
        assert (await made.user(bob))["status"] == "deleted"


async def test_an_organisation_is_barred_and_comes_back(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        ann, bad = await made.worker("ann"), await made.worker("bad")
        await made.ask("POST", f"/users/{bad.subject}/suspend", {"reason": "adminAction"})
        ending = {"organizationId": made.id, "deletionRequestedBy": uuid4()}
        later = clock.now() + timedelta(days=30)
        for _ in range(2):
            await made.tell("organization-deleted", **ending, purgeAfter=later)
        assert (await made.user(ann))["suspensionReason"] == "organizationDeleted"
        assert (await made.user(bad))["suspensionReason"] == "adminAction"
        for _ in range(2):
            await made.tell("organization-restored", organizationId=made.id)
        assert (await made.user(ann))["status"] == "active"
        assert (await made.user(bad))["status"] == "suspended"
        made.service.later(timedelta(hours=-1))
        await made.tell("organization-deleted", **ending, purgeAfter=later)
        assert (await made.user(ann))["status"] == "active"
        reasons = [each["reason"] for each in await made.told("user-suspended")]
        assert reasons == ["adminAction", models.SuspensionReason.organization_deleted]
        assert len(await made.told("user-reinstated")) == 1


async def test_a_purge_ends_when_every_store_has_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with town(tmp_path) as made:
        monkeypatch.setitem(made.service.runtime.settings.__dict__, "erasure_batch", 1)
        ann, bob = await made.worker("ann"), await made.worker("bob")
        for _ in range(2):
            await made.tell("organization-purged", organizationId=made.id, dataResidency="euWest1")
        assert await made.told("organization-users-erased") == []
        for who in (ann, bob):
            claims = (await made.ask("GET", f"/users/{who.subject}/erasure-requests")).json()
            (claim,) = claims["items"]
            assert claim["legalBasis"] == "contractEnd"
            await _answer_all(made, who.subject, claim["id"])
        listed = (await made.ask("GET", "/users")).json()["items"]
        assert {each["status"] for each in listed} == {"deleted"}
        told = await made.told("organization-users-erased")
        assert told == [{"organizationId": str(made.id), "erasedUsers": 2}]


async def test_a_purge_comes_back_to_whom_a_hold_kept(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        ann, bob = await made.worker("ann"), await made.worker("bob")
        until = (clock.now() + timedelta(days=30)).isoformat()
        officer, path = made.caller("compliance-officer"), f"/users/{ann.subject}/legal-hold"
        held = await made.ask("PUT", path, {"legalHoldUntil": until}, by=officer)
        assert held.status_code == 200, held.text
        await made.tell("organization-purged", organizationId=made.id, dataResidency="euWest1")
        await made.service.tick("go-on-with-purges")
        assert (await made.user(bob))["status"] == "deleted"
        assert (await made.user(ann))["status"] == "active"
        made.service.later(timedelta(days=31))
        await made.service.tick()
        assert (await made.user(ann))["status"] == "deleted"
        for who in (ann, bob):
            (claim,) = (await made.ask("GET", f"/users/{who.subject}/erasure-requests")).json()[
                "items"
            ]
            await _answer_all(made, who.subject, claim["id"])
        assert [each["erasedUsers"] for each in await made.told("organization-users-erased")] == [2]
