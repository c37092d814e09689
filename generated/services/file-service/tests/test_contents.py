"""Other bytes for the same file, and recordings that become files."""

from __future__ import annotations

import hashlib
import zlib
from pathlib import Path
from typing import Any

import pytest
from cloudsync_chassis import clock
from cloudsync_chassis.client.errors import NoAnswerError
from cloudsync_chassis.ids import uuid7
from desk import Desk, at, desk

pytestmark = pytest.mark.anyio


def versions(d: Desk, outcome: str = "queued") -> list[Any]:
    """What version-service is asked; it answers restores, and new versions wait for it."""
    asked: list[Any] = []

    def note(call: Any) -> Any:
        asked.append(call.body)
        return job(call.body) if call.operation == "RestoreVersion" else NoAnswerError(call, "away")

    now = at(clock.now())
    envelope = {
        "id": str(uuid7()),
        "organizationId": str(d.organization),
        "createdAt": now,
        "updatedAt": now,
        "version": 1,
    }

    def job(body: Any) -> Any:
        kept = ("subjectKind", "subjectId", "targetNumber", "requestedBy")
        return {**envelope, **{name: body[name] for name in kept}, "outcome": outcome}

    for operation in ("RestoreVersion", "CreateVersion"):
        d.service.answers("version-service", operation, note)
    return asked


async def test_a_second_upload_takes_the_place_of_the_first_bytes(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        asked = versions(d)
        file, other = await d.uploaded(b"old words"), await d.uploaded(b"new words")
        kept = await d.link(file)
        path = f"/v1/files/{file['id']}"
        before = (await d.did("GET", f"{path}/renditions"))["items"]
        assert [each["state"] for each in before] == ["ready"]
        file = await d.file(file["id"])
        body, version = {"uploadedFileId": other["id"]}, {"If-Match": f'"{file["version"]}"'}
        now = await d.did("POST", f"{path}/content", body, **version)
        assert now["objectKey"] == other["objectKey"]
        assert now["contentSha256"] == hashlib.sha256(b"new words").hexdigest()
        assert (now["id"], now["referenceCount"]) == (file["id"], 1)
        assert (await d.storage.get((await d.address(file))["address"])).content == b"new words"
        assert (await d.file(other["id"]))["status"] == "purged"
        wish = asked[0]
        assert wish["contentRef"] == f"file:{file['objectKey']}"
        assert wish["contentDigest"] == file["contentSha256"]
        [told] = await d.events("file-replaced")
        assert told.data["oldSha256"] == file["contentSha256"]
        assert (d.buckets / "files" / file["objectKey"]).exists(), "the version refers to it"
        links = await d.did("GET", f"{path}/links")
        assert [each["id"] for each in links["items"]] == [kept["id"]]
        await d.tick()
        [after] = (await d.did("GET", f"{path}/renditions"))["items"]
        assert after["state"] == "ready"
        derived = (d.buckets / "files" / after["objectKey"]).read_bytes()
        assert derived == b"new words"


async def test_bytes_are_replaced_only_by_clean_ones_of_the_same_type(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        file = await d.uploaded()
        path = f"/v1/files/{file['id']}/content"

        async def refused(other: Any) -> str:
            version = {"If-Match": f'"{file["version"]}"'}
            return await d.refused("POST", path, {"uploadedFileId": other["id"]}, **version)

        assert await refused(await d.begun(b"x")) == "409 file-scanning"
        other = await d.uploaded(b"{}", "application/json")
        assert await refused(other) == "409 media-type-changed"
        assert await refused(await d.uploaded(by=d.bob)) == "422 reference-unknown"
        assert await refused({"id": str(uuid7())}) == "422 reference-unknown"
        assert await refused(file) == "422 reference-unknown"


async def test_an_earlier_version_is_asked_for_and_comes_back(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        file, asked = await d.uploaded(b"present"), versions(d)
        path = f"/v1/files/{file['id']}/restore"
        told = await d.did("POST", path, {"versionNumber": 3})
        assert told == {"fileId": file["id"], "versionNumber": 3, "outcome": "queued"}
        assert str(asked[0]["requestedBy"]) == str(d.ann.subject)
        bucket = tmp_path / "buckets" / "versions"
        source = bucket / str(d.organization) / str(uuid7()) / f"{'0' * 32}.zst"
        source.parent.mkdir(parents=True)
        source.write_bytes(zlib.compress(b"earlier words"))
        restored = {
            "restoreJobId": uuid7(),
            "subjectKind": "file",
            "subjectId": file["id"],
            "restoredNumber": 3,
            "newNumber": 5,
            "contentRef": f"payload:{source.relative_to(bucket)}",
        }
        await d.tell("content.version-restored", restored)
        await d.tell("content.version-restored", restored)
        now = await d.file(file["id"])
        assert now["sizeBytes"] == len(b"earlier words")
        assert now["objectKey"] != file["objectKey"]
        fetched = await d.storage.get((await d.address(file))["address"])
        assert fetched.content == b"earlier words"
        assert len(await d.events("file-replaced")) == 1
        other = {**restored, "restoreJobId": uuid7(), "subjectKind": "document"}
        await d.tell("content.version-restored", other)
        assert (await d.file(file["id"]))["version"] == now["version"]


async def test_a_wish_for_a_version_waits_where_nobody_answers(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        file = await d.uploaded()
        path = f"/v1/files/{file['id']}/restore"
        assert (await d.did("POST", path, {"versionNumber": 1}))["outcome"] == "queued"
        await d.did("POST", f"/v1/files/{file['id']}/trash")
        slug = await d.refused("POST", path, {"versionNumber": 1})
        assert slug == "409 illegal-transition"


async def test_a_recording_becomes_a_file_of_the_same_id_once(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        film = b"\x00\x00\x00\x18ftypmp42film"
        recording, meeting = uuid7(), uuid7()
        key = f"{d.organization}/2026/11/{recording}.mp4"
        place = d.buckets / "meetings" / key
        place.parent.mkdir(parents=True)
        place.write_bytes(film)
        ready = {
            "recordingId": recording,
            "meetingId": meeting,
            "bucketKey": key,
            "sizeBytes": len(film),
            "durationSeconds": 90,
            "sha256": "0" * 64,
            "shareWith": [str(d.ann.subject)],
        }
        with pytest.raises(AssertionError, match="given up"):
            await d.tell("collaboration.recording-ready", {**ready, "recordingId": uuid7()})
        ready["sha256"] = hashlib.sha256(film).hexdigest()
        await d.tell("collaboration.recording-ready", ready)
        await d.tell("collaboration.recording-ready", ready)
        await d.settle()
        file = await d.file(str(recording))
        assert (file["status"], file["origin"]) == ("available", "recording")
        assert file["media"]["durationMs"] == 90_000
        assert file["target"] == {"targetKind": "meeting", "targetId": str(meeting)}
        assert (file["referenceCount"], len(await d.events("file-uploaded"))) == (1, 1)
