"""Editing through HTTP: batches, what others wrote meanwhile, bodies, restores."""

from __future__ import annotations

import json
import zlib
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from cloudsync_chassis.client.call import Call
from cloudsync_chassis.client.errors import NoAnswerError, RefusedError
from cloudsync_chassis.ids import uuid7
from cloudsync_chassis.store.system import documents as stored_documents

from tests.desk import Desk, insert, paragraph, played, version


def _texts(body: Any) -> list[str]:
    return [each.get("text", "") for each in body["blocks"]]


def test_operations_make_the_body(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        document = await desk.document()
        file_id = str(uuid7())
        picture = {"kind": "insert", "blockId": "p", "blockKind": "image", "fileId": file_id}
        applied = await desk.write(document, paragraph("a", "Hello"), picture)
        assert (applied["firstSequence"], applied["headSequence"]) == (1, 2)
        assert applied["concurrent"] == []
        body, now = await desk.body(document), await desk.now(document)
        assert [each["blockId"] for each in body["blocks"]] == ["p", "a"]
        assert body["checksum"] == applied["bodyChecksum"] == now["bodyChecksum"]
        assert (now["headSequence"], now["excerpt"]) == (2, "Hello")
        assert now["attachmentFileIds"] == [file_id]
        assert now["bodyBytes"] > 0
        [updated] = await desk.events("document-updated")
        assert updated["attachedFileIds"] == [file_id]
        assert updated["editorIds"] == [str(desk.author.subject)]
        assert (updated["fromSequence"], updated["toSequence"]) == (1, 2)
        assert updated["origin"] == "edit"

    played(tmp_path, play)


def test_concurrent_batches_are_transformed(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        document = await desk.document()
        await desk.share(document, f"user:{desk.other.subject}", "editor")
        await desk.write(document, paragraph("a", "world"))
        await desk.write(document, insert("a", "Hello "), base=1)
        late = await desk.write(
            document, insert("a", "!", 5), base=1, client="tab-2", by=desk.other
        )
        assert late["headSequence"] == 3
        assert [each["text"] for each in late["concurrent"]] == ["Hello "]
        assert _texts(await desk.body(document)) == ["Hello world!"]

    played(tmp_path, play)


def test_a_batch_that_comes_twice_is_taken_once(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        document = await desk.document()
        first = await desk.write(document, paragraph("a", "once"))
        again = await desk.write(document, paragraph("a", "once"))
        assert again == first
        assert _texts(await desk.body(document)) == ["once"]

    played(tmp_path, play)


def test_history_is_listed_in_order(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        document = await desk.document()
        for each in range(4):
            await desk.write(document, paragraph(f"b{each}", str(each)), base=each)
        path = f"/v1/documents/{document['id']}/operations"
        page = await desk.did(desk.author, "GET", f"{path}?limit=3")
        assert [each["firstSequence"] for each in page["items"]] == [1, 2, 3]
        rest = await desk.did(desk.author, "GET", f"{path}?cursor={page['nextCursor']}")
        assert [each["firstSequence"] for each in rest["items"]] == [4]
        since = await desk.did(desk.author, "GET", f"{path}?fromSequence=3")
        assert [each["firstSequence"] for each in since["items"]] == [3, 4]
        assert await desk.refused(desk.other, "GET", path) == "forbidden"

    played(tmp_path, play)


def test_what_cannot_be_applied_is_refused(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        document = await desk.document()
        path = f"/v1/documents/{document['id']}/operations"
        body = {"baseSequence": 0, "clientId": "x", "operations": [paragraph("a", "1")]}
        assert await desk.refused(desk.other, "POST", path, body) == "forbidden"
        ahead = {**body, "baseSequence": 7}
        assert await desk.refused(desk.author, "POST", path, ahead) == "rule-broken"
        for each in range(4):
            await desk.write(document, paragraph(f"b{each}"), base=each)
        assert await desk.refused(desk.author, "POST", path, body) == "base-too-old"
        await desk.did(desk.author, "POST", f"/v1/documents/{document['id']}/trash")
        assert await desk.refused(desk.author, "POST", path, body) == "illegal-transition"

    played(tmp_path, play, max_base_distance=3)


def test_floods_are_slowed_down(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        document = await desk.document()
        await desk.write(document, paragraph("a"))
        await desk.write(document, insert("a", "1"), base=1)
        path = f"/v1/documents/{document['id']}/operations"
        body = {"baseSequence": 2, "clientId": "tab-1", "operations": [insert("a", "2")]}
        answer = await desk.ask(desk.author, "POST", path, body)
        assert answer.status_code == 429
        assert answer.headers["Retry-After"] == "1"

    played(tmp_path, play, batches_per_client=2)


def test_a_body_does_not_outgrow_its_bound(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        document = await desk.document()
        for each in range(2):
            many = [insert("a", "x" * 20_000, blockKind="paragraph") for _ in range(24)]
            await desk.write(document, *many, base=each * 24)
        path = f"/v1/documents/{document['id']}/operations"
        more = [insert("a", "x" * 20_000) for _ in range(4)]
        body = {"baseSequence": 48, "clientId": "tab-1", "operations": more}
        assert await desk.refused(desk.author, "POST", path, body) == "body-too-large"
        assert (await desk.now(document))["headSequence"] == 48

    played(tmp_path, play)


def test_earlier_bodies_are_kept_for_a_day(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        document = await desk.document()
        await desk.write(document, paragraph("a", "one"))
        await desk.write(document, insert("a", "two "), base=1)
        path = f"/v1/documents/{document['id']}/body?sequence="
        assert _texts(await desk.did(desk.author, "GET", path + "1")) == ["one"]
        assert await desk.refused(desk.author, "GET", path + "9") == "not-found"
        desk.service.later(timedelta(hours=25))
        author = desk.service.caller(
            "member", organization=desk.organization, subject=desk.author.subject
        )
        assert await desk.refused(author, "GET", path + "1") == "body-superseded"
        assert _texts(await desk.did(author, "GET", path + "2")) == ["two one"]

    played(tmp_path, play)


def test_updates_are_told_every_two_seconds_at_most(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        document = await desk.document()
        for each in range(4):
            await desk.write(document, paragraph(f"b{each}"), base=each)
        assert len(await desk.events("document-updated")) == 1
        desk.service.later(timedelta(seconds=3))
        await desk.service.tick()
        first, second = await desk.events("document-updated")
        assert (first["fromSequence"], first["toSequence"]) == (1, 1)
        assert (second["fromSequence"], second["toSequence"]) == (2, 4)
        await desk.service.tick()
        assert len(await desk.events("document-updated")) == 2

    played(tmp_path, play)


def test_a_template_gives_its_skeleton(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        template = await desk.document(title="Template")
        await desk.write(template, insert("h", "Minutes", blockKind="heading"))
        document = await desk.document(templateId=template["id"])
        beginning = await desk.body(document)
        assert (beginning["sequence"], _texts(beginning)) == (0, ["Minutes"])
        await desk.write(document, insert("h", " of May", 7))
        assert _texts(await desk.body(document)) == ["Minutes of May"]
        body = {"title": "x", "documentType": "page", "templateId": template["id"]}
        refusal = await desk.refused(desk.other, "POST", "/v1/documents", body)
        assert refusal == "reference-unknown"

    played(tmp_path, play)


def test_restricted_bodies_lie_sealed(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        document = await desk.document(sensitivity="restricted")
        await desk.write(document, paragraph("a", "merger with Umbrella"))
        assert _texts(await desk.body(document)) == ["merger with Umbrella"]
        other = await desk.document()
        await desk.write(other, paragraph("a", "picnic in June"))
        now = await desk.now(other)
        await desk.did(
            desk.author,
            "PATCH",
            f"/v1/documents/{other['id']}",
            {"sensitivity": "restricted"},
            If_Match=version(now),
        )
        assert _texts(await desk.body(other)) == ["picnic in June"]
        plain = await desk.document()
        await desk.write(plain, paragraph("a", "in the orchard"))
        assert _texts(await desk.body(plain)) == ["in the orchard"]
        async with desk.service.runtime.database.transaction(write=False) as connection:
            bodies = sa.select(stored_documents.c.body).where(
                stored_documents.c.collection == "document-body"
            )
            stored = json.dumps(list((await connection.execute(bodies)).scalars()))
        assert "Umbrella" not in stored
        assert "picnic" not in stored
        assert "orchard" not in stored

    played(tmp_path, play)


def test_a_restore_is_asked_for_and_laid_in(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        document = await desk.document()
        await desk.write(document, paragraph("a", "old"))
        asked: list[Call] = []
        unreachable = Call(
            service="version-service", operation="RestoreVersion", method="", path=""
        )

        def restore(call: Call) -> Any:
            asked.append(call)
            return NoAnswerError(unreachable, "no answer")

        desk.service.answers("version-service", "RestoreVersion", restore)
        desk.service.answers(
            "version-service", "CreateVersion", NoAnswerError(unreachable, "no answer")
        )
        path = f"/v1/documents/{document['id']}/restore"
        accepted = await desk.did(desk.author, "POST", path, {"versionNumber": 3})
        assert accepted["outcome"] == "queued"
        assert len(asked) == 1
        [wish] = await desk.events("restore-requested")
        assert wish["requestedBy"] == str(desk.author.subject)
        refused = RefusedError(unreachable, 410, {"type": "https://e/version-thinned"})
        desk.service.answers("version-service", "RestoreVersion", refused)
        refusal = await desk.refused(desk.author, "POST", path, {"versionNumber": 1})
        assert refusal == "version-thinned"
        assert await desk.refused(desk.other, "POST", path, {"versionNumber": 1}) == "forbidden"

    played(tmp_path, play)


def test_a_restored_version_becomes_the_body_once(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        document = await desk.document()
        await desk.write(document, paragraph("a", "new"))
        name = f"{desk.organization}/{document['id']}/{uuid7().hex}.zst"
        place = tmp_path / "buckets" / "versions" / name
        place.parent.mkdir(parents=True)
        blocks = [{"blockId": "a", "kind": "paragraph", "text": "old"}]
        place.write_bytes(zlib.compress(json.dumps(blocks).encode()))
        data = {
            "restoreJobId": str(uuid7()),
            "subjectKind": "document",
            "subjectId": document["id"],
            "restoredNumber": 1,
            "newNumber": 3,
            "contentRef": f"payload:{name}",
        }
        await desk.tell("content.version-restored", **data)
        await desk.tell("content.version-restored", **data)
        now = await desk.now(document)
        assert (now["headSequence"], now["excerpt"]) == (2, "old")
        assert _texts(await desk.body(document)) == ["old"]
        updated = (await desk.events("document-updated"))[-1]
        assert (updated["origin"], updated["fromSequence"]) == ("restore", 2)
        path = f"/v1/documents/{document['id']}/operations"
        body = {"baseSequence": 1, "clientId": "x", "operations": [insert("a", "?")]}
        assert await desk.refused(desk.author, "POST", path, body) == "base-too-old"
        await desk.write(document, insert("a", "very "), base=2)
        assert _texts(await desk.body(document)) == ["very old"]

    played(tmp_path, play)
