"""What colleagues see, and the fields that organisations add."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from cloudsync_chassis.testing import Caller
from profile_house import House, house, slug

pytestmark = pytest.mark.anyio


async def _cards(made: House, by: Caller, *people: Caller) -> Any:
    body = {"userIds": [str(each.subject) for each in people]}
    return await made.ask("POST", "/profile-cards/query", by, body)


async def test_cards_come_in_order_and_as_the_caller_may_see_them(tmp_path: Path) -> None:
    async with house(tmp_path) as made:
        ann = await made.shown(headline="Cook")
        shy = await made.shown(givenName="Shy", headline="secret", audience="onlyMe")
        draft = await made.person(givenName="Dee", familyName="Raft")
        hidden = await made.shown(givenName="Hid", headline="secret")
        await made.ask("POST", f"/profiles/{hidden.subject}/hide", hidden)
        nobody = made.caller()
        found = (await _cards(made, ann, hidden, draft, nobody, ann, shy)).json()
        assert [each["givenName"] for each in found["cards"]] == ["Hid", "Ann", "Shy"]
        assert [each.get("headline") for each in found["cards"]] == [None, "Cook", None]
        assert found["unknownUserIds"] == [str(draft.subject), str(nobody.subject)]
        own = (await _cards(made, draft, draft)).json()["cards"]
        assert own[0]["givenName"] == "Dee"
        guest = made.caller("guest")
        assert "headline" not in (await _cards(made, guest, ann)).json()["cards"][0]
        stranger = made.service.caller("member")
        assert (await _cards(made, stranger, ann)).json()["cards"] == []


async def test_a_directory_is_not_read_out(tmp_path: Path) -> None:
    async with house(tmp_path) as made:
        ann = await made.shown()
        for _ in range(60):
            assert (await _cards(made, ann, ann)).status_code == 200
        assert slug(await _cards(made, ann, ann)) == "429 rate-limited"
        assert (await _cards(made, made.caller(), ann)).status_code == 200
        made.service.later(timedelta(seconds=61))
        assert (await _cards(made, ann, ann)).status_code == 200


async def test_profiles_are_trimmed_to_their_audience(tmp_path: Path) -> None:
    async with house(tmp_path) as made:
        await made.field("desk", audience="onlyMe")
        await made.field("badge")
        values = {"desk": "7", "badge": "8"}
        ann = await made.shown(birthday="02-28", customValues=values)
        colleague = made.caller()
        seen = await made.profile(ann, colleague)
        assert (seen["birthday"], seen["customValues"]) == ("02-28", {"badge": "8"})
        assert (await made.profile(ann))["customValues"] == values
        await made.update(ann, audience="teams")
        assert "birthday" not in await made.profile(ann, colleague)
        teams = tmp_path / "profile-service" / "teams"
        teams.mkdir(parents=True)
        (teams / str(made.id)).write_text(f"{ann.subject} {colleague.subject}\n")
        assert (await made.profile(ann, colleague))["birthday"] == "02-28"
        draft = await made.person(givenName="Dee")
        hidden = await made.ask("GET", f"/profiles/{draft.subject}", colleague)
        assert hidden.status_code == 404


async def test_fields_change_as_far_as_values_allow(tmp_path: Path) -> None:
    async with house(tmp_path) as made:
        ann = await made.person()
        first = await made.field("size", dataType="choice", choices=["s", "m"])
        assert first.status_code == 200
        again = await made.field("size", dataType="choice", choices=["s", "m"])
        assert again.json()["version"] == first.json()["version"]
        await made.update(ann, customValues={"size": "m"})
        assert slug(await made.field("size")) == "409 field-in-use"
        fewer = await made.field("size", dataType="choice", choices=["s"])
        assert slug(fewer) == "409 field-in-use"
        other = await made.field("size", dataType="choice", choices=["m", "l"], label={"de": "G"})
        assert (other.json()["choices"], other.json()["label"]) == (["m", "l"], {"de": "G"})
        await made.update(ann, customValues={"size": "l"})
        assert slug(await made.field("odd", choices=["x"])) == "422 invariant-broken"
        for each in range(39):
            assert (await made.field(f"field{each}")).status_code == 200
        assert slug(await made.field("another")) == "409 field-limit-reached"
        purged = {"organizationId": made.id, "dataResidency": "usEast1"}
        for _ in range(2):
            await made.tell("organization-purged", **purged)
        left = await made.ask("GET", "/profile-fields", ann)
        assert left.json()["items"] == []


async def test_praise_has_its_bounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with house(tmp_path) as made:
        ann = await made.shown(skills=["soup", "stew"])
        path, bob = f"/profiles/{ann.subject}/endorsements", made.caller()
        praised = await made.ask("POST", path, bob, {"skill": "soup"})
        assert praised.status_code == 201
        again = await made.ask("POST", path, bob, {"skill": "soup"})
        assert again.json()["id"] == praised.json()["id"]
        told = (await made.events("skill-endorsed"))[0]
        assert told["userId"] == str(ann.subject)
        settings = made.service.runtime.settings
        monkeypatch.setitem(settings.__dict__, "endorsements_per_profile", 1)
        full = await made.ask("POST", path, made.caller(), {"skill": "stew"})
        assert slug(full) == "409 condition-not-met"


async def test_preferences_name_the_topics_that_changed(tmp_path: Path) -> None:
    async with house(tmp_path) as made:
        ann = await made.person()
        path = f"/profiles/{ann.subject}/preferences"
        first = await made.ask("POST", path, ann, {"theme": "dark"})
        assert first.status_code == 201, first.text
        channels = {"security": ["sms"], "shared": ["sms", "email"], "tasks": ["push"]}
        match = {"If-Match": '"1"'}
        changed = await made.ask("PATCH", path, ann, {"channels": channels}, **match)
        assert changed.json()["channels"] == channels
        told = (await made.events("preferences-changed"))[0]
        assert told == {
            "userId": str(ann.subject),
            "changedTopics": ["security", "shared", "tasks"],
        }
        digest = "ab" * 32
        numbers = tmp_path / "profile-service" / "numbers"
        numbers.mkdir(parents=True)
        (numbers / digest).write_text(f"{ann.subject}\n{uuid4()}\n")
        for _ in range(2):
            await made.tell("recipient-opted-out", "notification", phoneHash=digest, keyword="stop")
        found = (await made.ask("GET", path, ann)).json()["channels"]
        assert found == {"security": ["email"], "shared": ["email"], "tasks": ["push"]}
        told = await made.events("preferences-changed")
        assert [each["changedTopics"] for each in told[1:]] == [["security", "shared"]]
