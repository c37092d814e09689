"""What the clock does, and what it leaves."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock, patch
from uuid import UUID

import pytest
import sqlalchemy as sa
from cloudsync_chassis import clock
from cloudsync_chassis.ids import uuid7
from cloudsync_chassis.store import system
from cloudsync_chassis.store.cipher import key_of
from cloudsync_chassis.store.keys import OwnKeys
from document_service import transfers
from document_service.generated import tables

from tests.desk import Desk, paragraph, played, version


async def _transfer(desk: Desk, **more: Any) -> str:
    """The path of a hand-over from the author to the other."""
    people = {"fromUserId": str(desk.author.subject), "toUserId": str(desk.other.subject)}
    admin = desk.person("org-admin")
    job = await desk.did(admin, "POST", "/v1/document-transfers", {**people, **more})
    return f"/v1/document-transfers/{job['id']}"


async def _outcome(desk: Desk, path: str) -> tuple[str, str | None]:
    found = await desk.did(desk.person("org-admin"), "GET", path)
    return found["outcome"], found.get("failureCode")


def test_shares_end_when_their_end_has_come(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        document = await desk.document()
        end = (clock.now() + timedelta(hours=1)).isoformat()
        short = await desk.share(document, f"user:{desk.other.subject}", expiresAt=end)
        lasting = await desk.share(document, f"user:{uuid7()}")
        await desk.service.tick()
        assert await desk.events("document-unshared") == []
        desk.service.later(timedelta(hours=2))
        await desk.service.tick()
        path = f"/v1/documents/{document['id']}/grants"
        [left] = (await desk.did(desk.author, "GET", path))["items"]
        assert left["id"] == lasting["id"]
        [unshared] = await desk.events("document-unshared")
        assert unshared["shareGrantId"] == short["id"]

    played(tmp_path, play)


def test_the_bin_keeps_what_is_retained(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        held, free = await desk.document(), await desk.document()
        for each in (held, free):
            await desk.did(desk.author, "POST", f"/v1/documents/{each['id']}/trash")
        until = clock.now() + timedelta(days=40)
        one = sa.update(tables.documents).where(tables.documents.c.id == UUID(held["id"]))
        async with desk.service.runtime.database.transaction(write=True) as connection:
            await connection.execute(one.values(retain_until=until))
        desk.service.later(timedelta(days=31))
        await desk.service.tick()
        [deleted] = await desk.events("document-deleted")
        assert deleted["documentId"] == free["id"]
        desk.service.later(timedelta(days=10))
        await desk.service.tick()
        assert len(await desk.events("document-deleted")) == 2

    played(tmp_path, play)


def test_superseded_bodies_go_after_a_day_and_the_present_one_stays(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        document = await desk.document()
        await desk.write(document, paragraph("a", "one"))
        await desk.write(document, paragraph("b", "two"), base=1)

        async def sequences() -> list[int]:
            kept = sa.select(system.documents.c.body).where(
                system.documents.c.collection == "document-body"
            )
            async with desk.service.runtime.database.transaction(write=False) as connection:
                return sorted(
                    each["sequence"] for each in (await connection.execute(kept)).scalars()
                )

        desk.service.later(timedelta(hours=23))
        await desk.service.tick()
        assert await sequences() == [1, 2]
        desk.service.later(timedelta(hours=2))
        await desk.service.tick()
        assert await sequences() == [2]

    played(tmp_path, play)


def test_others_read_bodies_that_are_kept_and_not_restricted(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        shelf = tmp_path / "buckets" / "bodies"
        document = await desk.document()

        def there() -> set[str]:
            return {each.name for each in shelf.iterdir()}

        await desk.write(document, paragraph("a", "one"))
        first = (await desk.now(document))["bodyRef"]
        told = await desk.write(document, paragraph("b", "two"), base=1)
        present = (await desk.now(document))["bodyRef"]
        assert there() == {first, present}
        digest = hashlib.sha256((shelf / present).read_bytes()).hexdigest()
        assert digest == told["bodyChecksum"]
        desk.service.later(timedelta(hours=25))
        await desk.service.tick()
        assert there() == {present}
        author = desk.service.caller(
            "member", organization=desk.organization, subject=desk.author.subject
        )
        path = f"/v1/documents/{document['id']}"
        for level, seen in (("restricted", set()), ("internal", {present})):
            now = await desk.did(author, "GET", path)
            await desk.did(author, "PATCH", path, {"sensitivity": level}, If_Match=version(now))
            assert there() == seen
        secret = await desk.did(
            author,
            "POST",
            "/v1/documents",
            {"title": "S", "documentType": "page", "sensitivity": "restricted"},
        )
        await desk.write(secret, paragraph("a", "secret"), by=author)
        assert there() == {present}

    played(tmp_path, play)


def test_a_hand_over_takes_as_many_steps_as_it_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfers, "BATCH", 2)

    async def play(desk: Desk) -> None:
        for _ in range(5):
            await desk.document()
        path, step = await _transfer(desk), desk.handlers._step
        with patch.object(desk.handlers, "_step", AsyncMock(side_effect=step)) as steps:
            for _ in range(4):
                await desk.service.tick()
                desk.service.later(timedelta(seconds=11))
        done = await desk.did(desk.person("org-admin"), "GET", path)
        assert (done["outcome"], done["movedCount"], steps.await_count) == ("succeeded", 5, 3)

    played(tmp_path, play)


def test_a_hand_over_is_given_up_after_five_tries(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        document = await desk.document()
        path = await _transfer(desk)
        with patch.object(desk.handlers, "_step", AsyncMock(side_effect=OSError)) as step:
            for _ in range(5):
                await desk.service.tick()
                assert await _outcome(desk, path) == ("running", None)
                desk.service.later(timedelta(seconds=11))
            await desk.service.tick()
            assert await _outcome(desk, path) == ("failed", "documents-not-moved")
            assert step.await_count == 5
        assert (await desk.now(document))["ownerId"] == str(desk.author.subject)

    played(tmp_path, play)


def test_nothing_is_handed_to_somebody_who_left_meanwhile(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        document = await desk.document()
        path = await _transfer(desk)
        gone = {"userId": str(desk.other.subject), "endReason": "left"}
        await desk.tell("user.member-removed", **gone)
        await desk.service.tick()
        assert await _outcome(desk, path) == ("refused", "successor-left")
        assert (await desk.now(document))["ownerId"] == str(desk.author.subject)

    played(tmp_path, play)


def test_hand_overs_are_forgotten_after_ninety_days(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        await desk.document()
        path = await _transfer(desk)
        await desk.service.tick()
        desk.service.later(timedelta(days=89))
        await desk.service.tick()
        assert (await _outcome(desk, path))[0] == "succeeded"
        desk.service.later(timedelta(days=2))
        await desk.service.tick()
        assert await desk.refused(desk.person("org-admin"), "GET", path) == "not-found"

    played(tmp_path, play)


def test_secrets_of_links_come_under_the_newest_key(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        document, runtime = await desk.document(), desk.service.runtime
        path = f"/v1/documents/{document['id']}/links"
        wish = {"access": "viewer", "passcode": "opensesame"}
        made = await desk.did(desk.author, "POST", path, wish)
        assert isinstance(runtime.cipher.keys, OwnKeys)
        runtime.cipher.keys.rotate()
        await runtime.key_keeper().once(0.0)
        newest = runtime.cipher.keys.all()[0].id
        async with runtime.database.transaction(write=False) as connection:
            [row] = (await connection.execute(sa.select(tables.share_links))).all()
        assert {key_of(row.link_token_ciphertext), key_of(row.passcode_ciphertext)} == {newest}
        sent = {"linkToken": made["address"].rpartition("#")[2], "passcode": "opensesame"}
        opened = await desk.did(desk.other, "POST", "/v1/share-links/open", sent)
        assert opened["documentId"] == document["id"]

    played(tmp_path, play)
