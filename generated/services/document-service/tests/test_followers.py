"""Attachments, comments, hand-overs, and what other services' events mean for documents."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from cloudsync_chassis import clock
from cloudsync_chassis.client.call import Call
from cloudsync_chassis.client.errors import NoAnswerError
from cloudsync_chassis.ids import uuid7
from document_service.generated import tables

from tests.desk import Desk, paragraph, played

_UNREACHABLE = NoAnswerError(
    Call(service="file-service", operation="x", method="GET", path="/"), "no answer"
)


async def _illustrated(desk: Desk) -> tuple[Any, str]:
    """A document with an attachment."""
    document, file_id = await desk.document(), str(uuid7())
    picture = {"kind": "insert", "blockId": "p", "blockKind": "image", "fileId": file_id}
    await desk.write(document, picture)
    return document, file_id


async def _quarantine(desk: Desk, file_id: str) -> None:
    await desk.tell(
        "content.file-quarantined", fileId=file_id, threatName="Eicar", scanVerdict="infected"
    )


async def _released(desk: Desk, file_id: str) -> None:
    await desk.tell(
        "content.file-released",
        fileId=file_id,
        scanVerdict="clean",
        releaseApproverId=str(uuid7()),
    )


async def _deleted(desk: Desk, file_id: str) -> None:
    await desk.tell("content.file-deleted", fileId=file_id, sizeBytes=1, origin="upload")


def test_quarantine_blocks_and_release_shows(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        document, file_id = await _illustrated(desk)
        await _quarantine(desk, file_id)
        assert (await desk.now(document))["blockedFileIds"] == [file_id]
        path = f"/v1/documents/{document['id']}/attachments/{file_id}/downloads"
        wish = {"disposition": "inline"}
        assert await desk.refused(desk.author, "POST", path, wish) == "file-quarantined"
        await _released(desk, file_id)
        assert (await desk.now(document))["blockedFileIds"] == []

    played(tmp_path, play)


def test_the_younger_word_on_a_file_counts(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        document, file_id = await _illustrated(desk)
        desk.service.later(timedelta(minutes=5))
        await _released(desk, file_id)
        clock.reset()
        await _quarantine(desk, file_id)
        assert (await desk.now(document))["blockedFileIds"] == []

    played(tmp_path, play)


def test_purged_files_leave_the_lists_for_good(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        document, file_id = await _illustrated(desk)
        await _deleted(desk, file_id)
        assert (await desk.now(document))["attachmentFileIds"] == []
        await desk.write(document, paragraph("a"), base=1)
        assert (await desk.now(document))["attachmentFileIds"] == []
        assert (await desk.body(document))["blocks"][1]["fileId"] == file_id

    played(tmp_path, play)


def test_what_is_attached_in_quarantine_is_blocked(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        file_id = str(uuid7())
        await _quarantine(desk, file_id)
        document = await desk.document()
        picture = {"kind": "insert", "blockId": "p", "blockKind": "image", "fileId": file_id}
        await desk.write(document, picture)
        assert (await desk.now(document))["blockedFileIds"] == [file_id]
        await desk.tell(
            "content.file-scanned",
            fileId=file_id,
            fileName="a.png",
            scanVerdict="clean",
            signatureVersion="1",
            mediaType="image/png",
        )
        assert (await desk.now(document))["blockedFileIds"] == []

    played(tmp_path, play)


def test_attachments_are_listed_as_far_as_they_are_known(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        document, file_id = await _illustrated(desk)
        path = f"/v1/documents/{document['id']}/attachments"
        desk.service.answers("file-service", "getFile", _UNREACHABLE)
        listed = await desk.did(desk.author, "GET", path)
        assert (listed["items"], listed["omittedFileIds"]) == ([], [file_id])
        moment = clock.now().isoformat()
        file = {
            "id": file_id,
            "organizationId": str(desk.organization),
            "createdAt": moment,
            "updatedAt": moment,
            "version": 1,
            "fileName": "plan.png",
            "mediaType": "image/png",
            "sizeBytes": 7,
            "storageClass": "standard",
            "uploaderId": str(uuid7()),
            "origin": "upload",
            "status": "available",
            "scanVerdict": "clean",
            "referenceCount": 1,
        }
        desk.service.answers("file-service", "getFile", file)
        listed = await desk.did(desk.author, "GET", path)
        assert listed["items"][0]["fileName"] == "plan.png"
        assert listed["omittedFileIds"] == []

    played(tmp_path, play)


def test_downloads_are_signed_for_whoever_reads(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        document, file_id = await _illustrated(desk)
        base = f"/v1/documents/{document['id']}/attachments"
        wish = {"disposition": "attachment"}
        asked: list[Any] = []
        address = {
            "downloadGrantId": str(uuid7()),
            "address": "https://files.example/x",
            "expiresAt": clock.now().isoformat(),
        }

        def granted(call: Call) -> Any:
            asked.append(call.body)
            return address

        desk.service.answers("file-service", "grantDownload", granted)
        await desk.share(document, f"user:{desk.other.subject}")
        path = f"{base}/{file_id}/downloads"
        found = await desk.did(desk.other, "POST", path, wish)
        assert found["address"] == address["address"]
        assert str(asked[0]["granteeId"]) == str(desk.other.subject)
        assert asked[0]["validSeconds"] == 300
        unknown = f"{base}/{uuid7()}/downloads"
        assert await desk.refused(desk.other, "POST", unknown, wish) == "not-attached"
        desk.service.answers("file-service", "grantDownload", _UNREACHABLE)
        assert await desk.refused(desk.other, "POST", path, wish) == "file-unreachable"

    played(tmp_path, play)


def test_answers_stand_below_comments(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        document = await desk.document()
        await desk.share(document, f"user:{desk.other.subject}", "commenter")
        anchor = {"blockId": "a", "startOffset": 0, "endOffset": 1}
        path = f"/v1/documents/{document['id']}/threads"
        first = str(uuid7())
        thread = await desk.did(
            desk.author, "POST", path, {"anchor": anchor, "text": "Why?", "mentions": [first]}
        )
        replies = f"{path}/{thread['id']}/replies"
        named = str(uuid7())
        after = await desk.did(
            desk.other, "POST", replies, {"text": "Because.", "mentions": [named]}
        )
        assert after["mentions"] == [first, named]
        assert after["replies"][0]["authorId"] == str(desk.other.subject)
        told = (await desk.events("comment-added"))[-1]
        assert (told["authorId"], told["mentions"]) == (str(desk.other.subject), [named])
        stranger = desk.person()
        assert await desk.refused(stranger, "POST", replies, {"text": "x"}) == "forbidden"
        for _ in range(198):
            await desk.did(desk.author, "POST", replies, {"text": "And?"})
        assert await desk.refused(desk.author, "POST", replies, {"text": "x"}) == "thread-full"

    played(tmp_path, play)


def test_restricted_organisations_only_read(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        document = await desk.document()
        about = {"organizationId": str(desk.organization)}
        await desk.tell("user.organization-restricted", **about, restrictedReason="paymentOverdue")
        path = f"/v1/documents/{document['id']}/operations"
        body = {"baseSequence": 0, "clientId": "x", "operations": [paragraph("a")]}
        assert await desk.refused(desk.author, "POST", path, body) == "tenant-read-only"
        folder = await desk.refused(desk.author, "POST", "/v1/folders", {"folderName": "F"})
        assert folder == "forbidden"
        await desk.document(title="Empty ones may be begun")
        await desk.tell("user.organization-unrestricted", **about)
        await desk.write(document, paragraph("a"))

    played(tmp_path, play)


def test_holds_keep_documents_until_the_last_is_lifted(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        document = await desk.document()
        past = (clock.now() - timedelta(days=9)).isoformat()
        holds = [str(uuid7()), str(uuid7())]
        for each in holds:
            await desk.tell("platform.legal-hold-placed", legalHoldId=each, heldFrom=past)
        path = f"/v1/documents/{document['id']}/trash"
        later = await desk.document(title="Begun under the hold")
        assert later["retainUntil"].startswith("9999-12-31")
        # the hold is a policy as well as a requirement, and the policy speaks first
        assert await desk.refused(desk.author, "POST", path) in ("retention-active", "forbidden")
        people = {"releaseRequestedBy": str(uuid7()), "releaseApproverId": str(uuid7())}
        for each in holds:
            await desk.tell("platform.legal-hold-released", legalHoldId=each, **people)
            kept = "retainUntil" in await desk.now(document)
            assert kept == (each == holds[0])
        await desk.did(desk.author, "POST", path)
        ended = str(uuid7())
        await desk.tell("platform.legal-hold-released", legalHoldId=ended, **people)
        await desk.tell("platform.legal-hold-placed", legalHoldId=ended, heldFrom=past)
        assert "retainUntil" not in await desk.now(later)

    played(tmp_path, play)


def test_documents_of_leavers_go_to_their_successors(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        document = await desk.document()
        leaver = str(desk.author.subject)
        gone = {"userId": leaver, "endReason": "left", "successorUserId": str(desk.other.subject)}
        await desk.tell("user.member-removed", **gone)
        await desk.tell("user.member-removed", **gone)
        admin = desk.person("org-admin")
        [queued] = (await desk.did(admin, "GET", "/v1/document-transfers"))["items"]
        assert queued["outcome"] == "queued"
        await desk.service.tick()
        path = f"/v1/document-transfers/{queued['id']}"
        done = await desk.did(admin, "GET", path)
        assert (done["outcome"], done["movedCount"], done["failedCount"]) == ("succeeded", 1, 0)
        mine = await desk.did(desk.other, "GET", f"/v1/documents/{document['id']}")
        assert mine["ownerId"] == str(desk.other.subject)
        [told] = await desk.events("document-ownership-transferred")
        assert told["documentIds"] == [document["id"]]

    played(tmp_path, play)


def test_named_documents_change_hands(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        named, kept = await desk.document(), await desk.document()
        admin = desk.person("org-admin")
        body = {
            "fromUserId": str(desk.author.subject),
            "toUserId": str(desk.other.subject),
            "documentIds": [named["id"], str(uuid7())],
        }
        job = await desk.did(admin, "POST", "/v1/document-transfers", body)
        await desk.service.tick()
        done = await desk.did(admin, "GET", f"/v1/document-transfers/{job['id']}")
        assert (done["movedCount"], done["failedCount"]) == (1, 1)
        assert (await desk.now(kept))["ownerId"] == str(desk.author.subject)

    played(tmp_path, play)


def test_erased_people_leave_no_grants_and_no_mentions(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        document, person = await desk.document(), f"user:{desk.other.subject}"
        await desk.share(document, person, "editor")
        folder = await desk.folder("F", sharedWith=[{"principal": person, "access": "editor"}])
        await desk.document(desk.other, title="Theirs")
        anchor = {"blockId": "a", "startOffset": 0, "endOffset": 1}
        path = f"/v1/documents/{document['id']}/threads"
        mentions = [str(desk.other.subject)]
        thread = await desk.did(
            desk.author, "POST", path, {"anchor": anchor, "text": "Hi", "mentions": mentions}
        )
        request = str(uuid7())
        await desk.tell(
            "user.user-deleted",
            userId=str(desk.other.subject),
            erasureRequestId=request,
            successorUserId=str(desk.author.subject),
        )
        [erased] = await desk.events("document-erasure-completed")
        assert (erased["erasureRequestId"], erased["erasedItems"]) == (request, 4)
        [unshared] = await desk.events("document-unshared")
        assert unshared["principal"] == person
        assert (await desk.did(desk.author, "GET", f"{path}/{thread['id']}"))["mentions"] == []
        found = await desk.did(desk.author, "GET", f"/v1/folders/{folder['id']}")
        assert (found["sharedWith"], found["writerIds"]) == ([], [str(desk.author.subject)])
        await desk.service.tick()
        owned = await desk.did(desk.author, "GET", "/v1/documents")
        assert {each["title"] for each in owned["items"]} == {"Plan", "Theirs"}

    played(tmp_path, play)


def test_off_boarding_deletes_what_is_not_held(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        documents = [await desk.document(), await desk.document(sensitivity="restricted")]
        await desk.write(documents[1], paragraph("a", "secret"))
        keys = list((tmp_path / "document-service" / "tenant-keys").iterdir())
        assert len(keys) == 1
        await desk.folder("F")
        stranger = Desk(desk.service, desk.handlers)
        foreign = await stranger.document()
        about = {"organizationId": str(desk.organization), "dataResidency": "euWest1"}
        pinned = desk.service.runtime.flags.pinned
        pinned["org.purge.pause"] = True
        await desk.tell("user.organization-purged", **about)
        assert await desk.events("document-deleted") == []
        del pinned["org.purge.pause"]
        await desk.tell("user.organization-purged", **about)
        gone = {each["documentId"] for each in await desk.events("document-deleted")}
        assert gone == {each["id"] for each in documents}
        path = f"/v1/documents/{documents[0]['id']}"
        assert await desk.refused(desk.author, "GET", path) == "not-found"
        assert (await desk.did(desk.author, "GET", "/v1/folders"))["items"] == []
        assert not keys[0].exists()
        assert (await stranger.now(foreign))["title"] == "Plan"

    played(tmp_path, play)


def test_locked_documents_take_no_operations(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        document = await desk.document()
        lock = {
            "holderId": str(desk.other.subject),
            "expiresAt": (clock.now() + timedelta(minutes=10)).isoformat(),
        }
        async with desk.service.runtime.database.transaction(write=True) as connection:
            await connection.execute(sa.update(tables.documents).values(edit_lock=lock))
        path = f"/v1/documents/{document['id']}"
        body = {"baseSequence": 0, "clientId": "x", "operations": [paragraph("a")]}
        assert await desk.refused(desk.author, "POST", f"{path}/operations", body) == (
            "document-locked"
        )
        wish = {"versionNumber": 1}
        refusal = await desk.refused(desk.author, "POST", f"{path}/restore", wish)
        assert refusal == "document-locked"
        await desk.tell(
            "user.user-deleted", userId=str(desk.other.subject), erasureRequestId=str(uuid7())
        )
        await desk.write(document, paragraph("a"))

    played(tmp_path, play)
