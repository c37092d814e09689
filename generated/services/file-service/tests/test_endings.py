"""How files end, and what keeps them from it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from cloudsync_chassis import clock
from cloudsync_chassis.ids import uuid7
from desk import EICAR, PNG, Desk, at, desk

pytestmark = pytest.mark.anyio


async def status(d: Desk, file: Any) -> str:
    return str((await d.file(file["id"]))["status"])


async def test_the_bin_is_emptied_after_thirty_days(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        file = await d.uploaded()
        await d.link(file)
        await d.did("POST", f"/v1/files/{file['id']}/trash")
        d.service.later(timedelta(days=29))
        await d.tick()
        assert await status(d, file) == "trashed"
        d.service.later(timedelta(days=1, seconds=1))
        await d.tick()
        gone = await d.file(file["id"])
        assert (gone["status"], gone["referenceCount"]) == ("purged", 0)
        [told] = await d.events("file-deleted")
        assert told.data["reason"] == "binExpired"
        assert len(await d.events("file-unlinked")) == 1
        assert not (d.buckets / "files" / file["objectKey"]).exists()
        assert (await d.did("GET", f"/v1/files/{file['id']}/renditions"))["items"] == []
        await d.tick()
        assert len(await d.events("file-deleted")) == 1


async def test_condemned_bytes_are_kept_for_ninety_days(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        file = await d.uploaded(EICAR)
        d.service.later(timedelta(days=89))
        await d.tick()
        assert await status(d, file) == "quarantined"
        d.service.later(timedelta(days=1, seconds=1))
        await d.tick()
        assert await status(d, file) == "purged"
        assert not (d.buckets / "quarantine" / file["objectKey"]).exists()


async def test_what_nothing_uses_goes_to_the_bin_after_thirty_days(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        used, orphan = await d.uploaded(), await d.uploaded()
        await d.link(used)
        d.service.later(timedelta(days=30, seconds=1))
        await d.tick()
        assert [await status(d, each) for each in (used, orphan)] == ["available", "trashed"]


async def test_a_legal_hold_stops_the_purge_until_it_is_released(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        file = await d.uploaded()
        await d.did("POST", f"/v1/files/{file['id']}/trash")
        hold = {"legalHoldId": uuid7(), "heldFrom": at(clock.now() - timedelta(days=1))}
        who = {"releaseRequestedBy": uuid7(), "releaseApproverId": uuid7()}
        await d.tell("platform.legal-hold-placed", hold)
        d.service.later(timedelta(days=31))
        await d.tick("purge-file")
        assert await status(d, file) == "trashed"
        await d.tell("platform.legal-hold-released", {"legalHoldId": hold["legalHoldId"], **who})
        await d.tell("platform.legal-hold-placed", hold)
        await d.tick("purge-file")
        assert await status(d, file) == "purged", "a hold that was released holds nothing"


async def test_a_retention_lock_stops_the_purge(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        file = await d.uploaded()
        await d.did("POST", f"/v1/files/{file['id']}/trash")
        lock = d.buckets / "retention-locks" / file["objectKey"]
        lock.parent.mkdir(parents=True)
        lock.touch()
        d.service.later(timedelta(days=31))
        await d.tick("purge-file")
        assert await status(d, file) == "trashed"
        lock.unlink()
        await d.tick("purge-file")
        assert await status(d, file) == "purged"


async def test_an_export_meets_its_end_without_the_bin(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        service = d.service.caller(
            "workload",
            organization=d.organization,
            kind="workload",
            scopes=["file:upload", "file:continue", "file:read"],
        )
        file = await d.uploaded(by=service, origin="export")
        assert file["status"] == "available"
        assert "expiresAt" in file
        d.service.later(timedelta(days=7, seconds=1))
        await d.tick()
        assert (await d.file(file["id"], service))["status"] == "purged"
        [told] = await d.events("file-deleted")
        assert told.data["reason"] == "exportExpired"


async def test_an_erased_person_leaves_what_others_use(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        kept, open_ = await d.uploaded(), await d.begun(b"x")
        await d.address(kept)
        other = await d.uploaded(by=d.bob)
        await d.address(other, by=d.bob)
        request = uuid7()
        erased = {"userId": d.ann.subject, "erasureRequestId": request}
        await d.tell("user.user-deleted", erased)
        await d.tell("user.user-deleted", erased)
        assert [await status(d, each) for each in (kept, open_)] == ["available", "purged"]
        first, second = await d.events("file-erasure-completed")
        assert first.data == {
            "userId": str(d.ann.subject),
            "erasureRequestId": str(request),
            "store": "files",
            "erasedItems": 2,
        }
        assert second.data["erasedItems"] == 0
        assert (await d.did("GET", f"/v1/files/{kept['id']}/downloads"))["items"] == []
        path = f"/v1/files/{other['id']}/downloads"
        assert len((await d.did("GET", path, by=d.bob))["items"]) == 1


async def test_the_picture_of_an_erased_profile_goes_to_the_bin(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        picture = await d.uploaded(PNG, "image/png", origin="avatar")
        note = await d.uploaded()
        erased = {
            "userId": d.ann.subject,
            "erasedAt": at(clock.now()),
            "avatarFileId": UUID(picture["id"]),
        }
        await d.tell("user.profile-erased", erased)
        await d.tell("user.profile-erased", erased)
        assert [await status(d, each) for each in (picture, note)] == ["trashed", "available"]
        assert len(await d.events("file-trashed")) == 1


async def test_an_organisation_that_is_gone_leaves_no_byte(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        file, open_ = await d.uploaded(), await d.begun(b"x")
        await d.put(open_, b"x")
        key = tmp_path / "file-service" / "data-keys" / f"{d.organization}.key"
        assert key.exists()
        gone = {"organizationId": d.organization, "dataResidency": "euWest1"}
        await d.tell("user.organization-purged", gone)
        await d.settle()
        assert not key.exists()
        assert [await status(d, each) for each in (file, open_)] == ["purged", "purged"]
        assert not (d.buckets / "files" / file["objectKey"]).exists()
        assert not (d.buckets / "parts" / open_["objectKey"]).exists()
        reasons = [each.data["reason"] for each in await d.events("file-deleted")]
        assert reasons == ["organizationPurged", "organizationPurged"]


async def test_usage_counts_what_is_stored(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        picture = await d.uploaded(PNG, "image/png", origin="avatar")
        note = await d.uploaded(b"words")
        await d.begun(b"announced only")
        assert await d.refused("GET", "/v1/storage-usage") == "403 forbidden"
        report = await d.did("GET", "/v1/storage-usage", by=d.person("org-admin"))
        derived = len(b"words")
        assert report["totalBytes"] == len(PNG) + len(b"words") + derived
        assert report["totalObjects"] == 3
        shares = {each["key"]: each["bytes"] for each in report["byOrigin"]}
        assert shares == {"avatar": picture["sizeBytes"], "upload": note["sizeBytes"] + derived}
        groups = {each["key"]: each["objects"] for each in report["byMediaGroup"]}
        assert groups == {"image": 1, "text": 2}
        assert [each["key"] for each in report["byStorageClass"]] == ["standard"]
        stranger = d.service.caller("org-admin")
        assert (await d.did("GET", "/v1/storage-usage", by=stranger))["totalBytes"] == 0
