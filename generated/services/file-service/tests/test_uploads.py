"""Uploads: announced, sent in parts, assembled, judged; or refused, or given up."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from pathlib import Path

import pytest
from cloudsync_chassis import clock
from cloudsync_chassis.ids import uuid7
from desk import EICAR, at, desk
from file_service.generated import models

pytestmark = pytest.mark.anyio


async def test_a_file_goes_from_its_parts_through_the_scanner_to_its_target(
    tmp_path: Path,
) -> None:
    async with desk(tmp_path) as d:
        target = {"targetKind": "document", "targetId": str(uuid7())}
        file = await d.uploaded(b"words of a note", target=target)
        assert (file["status"], file["scanVerdict"], file["referenceCount"]) == (
            "available",
            "clean",
            1,
        )
        assert "expiresAt" not in file
        [told] = await d.events("file-uploaded")
        assert told.data["target"] == target
        [scanned] = await d.events("file-scanned")
        text = d.buckets / "files" / str(scanned.data["textExtractKey"])
        assert text.read_bytes() == b"words of a note"
        assert not (d.buckets / "parts" / file["objectKey"]).exists()
        [linked] = await d.events("file-linked")
        assert linked.data["targetId"] == target["targetId"]


async def test_many_parts_are_assembled_in_order(tmp_path: Path) -> None:
    size = 8 * 1024 * 1024
    async with desk(tmp_path, part_size_bytes=size) as d:
        pieces = [b"a" * size, b"b" * size, b"end"]
        content = b"".join(pieces)
        file = await d.begun(content)
        path = f"/v1/uploads/{file['id']}"
        beyond = await d.refused("POST", f"{path}/parts", {"firstPart": 4, "count": 1})
        assert beyond == "422 rule-broken"
        first = await d.did("POST", f"{path}/parts", {"firstPart": 1, "count": 1})
        rest = await d.did("POST", f"{path}/parts", {"firstPart": 2, "count": 100})
        assert first["session"]["id"] == rest["session"]["id"]
        signed = first["parts"] + rest["parts"]
        assert [each["number"] for each in signed] == [1, 2, 3]
        short = await d.storage.put(signed[2]["address"], content=b"endless")
        assert short.status_code == 403
        parts = []
        for part, piece in zip(signed, pieces, strict=True):
            answer = await d.storage.put(part["address"], content=piece)
            digest = hashlib.sha256(piece).hexdigest()
            etag = answer.headers["etag"]
            parts.append({"number": part["number"], "etag": etag, "sha256": digest})
        told = {"contentSha256": hashlib.sha256(content).hexdigest(), "parts": parts}
        turned = {**told, "parts": parts[::-1]}
        assert await d.refused("POST", f"{path}/complete", turned) == "409 parts-missing"
        await d.did("POST", f"{path}/complete", told)
        assert (d.buckets / "files" / file["objectKey"]).read_bytes() == content


async def test_an_upload_is_refused_for_what_stands_against_it(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        body = {"fileName": "a.exe", "sizeBytes": 2000, "mediaType": "application/x-msdownload"}
        export = {**body, "origin": "export"}
        assert await d.refused("POST", "/v1/uploads", export) == "403 origin-forbidden"
        rules = tmp_path / "file-service" / "upload-rules" / f"{d.organization}.json"
        rules.parent.mkdir(parents=True)
        rules.write_text(json.dumps({"largest": 1000, "refused": [body["mediaType"]]}))
        assert await d.refused("POST", "/v1/uploads", body) == "415 type-forbidden"
        body["mediaType"] = "text/plain"
        assert await d.refused("POST", "/v1/uploads", body) == "413 too-large"


async def test_a_full_organisation_takes_nothing_in_until_it_has_room(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        quota = {
            "subscriptionId": uuid7(),
            "meterCode": "storage_gib_hours",
            "level": "hard",
            "totalMicros": 2,
            "limitMicros": 1,
            "resetsAt": at(clock.now() + timedelta(days=3)),
        }
        await d.tell("billing.quota-exceeded", {**quota, "meterCode": "api_calls"})
        body = {"fileName": "a", "sizeBytes": 1, "mediaType": "text/plain"}
        await d.did("POST", "/v1/uploads", body)
        await d.tell("billing.quota-exceeded", quota)
        assert await d.refused("POST", "/v1/uploads", body) == "402 quota-exceeded"
        change = {
            "subscriptionId": uuid7(),
            "lastChange": "seats",
            "planCode": "team-2026",
            "seatQuantity": 5,
            "fromSeatQuantity": 9,
            "status": "active",
            "currentPeriodEnd": at(clock.now()),
        }
        await d.tell("billing.subscription-changed", change)
        assert await d.refused("POST", "/v1/uploads", body) == "402 quota-exceeded"
        await d.tell("billing.subscription-changed", {**change, "seatQuantity": 10})
        await d.did("POST", "/v1/uploads", body)
        await d.tell("billing.quota-exceeded", quota)
        assert await d.refused("POST", "/v1/uploads", body) == "402 quota-exceeded"
        d.service.later(timedelta(days=3, seconds=1))
        await d.did("POST", "/v1/uploads", body)


async def test_a_restricted_organisation_reads_only(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        file = await d.uploaded()
        who = {"organizationId": d.organization}
        why = {**who, "restrictedReason": "paymentOverdue"}
        await d.tell("user.organization-restricted", why)
        body = {"fileName": "a", "sizeBytes": 1, "mediaType": "text/plain"}
        assert await d.refused("POST", "/v1/uploads", body) == "403 tenant-read-only"
        link = {"targetKind": "task", "targetId": str(uuid7())}
        path = f"/v1/files/{file['id']}/links"
        assert await d.refused("POST", path, link) == "403 tenant-read-only"
        assert (await d.address(file))["address"].startswith("https://")
        await d.tell("user.organization-unrestricted", who)
        await d.did("POST", "/v1/uploads", body)


async def test_an_upload_is_completed_only_with_what_was_sent(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        file = await d.begun(b"words")
        path = f"/v1/uploads/{file['id']}"
        digest = "a" * 64
        nothing = {
            "contentSha256": digest,
            "parts": [{"number": 1, "etag": "x", "sha256": digest}],
        }
        assert await d.refused("POST", f"{path}/complete", nothing) == "409 parts-missing"
        told = await d.put(file, b"words")
        assert await d.refused("POST", f"{path}/complete", nothing) == "409 parts-missing"
        wrong = {**told, "contentSha256": digest}
        assert await d.refused("POST", f"{path}/complete", wrong) == "409 checksum-mismatch"
        assert await d.refused("POST", f"{path}/complete", told, d.bob) == "403 forbidden"
        done = await d.did("POST", f"{path}/complete", told)
        assert done["status"] == "scanning"
        again = await d.ask("POST", f"{path}/complete", told)
        assert again.status_code in (200, 409)
        signing = {"firstPart": 1, "count": 1}
        assert await d.refused("POST", f"{path}/parts", signing) == "409 illegal-transition"
        assert len(await d.events("file-uploaded")) == 1


async def test_an_upload_lapses_after_a_day(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        file = await d.begun(b"words")
        told = await d.put(file, b"words")
        path = f"/v1/uploads/{file['id']}"
        d.service.later(timedelta(hours=24, seconds=1))
        signing = {"firstPart": 1, "count": 1}
        assert await d.refused("POST", f"{path}/parts", signing) == "410 upload-expired"
        assert await d.refused("POST", f"{path}/complete", told) == "410 upload-expired"
        await d.tick()
        assert (await d.file(file["id"]))["status"] == "purged"
        assert not (d.buckets / "parts" / file["objectKey"]).exists()
        sessions = await d.did("GET", "/v1/uploads")
        assert [each["outcome"] for each in sessions["items"]] == ["aborted"]


async def test_the_sender_gives_an_upload_up(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        file = await d.begun(b"words")
        await d.put(file, b"words")
        gone = await d.did("POST", f"/v1/uploads/{file['id']}/abort")
        await d.settle()
        assert gone["status"] == "purged"
        assert not (d.buckets / "parts" / file["objectKey"]).exists()
        assert len(await d.events("upload-aborted")) == 1


async def test_an_infected_file_is_locked_away_and_two_people_let_it_out(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        file = await d.uploaded(b"head " + EICAR)
        assert (file["status"], file["threatName"]) == ("quarantined", "Eicar-Test-Signature")
        assert not (d.buckets / "files" / file["objectKey"]).exists()
        assert (d.buckets / "quarantine" / file["objectKey"]).exists()
        fetch = {"disposition": "attachment"}
        path = f"/v1/files/{file['id']}"
        assert await d.refused("POST", f"{path}/downloads", fetch) == "451 file-quarantined"
        guard, second = d.person("security-admin"), uuid7()
        body = {"reason": "A test file that is known to us", "approverId": str(guard.subject)}
        slug = await d.refused("POST", f"{path}/release", body, guard)
        assert slug == "403 four-eyes-required"
        await d.did("POST", f"{path}/release", {**body, "approverId": str(second)}, guard)
        await d.settle()
        assert (d.buckets / "files" / file["objectKey"]).exists()


async def test_people_condemn_a_file_in_use_and_its_targets_are_told(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        file = await d.uploaded()
        link = await d.link(file)
        address = (await d.address(file))["address"]
        assert (await d.storage.get(address)).content == b"words"
        body = {"scanVerdict": "suspicious", "threatName": "Phish.A", "signatureVersion": "1"}
        path = f"/v1/files/{file['id']}/quarantine"
        await d.did("POST", path, body, d.person("security-admin"))
        await d.settle()
        [told] = await d.events("file-quarantined")
        assert [each["targetId"] for each in told.data["targets"]] == [link["targetId"]]
        assert (await d.storage.get(address)).status_code == 403


async def test_a_rescan_condemns_what_passed_before(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        file = await d.uploaded()
        guard = d.person("security-admin")
        path = f"/v1/files/{file['id']}/rescan"
        (d.buckets / "files" / file["objectKey"]).write_bytes(EICAR)
        answer = await d.ask("POST", path, by=guard)
        assert answer.status_code == 202
        await d.tick()
        assert (await d.file(file["id"]))["status"] == "quarantined"
        fresh = await d.begun(b"w")
        told = await d.put(fresh, b"w")
        scanner, d.handlers.scanner = d.handlers.scanner, Stopped()
        await d.did("POST", f"/v1/uploads/{fresh['id']}/complete", told)
        path = f"/v1/files/{fresh['id']}/rescan"
        assert await d.refused("POST", path, by=guard) == "409 file-scanning"
        d.handlers.scanner = scanner


class Stopped:
    """A scanner that is out of order."""

    async def judge(self, content: bytes, declared: str, whole: bool) -> object:
        raise RuntimeError("out of order")


async def test_what_nobody_can_look_into_passes_where_the_tenant_says_so(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        sealed = b"PK\x03\x04sealed"
        file = await d.uploaded(sealed, "application/zip")
        assert (file["status"], file["scanVerdict"]) == ("available", "unscannable")
        rules = tmp_path / "file-service" / "upload-rules" / f"{d.organization}.json"
        rules.parent.mkdir(parents=True)
        rules.write_text(json.dumps({"unscannable": False}))
        file = await d.uploaded(sealed, "application/zip")
        assert (file["status"], file["threatName"]) == ("quarantined", "Unscannable.Archive")


async def test_the_type_is_what_the_bytes_say(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        file = await d.uploaded(b"\x89PNG\r\n\x1a\nrest", "image/jpeg", name="a.jpg")
        assert file["mediaType"] == "image/png"
        program = await d.uploaded(b"MZ\x90\x00", "image/jpeg", name="b.jpg")
        assert program["scanVerdict"] == models.ScanVerdict.suspicious
