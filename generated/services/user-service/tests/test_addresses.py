"""Addresses, people pages and archives."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from cloudsync_chassis.client.call import Call
from cloudsync_chassis.client.errors import NoAnswerError
from user_town import STAMP, slug, town

pytestmark = pytest.mark.anyio


async def test_added_addresses_are_proved_by_digits(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        ann = await made.worker("ann")
        path = f"/users/{ann.subject}/email-aliases"
        added = await made.ask("POST", path, {"address": "a@x.org"}, by=ann)
        assert added.status_code == 201, added.text
        assert "verificationCodeHash" not in added.json()
        code = made.code("a@x.org")
        wrong = f"{(int(code) + 1) % 10**8:08}"
        verify = f"{path}/{added.json()['id']}/verify"
        assert slug(await made.ask("POST", verify, {"code": wrong}, by=ann)) == "409 code-wrong"
        assert slug(await made.ask("POST", verify, {"code": code})) == "403 forbidden"
        proved = await made.ask("POST", verify, {"code": code}, by=ann)
        assert proved.json()["verifiedAt"]
        assert (await made.ask("POST", verify, {"code": wrong}, by=ann)).status_code == 200
        late = await made.ask("POST", path, {"address": "b@x.org"}, by=ann)
        made.service.later(timedelta(minutes=31))
        body = {"code": made.code("b@x.org")}
        expired = await made.ask("POST", f"{path}/{late.json()['id']}/verify", body, by=ann)
        assert slug(expired) == "410 code-expired"


async def test_five_wrong_tries_end_a_code(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        ann = await made.worker("ann")
        path = f"/users/{ann.subject}/email-aliases"
        added = await made.ask("POST", path, {"address": "a@x.org"}, by=ann)
        code = made.code("a@x.org")
        wrong = {"code": f"{(int(code) + 1) % 10**8:08}"}
        verify = f"{path}/{added.json()['id']}/verify"
        for _ in range(5):
            assert slug(await made.ask("POST", verify, wrong, by=ann)) == "409 code-wrong"
        ended = await made.ask("POST", verify, {"code": code}, by=ann)
        assert slug(ended) == "410 code-expired"


async def test_the_primary_address_changes_by_digits(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        ann, bob = await made.worker("ann"), await made.worker("bob")
        path = f"/users/{ann.subject}/email-change"
        sent = await made.ask("POST", path, {"newAddress": "New@X.org"}, by=ann)
        taken = await made.ask("POST", path, {"newAddress": "bob@example.org"}, by=ann)
        assert sent.json().keys() == taken.json().keys()
        assert made.mails("bob@example.org") == []
        assert slug(await made.ask("POST", path, {"newAddress": "a@x.org"})) == "403 forbidden"
        old = {"newAddress": "new@x.org", "code": made.code("New@x.org")}
        assert slug(await made.ask("POST", path, old, by=ann)) == "410 code-expired"
        await made.ask("POST", path, {"newAddress": "ann@x.org"}, by=ann)
        code = made.code("ann@x.org")
        wrong = {"newAddress": "ann@x.org", "code": f"{(int(code) + 1) % 10**8:08}"}
        assert slug(await made.ask("POST", path, wrong, by=ann)) == "409 code-wrong"
        changed = await made.ask("POST", path, {"newAddress": "ann@x.org", "code": code}, by=ann)
        assert (changed.status_code, changed.json()["state"]) == (200, "changed")
        assert (await made.user(ann))["primaryEmail"] == "ann@x.org"
        assert "undoableUntil" in made.mails("ann@example.org")[0]
        announced = (await made.told("user-updated"))[-1]
        assert announced["primaryEmailHash"] == hashlib.sha256(b"ann@x.org").hexdigest()
        fields = announced["changedFields"]
        assert "primaryEmail" in fields
        aliases = (await made.ask("GET", f"/users/{ann.subject}/email-aliases")).json()["items"]
        purposes = {each["address"]: each["purpose"] for each in aliases}
        assert purposes == {"ann@example.org": "former", "ann@x.org": "primary"}
        other = f"/users/{bob.subject}/email-change"
        await made.ask("POST", other, {"newAddress": "ann@example.org"}, by=bob)
        assert len(made.mails("ann@example.org")) == 1
        made.service.later(timedelta(hours=73))
        await made.ask("POST", other, {"newAddress": "ann@example.org"}, by=bob)
        assert len(made.mails("ann@example.org")) == 2


async def test_a_former_address_goes_once_it_cannot_be_taken_back(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        ann = await made.worker("ann")
        path = f"/users/{ann.subject}/email-change"
        await made.ask("POST", path, {"newAddress": "ann@x.org"}, by=ann)
        body = {"newAddress": "ann@x.org", "code": made.code("ann@x.org")}
        assert (await made.ask("POST", path, body, by=ann)).status_code == 200
        for hours, purposes in ((71, ["former", "primary"]), (2, ["primary"])):
            made.service.later(timedelta(hours=hours))
            await made.service.tick()
            listed = (await made.ask("GET", f"/users/{ann.subject}/email-aliases")).json()["items"]
            assert sorted(each["purpose"] for each in listed) == purposes


async def test_codes_are_not_asked_for_without_end(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        ann = await made.worker("ann")
        path = f"/users/{ann.subject}/email-change"
        for each in range(5):
            body = {"newAddress": f"a{each}@x.org"}
            assert (await made.ask("POST", path, body, by=ann)).status_code == 200
        body = {"newAddress": "a9@x.org"}
        assert slug(await made.ask("POST", path, body, by=ann)) == "429 rate-limited"
        made.service.later(timedelta(hours=2))
        assert (await made.ask("POST", path, body, by=ann)).status_code == 200


async def test_archives_hold_the_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with town(tmp_path) as made:
        ann = await made.worker("ann")
        path = f"/users/{ann.subject}/export"
        receipt = await made.ask("POST", path, by=ann)
        assert receipt.status_code == 202
        file = tmp_path / "user-service" / "archives" / f"{receipt.json()['exportId']}.json"
        assert "ann@example.org" in file.read_text()

        def slow(*_: object) -> None:
            """The archive takes its time."""

        monkeypatch.setattr("user_service.world.ArchiveFolder.store", slow)
        await made.ask("POST", path, by=ann)
        assert slug(await made.ask("POST", path, by=ann)) == "409 export-under-way"


async def test_attendees_are_people_who_can_be_asked(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        ann, bob = await made.worker("ann"), await made.worker("bob")
        await made.ask("POST", f"/users/{bob.subject}/deactivate")
        nobody = str(uuid4())
        body = {
            "userIds": [str(ann.subject), nobody],
            "addresses": ["ANN@EXAMPLE.ORG", "bob@example.org", "who@x.org"],
        }
        found = (await made.ask("POST", "/users/resolve-attendees", body, by=ann)).json()
        assert [each["displayName"] for each in found["attendees"]] == ["Ann"]
        assert found["unknown"] == [nobody, "bob@example.org", "who@x.org"]
        many = {"userIds": [str(uuid4()) for _ in range(150)]}
        many["addresses"] = [f"p{each}@x.org" for each in range(51)]
        answer = await made.ask("POST", "/users/resolve-attendees", many)
        assert slug(answer) == "422 rule-broken"
        listed = await made.ask("GET", "/users?status=deactivated")
        assert [each["username"] for each in listed.json()["items"]] == ["bob"]


FACTORS: list[tuple[list[str], bool]] = [
    ([], False),
    (["password", "recoveryCodes"], False),
    (["password", "totp"], True),
    (["webauthn"], True),
]


@pytest.mark.parametrize(("enrolled", "second"), FACTORS)
async def test_overviews_say_how_somebody_signs_in(
    tmp_path: Path, enrolled: list[str], second: bool
) -> None:
    async with town(tmp_path) as made:
        ann = await made.worker("ann")

        def factors(call: Call) -> Any:
            assert str(call.query["userId"]) == str(ann.subject)
            common = {"organizationId": str(made.id), "createdAt": STAMP, "updatedAt": STAMP}
            common |= {"version": 1, "userId": str(ann.subject), "failedAttempts": 0}
            return {"items": [{"id": str(uuid4()), "type": each, **common} for each in enrolled]}

        for name, call in (("profile-service", "getProfile"), ("org-service", "getMembership")):
            made.service.answers(name, call, lambda each: NoAnswerError(each, "late"))
        made.service.answers("auth-service", "listCredentials", factors)
        shown = (await made.ask("GET", f"/users/{ann.subject}/overview")).json()
        assert shown["signIn"] == {"factors": len(enrolled), "secondFactor": second}
        assert shown["degraded"] == ["profile", "membership"]


async def test_overviews_name_what_is_missing(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        ann = await made.worker("ann")
        asked: list[Any] = []

        def profile(call: Call) -> Any:
            asked.append(call)
            return {
                "id": str(uuid4()),
                "organizationId": str(made.id),
                "createdAt": STAMP,
                "updatedAt": STAMP,
                "version": 1,
                "userId": str(ann.subject),
                "givenName": "Ann",
                "familyName": "Lee",
                "workingHours": [],
                "skills": [],
                "links": [],
                "audience": "organization",
                "customValues": {},
                "completeness": 50,
                "status": "published",
            }

        path = f"/users/{ann.subject}/overview"
        for name, call in (
            ("profile-service", "getProfile"),
            ("org-service", "getMembership"),
            ("auth-service", "listCredentials"),
        ):
            made.service.answers(name, call, lambda each: NoAnswerError(each, "late"))
        bare = (await made.ask("GET", path)).json()
        assert bare["degraded"] == ["profile", "membership", "signIn"]
        assert "signIn" not in bare
        made.service.answers("profile-service", "getProfile", profile)
        for _ in range(2):
            assert (await made.ask("GET", path)).json()["profile"]["givenName"] == "Ann"
        assert len(asked) == 1
        said = {"skills": [], "audience": "organization", "status": "published"}
        names = {"givenName": "Ann", "familyName": "Lee"}
        await made.tell("profile-updated", userId=ann.subject, **names, **said)
        await made.ask("GET", path)
        assert len(asked) == 2
