"""What happens to accounts, in any order and twice."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest
from profile_house import house

pytestmark = pytest.mark.anyio


async def test_a_draft_is_opened_once(tmp_path: Path) -> None:
    async with house(tmp_path) as made:
        ann = await made.person(givenName="Ann")
        await made.open(ann.subject)
        assert (await made.profile(ann))["givenName"] == "Ann"


async def test_suspensions_lock_and_unlock(tmp_path: Path) -> None:
    async with house(tmp_path) as made:
        ann, draft = await made.shown(), await made.person()
        for who in (ann, draft):
            for _ in range(2):
                await made.tell("user-suspended", userId=who.subject, reason="adminAction")
            assert (await made.profile(who))["status"] == "locked"
            for _ in range(2):
                await made.tell("user-reinstated", userId=who.subject)
        assert (await made.profile(ann))["status"] == "hidden"
        assert (await made.profile(draft))["status"] == "draft"
        assert {each["userId"] for each in await made.events("profile-hidden")} == {
            str(ann.subject),
            str(draft.subject),
        }


async def test_events_may_come_before_the_account(tmp_path: Path) -> None:
    async with house(tmp_path) as made:
        early, gone = made.caller(), made.caller()
        await made.tell("user-suspended", userId=early.subject, reason="adminAction")
        await made.open(early.subject)
        assert (await made.profile(early))["status"] == "locked"
        await made.tell("user-deleted", userId=gone.subject, erasureRequestId=uuid4())
        await made.open(gone.subject)
        missing = await made.ask("GET", f"/profiles/{gone.subject}", gone)
        assert missing.status_code == 404


async def test_an_erasure_leaves_tombstones_and_is_reported(tmp_path: Path) -> None:
    async with house(tmp_path) as made:
        await made.field("badge")
        ann = await made.shown(
            skills=["soup"], biography="Born in Cork", customValues={"badge": "7"}
        )
        bob = await made.shown(givenName="Bob", skills=["stew"])
        face = made.upload(ann.subject)
        await made.picture(ann, face)
        await made.ask("POST", f"/profiles/{ann.subject}/preferences", ann, {"theme": "dark"})
        receipt = await made.ask("POST", f"/profiles/{ann.subject}/export", ann)
        for praise, of, by in (("soup", ann, bob), ("stew", bob, ann)):
            body = {"skill": praise, "note": "by Ann"}
            answer = await made.ask("POST", f"/profiles/{of.subject}/endorsements", by, body)
            assert answer.status_code == 201
        request = uuid4()
        for _ in range(2):
            await made.tell("user-deleted", userId=ann.subject, erasureRequestId=request)
        tombstone = await made.profile(ann)
        assert tombstone["status"] == "erased"
        assert {"avatarFileId", "biography"}.isdisjoint(tombstone)
        assert (tombstone["givenName"], tombstone["customValues"]) == ("", {})
        preferences = await made.ask("GET", f"/profiles/{ann.subject}/preferences", ann)
        assert preferences.json()["theme"] == "system"
        left = (await made.ask("GET", f"/profiles/{bob.subject}/endorsements", bob)).json()["items"]
        assert [each["fromUserId"] for each in left] == [tombstone["id"]]
        assert "note" not in left[0]
        archives = tmp_path / "profile-service" / "archives"
        assert not (archives / f"{receipt.json()['exportId']}.json").exists()
        erased = await made.events("profile-erased")
        assert [each["avatarFileId"] for each in erased] == [face]
        done = await made.events("profile-erasure-completed")
        assert [each["erasedItems"] for each in done] == [4, 0]
        assert {each["erasureRequestId"] for each in done} == {str(request)}


async def test_absorbed_praise_is_the_survivors(tmp_path: Path) -> None:
    async with house(tmp_path) as made:
        old = await made.shown(skills=["soup", "knit"])
        ann = await made.shown(skills=["soup"])
        bob = await made.shown(givenName="Bob", skills=["stew"])
        for skill, of, by in (
            ("soup", old, bob),
            ("knit", old, bob),
            ("soup", old, ann),
            ("stew", bob, old),
            ("stew", bob, ann),
        ):
            body = {"skill": skill}
            answer = await made.ask("POST", f"/profiles/{of.subject}/endorsements", by, body)
            assert answer.status_code == 201
        for _ in range(2):
            await made.tell(
                "user-merged", userId=ann.subject, survivorId=ann.subject, absorbedId=old.subject
            )
        mine = (await made.ask("GET", f"/profiles/{ann.subject}/endorsements", bob)).json()["items"]
        assert [(each["skill"], each["fromUserId"]) for each in mine] == [
            ("soup", str(bob.subject))
        ]
        bobs = (await made.ask("GET", f"/profiles/{bob.subject}/endorsements", bob)).json()["items"]
        assert [each["fromUserId"] for each in bobs] == [str(ann.subject)]
        assert (await made.profile(old))["status"] == "erased"
        assert (await made.events("profile-erased"))[0]["userId"] == str(old.subject)
        assert (await made.events("profile-updated"))[-1]["userId"] == str(ann.subject)
