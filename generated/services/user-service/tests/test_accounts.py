"""Accounts from their opening to their end."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from cloudsync_chassis.client.call import Call
from cloudsync_chassis.client.errors import NoAnswerError
from user_town import credential, slug, town

pytestmark = pytest.mark.anyio


async def test_an_account_is_opened_with_a_credential(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        asked: list[Any] = []

        def prepare(call: Call) -> Any:
            asked.append(call.body)
            return credential(call)

        made.service.answers("auth-service", "createCredentials", prepare)
        answer = await made.create("ann", primaryEmail="Ann@Example.ORG")
        body = answer.json()
        assert (answer.status_code, body["status"]) == (201, "invited")
        assert (body["primaryEmail"], body["homeRegion"]) == ("Ann@example.org", "euWest1")
        assert body["timeZone"] == "Europe/Dublin"
        assert asked == [{"userId": body["id"], "type": "password"}]
        told = (await made.told("user-created"))[0]
        assert told["userId"] == body["id"]
        assert told["primaryEmailHash"] == hashlib.sha256(b"ann@example.org").hexdigest()
        aliases = (await made.ask("GET", f"/users/{body['id']}/email-aliases")).json()["items"]
        assert [each["purpose"] for each in aliases] == ["primary"]


async def test_an_opening_is_refused(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        await made.create("ann")
        assert slug(await made.create("bob", primaryEmail="ann@example.org")) == "409 email-taken"
        assert slug(await made.create("ann", primaryEmail="b@example.org")) == "409 username-taken"
        nobody = await made.create("bob", managerId=str(uuid4()))
        assert slug(nobody) == "422 reference-unknown"
        made.seats[:] = [100, 100]
        assert slug(await made.create("bob")) == "409 seat-limit-reached"
        assert (await made.create("guest", kind="guest")).status_code == 201
        made.seats[:] = [1, 100]
        made.service.answers(
            "auth-service", "createCredentials", lambda call: NoAnswerError(call, "late")
        )
        assert slug(await made.create("bob")) == "503 credentials-unavailable"
        listed = (await made.ask("GET", "/users")).json()["items"]
        assert {each["username"] for each in listed} == {"ann", "guest"}


async def test_an_account_opens_while_nobody_counts_seats(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        made.service.answers(
            "org-service", "getOrganization", lambda call: NoAnswerError(call, "late")
        )
        answer = await made.create("ann")
        assert answer.status_code == 201
        assert answer.json()["timeZone"] == "Etc/UTC"


async def test_accounts_are_changed_within_the_rules(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        ann, bob = await made.worker("ann"), await made.worker("bob")
        assert slug(await made.update(ann, username="bob")) == "409 username-taken"
        phone = {"recoveryPhone": "+353861234567"}
        assert slug(await made.update(ann, **phone)) == "403 not-ones-own-phone"
        own = await made.update(ann, by=ann, displayName="Zoe\u0308", **phone)
        assert own.json()["displayName"] == "Zo\u00eb"
        assert slug(await made.update(ann, by=bob, displayName="x")) == "403 forbidden"
        told = (await made.told("user-updated"))[0]
        assert set(told["changedFields"]) == {"displayName", "recoveryPhone"}
        assert "353861234567" not in str(told)


async def test_managers_form_no_ring_and_no_tower(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        people = [await made.worker(f"p{each:02}") for each in range(22)]
        for low, high in zip(people[1:21], people, strict=False):
            changed = await made.update(low, managerId=str(high.subject))
            assert changed.status_code == 200, changed.text
        ring = await made.update(people[0], managerId=str(people[3].subject))
        assert slug(ring) == "409 manager-cycle"
        tower = await made.update(people[21], managerId=str(people[20].subject))
        assert slug(tower) == "409 manager-cycle"
        gone = await made.ask("POST", f"/users/{people[0].subject}/deactivate")
        assert slug(gone) == "409 reports-left"


async def test_bars_are_set_and_lifted_by_those_who_may(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        ann = await made.worker("ann")
        path, body = f"/users/{ann.subject}", {"reason": "securityIncident"}
        made.owns(ann)
        assert slug(await made.ask("POST", f"{path}/suspend", body)) == "409 last-owner"
        made.owns(ann, last=False)
        owner = made.caller("org-owner")
        barred = await made.ask("POST", f"{path}/suspend", body, by=owner)
        assert barred.json()["suspensionReason"] == "securityIncident"
        told = (await made.told("user-suspended"))[0]
        assert (told["reason"], "effectiveAt" in told) == ("securityIncident", True)
        again = await made.ask("POST", f"{path}/suspend", body)
        assert again.json()["version"] == barred.json()["version"]
        assert slug(await made.ask("POST", f"{path}/reinstate", {})) == "409 condition-not-met"
        guard = made.caller("security-admin")
        lifted = await made.ask("POST", f"{path}/reinstate", {}, by=guard)
        assert lifted.json()["status"] == "active"


async def test_nobody_is_barred_while_nobody_knows_the_owners(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        ann = await made.worker("ann")
        made.service.answers(
            "org-service", "getMembership", lambda call: NoAnswerError(call, "late")
        )
        path = f"/users/{ann.subject}"
        for verb, body in (("suspend", {"reason": "adminAction"}), ("deactivate", None)):
            refused = await made.ask("POST", f"{path}/{verb}", body)
            assert slug(refused) == "503 unavailable"
        assert (await made.user(ann))["status"] == "active"


async def test_leavers_come_back_to_a_free_seat(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        ann = await made.worker("ann")
        path = f"/users/{ann.subject}"
        made.owns(ann)
        assert slug(await made.ask("POST", f"{path}/deactivate")) == "409 last-owner"
        made.roles.clear()
        left = await made.ask("POST", f"{path}/deactivate")
        assert left.json()["status"] == "deactivated"
        assert (await made.told("user-deactivated"))[0]["fromStatus"] == "active"
        made.seats[:] = [100, 100]
        assert slug(await made.ask("POST", f"{path}/reactivate")) == "409 seat-limit-reached"
        made.seats[:] = [99, 100]
        assert (await made.ask("POST", f"{path}/reactivate")).json()["status"] == "active"
        assert len(await made.told("user-reactivated")) == 1


async def test_merged_accounts_leave_a_pointer(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        ann, old = await made.worker("ann"), await made.worker("old")
        low = await made.worker("low", managerId=str(old.subject))
        path, body = f"/users/{ann.subject}/merge", {"duplicateUserId": str(old.subject)}
        itself = {"duplicateUserId": str(ann.subject)}
        assert slug(await made.ask("POST", path, itself)) == "409 cannot-merge-with-itself"
        stranger = made.service.caller("org-admin")
        answer = await made.service.http.post(
            "/v1/users/service-accounts",
            json={"primaryEmail": "r@x.org", "displayName": "r", "username": "robot"},
            headers=stranger.headers,
        )
        elsewhere = {"duplicateUserId": answer.json()["id"]}
        assert slug(await made.ask("POST", path, elsewhere)) == "409 different-organization"
        made.owns(old)
        assert slug(await made.ask("POST", path, body)) == "403 role-above-own"
        kept = await made.ask("POST", path, body, by=made.caller("org-owner"))
        assert kept.json()["id"] == str(ann.subject)
        pointer = await made.user(old)
        assert (pointer["status"], pointer["mergedIntoUserId"]) == ("deactivated", str(ann.subject))
        assert (await made.user(low))["managerId"] == str(ann.subject)
        told = (await made.told("user-merged"))[0]
        assert told == {
            "userId": str(ann.subject),
            "survivorId": str(ann.subject),
            "absorbedId": str(old.subject),
        }
        aliases = (await made.ask("GET", f"/users/{ann.subject}/email-aliases")).json()["items"]
        assert {each["address"] for each in aliases} == {"ann@example.org", "old@example.org"}
        back = await made.ask("POST", f"/users/{old.subject}/reactivate")
        assert slug(back) == "409 condition-not-met"


async def test_signs_of_life_move_once_an_hour(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        ann = await made.worker("ann")
        login = {
            "sessionId": uuid4(),
            "userId": ann.subject,
            "channel": "browser",
            "authMethods": ["password"],
            "assuranceLevel": "aal1",
            "countryCode": "IE",
            "riskScore": 0,
        }
        await made.tell("login-succeeded", **login)
        first = (await made.user(ann))["lastActiveAt"]
        await made.tell("login-succeeded", **login)
        assert (await made.user(ann))["lastActiveAt"] == first
        made.service.later(timedelta(hours=1))
        await made.tell("login-succeeded", **login)
        assert (await made.user(ann))["lastActiveAt"] > first
