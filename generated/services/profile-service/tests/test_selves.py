"""What people do with their own profiles."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from cloudsync_chassis import clock
from profile_house import house, slug
from profile_service.world import ArchiveFolder

pytestmark = pytest.mark.anyio


async def test_profiles_are_rewritten_by_their_owners_alone(tmp_path: Path) -> None:
    async with house(tmp_path) as made:
        ann = await made.person()
        changed = await made.update(
            ann, givenName="Zoe\u0308", familyName="Lee", headline="Cook", skills=["soup"]
        )
        body = changed.json()
        assert (body["givenName"], body["completeness"]) == ("Zo\u00eb", 70)
        told = (await made.events("profile-updated"))[0]
        assert told["userId"] == str(ann.subject)
        assert {"headline", "skills", "completeness"} <= set(told["changedFields"])
        match = {"If-Match": f'"{body["version"]}"'}
        other = await made.ask(
            "PATCH", f"/profiles/{ann.subject}", made.caller(), {"headline": "x"}, **match
        )
        assert slug(other) == "403 forbidden"
        stale = await made.ask(
            "PATCH", f"/profiles/{ann.subject}", ann, {"headline": "x"}, **{"If-Match": '"1"'}
        )
        assert slug(stale) == "412 version-conflict"
        twice = await made.update(ann, skills=["soup", "soup"])
        assert twice.status_code == 400


async def test_custom_values_fit_their_fields(tmp_path: Path) -> None:
    async with house(tmp_path) as made:
        ann = await made.person()
        await made.field("size", dataType="choice", choices=["s", "m"])
        await made.field("desk", dataType="number")
        await made.field("since", dataType="date")
        await made.field("boss", dataType="person")
        good = {"size": "m", "desk": "-4.5", "since": "2026-02-28", "boss": str(uuid4())}
        assert (await made.update(ann, customValues=good)).json()["customValues"] == good
        bad = {"size": "xl", "desk": "four", "since": "2026-02-30", "boss": "Bob", "none": "x"}
        refused = await made.update(ann, customValues=bad)
        assert slug(refused) == "422 custom-field-unknown"
        pointers = {each["pointer"] for each in refused.json()["errors"]}
        assert pointers == {f"/customValues/{each}" for each in bad}
        kept = (await made.update(ann, customValues={"desk": "7"})).json()["customValues"]
        assert kept == good | {"desk": "7"}
        gone = await made.ask("DELETE", "/profile-fields/size", made.caller("org-admin"))
        assert gone.status_code == 204
        assert "size" not in (await made.update(ann, headline="x")).json()["customValues"]


async def test_only_complete_profiles_are_published(tmp_path: Path) -> None:
    async with house(tmp_path) as made:
        ann = await made.person(givenName="Ann")
        await made.field("badge", required=True)
        path = f"/profiles/{ann.subject}/publish"
        refused = await made.ask("POST", path, ann)
        assert slug(refused) == "409 profile-incomplete"
        missing = {each["pointer"] for each in refused.json()["errors"]}
        assert missing == {"/familyName", "/customValues/badge"}
        await made.update(ann, familyName="Lee", customValues={"badge": "7"})
        published = await made.ask("POST", path, ann)
        assert published.json()["status"] == "published"
        assert published.json()["publishedAt"]
        again = await made.ask("POST", path, ann)
        assert again.json()["version"] == published.json()["version"]
        told = await made.events("profile-published")
        assert told == [
            {"userId": str(ann.subject), "audience": "organization", "completeness": 50}
        ]
        await made.tell("user-suspended", userId=ann.subject, reason="adminAction")
        assert slug(await made.ask("POST", path, ann)) == "409 illegal-transition"
        assert slug(await made.ask("POST", path, made.caller())) == "403 forbidden"


async def test_pictures_are_clean_images_of_ones_own(tmp_path: Path) -> None:
    async with house(tmp_path) as made:
        ann, bob = await made.person(), await made.person()
        for file_id in (
            made.upload(bob.subject),
            made.upload(ann.subject, b"%PDF-1.7"),
            made.upload(ann.subject, b"\xff\xd8\xff" + bytes(5_242_880)),
            str(uuid4()),
        ):
            assert slug(await made.picture(ann, file_id)) == "422 not-an-image"
        face = made.upload(ann.subject)
        changed = (await made.picture(ann, face)).json()
        assert (changed["avatarFileId"], changed["completeness"]) == (face, 40)
        removed = await made.ask("DELETE", f"/profiles/{ann.subject}/avatar", ann)
        assert removed.json()["completeness"] == 20
        await made.tell("user-suspended", userId=ann.subject, reason="adminAction")
        assert slug(await made.picture(ann, face)) == "409 profile-locked"
        assert slug(await made.update(ann, headline="x")) == "409 profile-locked"


async def test_the_face_and_name_of_a_colleague_are_a_signal(tmp_path: Path) -> None:
    async with house(tmp_path) as made:
        ann = await made.shown()
        await made.picture(ann, made.upload(ann.subject))
        signals = tmp_path / "profile-service" / "signals.txt"
        bob = await made.shown(givenName="Bob")
        await made.picture(bob, made.upload(bob.subject))
        assert not signals.exists()
        eve = await made.shown(givenName="ANN")
        await made.picture(eve, made.upload(eve.subject))
        assert signals.read_text().split()[2:] == [str(eve.subject), str(ann.subject)]


async def test_malware_takes_the_picture_away(tmp_path: Path) -> None:
    async with house(tmp_path) as made:
        ann = await made.person()
        face = made.upload(ann.subject)
        await made.picture(ann, face)
        for _ in range(2):
            await made.tell(
                "file-quarantined",
                "content",
                fileId=face,
                threatName="EICAR",
                scanVerdict="infected",
            )
        found = await made.profile(ann)
        assert "avatarFileId" not in found
        assert found["completeness"] == 20
        assert len(await made.events("profile-updated")) == 2
        assert slug(await made.picture(ann, face)) == "422 not-an-image"


async def test_messages_expire_by_their_time_only(tmp_path: Path) -> None:
    async with house(tmp_path) as made:
        ann = await made.shown()
        over = (clock.now() + timedelta(hours=1)).isoformat()
        body = {"statusMessage": {"emoji": "x", "text": "back soon", "clearAt": over}}
        await made.ask("PUT", f"/profiles/{ann.subject}/status-message", ann, body)
        colleague = made.caller()
        assert (await made.profile(ann, colleague))["statusMessage"]["text"] == "back soon"
        made.service.later(timedelta(hours=2))
        assert "statusMessage" not in await made.profile(ann, colleague)


async def test_archives_hold_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with house(tmp_path) as made:
        ann = await made.shown(skills=["soup"])
        bob = made.caller()
        await made.ask("POST", f"/profiles/{ann.subject}/endorsements", bob, {"skill": "soup"})
        path = f"/profiles/{ann.subject}/export"
        assert slug(await made.ask("POST", path, bob)) == "403 forbidden"
        receipt = await made.ask("POST", path, ann)
        assert receipt.status_code == 202
        archive = tmp_path / "profile-service" / "archives" / f"{receipt.json()['exportId']}.json"
        assert archive.stat().st_mode & 0o077 == 0
        content = json.loads(archive.read_text())
        assert content["profile"]["givenName"] == "Ann"
        assert content["endorsementsReceived"][0]["fromUserId"] == str(bob.subject)

        def slow(*_: object) -> None:
            """The archive takes its time."""

        monkeypatch.setattr(ArchiveFolder, "store", slow)
        assert (await made.ask("POST", path, ann)).status_code == 202
        assert slug(await made.ask("POST", path, ann)) == "409 export-pending"
        made.service.later(timedelta(hours=25))
        assert (await made.ask("POST", path, ann)).status_code == 202
