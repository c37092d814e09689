"""Copies of the trail: what is in them, that they are whole, and that they go."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from audit_service.generated import models, operations, port
from audit_service.generated.models import AuditExportFormat, ExportStatus
from cloudsync_chassis.events.envelope import Actor
from office import DAY, Office, at_office, moment


async def export(office: Office, form: AuditExportFormat, **more: Any) -> models.AuditExport:
    stretch = {"range_from": moment(-DAY), "range_to": moment(DAY), **more}
    request = port.RequestAuditExport(body=models.RequestAuditExportRequest(format=form, **stretch))
    made = await office.ask(operations.REQUEST_AUDIT_EXPORT, request, office.officer)
    await office.service.tick()
    asked = port.GetAuditExport(audit_export_id=made.id)
    found = await office.ask(operations.GET_AUDIT_EXPORT, asked, office.officer)
    assert isinstance(found, models.AuditExport)
    return found


def file_of(office: Office, found: models.AuditExport) -> Path:
    (path,) = (office.state / "buckets" / "audit-exports").glob(f"*{found.id}*")
    return path


def test_a_copy_is_offered_for_a_day_with_its_digest(tmp_path: Path) -> None:
    async def check(office: Office) -> None:
        events = [await office.tell(data={"reason": "one\ntwo"}) for _ in range(3)]
        found = await export(office, AuditExportFormat.jsonl)
        assert (found.status, found.record_count) == (ExportStatus.ready, 4)
        path = file_of(office, found)
        content = path.read_bytes()
        assert found.sha256 == hashlib.sha256(content).hexdigest()
        assert path.stat().st_mode & 0o777 == 0o600
        lines = [json.loads(each) for each in content.splitlines()]
        assert [each["id"] for each in lines[:3]] == [str(each.id) for each in events]
        assert lines[3]["action"] == "audit:export"
        (told,) = await office.events("audit-export-ready")
        assert told.data["sha256"] == found.sha256
        assert told.data["requestedBy"] == str(office.officer.subject)
        office.service.later(timedelta(hours=23))
        await office.service.tick("sweep-exports")
        assert path.exists()
        office.service.later(timedelta(hours=2))
        await office.service.tick("sweep-exports")
        assert not path.exists()

    at_office(tmp_path, check)


def test_a_sheet_calculates_nothing(tmp_path: Path) -> None:
    async def check(office: Office) -> None:
        event = await office.tell()
        await office.tamper(event.id, resourceId='=HYPERLINK("http://x")')
        found = await export(office, AuditExportFormat.csv)
        text = file_of(office, found).read_text("utf-8")
        rows = list(csv.DictReader(io.StringIO(text)))
        assert rows[0]["resourceId"] == '\'=HYPERLINK("http://x")'
        assert rows[0]["id"] == str(event.id)

    at_office(tmp_path, check)


def test_lines_of_the_common_event_format_cannot_be_forged(tmp_path: Path) -> None:
    async def check(office: Office) -> None:
        actor = Actor("app_user", "0190aaaa-0000-7000-8000-000000000001")
        event = await office.tell(actor=actor)
        await office.tamper(event.id, resourceId="x\nCEF:0|a|b=c\\")
        found = await export(office, AuditExportFormat.cef)
        lines = file_of(office, found).read_text("utf-8").splitlines()
        assert len(lines) == found.record_count
        head = "CEF:0|cloudsync|audit-service|1.0.0|user:update|user:update|2|"
        assert lines[0].startswith(f"{head}rt={int(event.time.timestamp() * 1000)} ")
        assert "deviceCustomString1=user/x CEF:0|a|b\\=c\\\\ " in lines[0]
        assert f"suid={actor.id} suser=user" in lines[0]

    at_office(tmp_path, check)


def test_one_copy_is_written_at_a_time_and_of_a_year_at_most(tmp_path: Path) -> None:
    async def check(office: Office) -> None:
        wish = operations.REQUEST_AUDIT_EXPORT

        now = moment()

        def asked(days: int) -> port.RequestAuditExport:
            body = models.RequestAuditExportRequest(
                range_from=now - days * DAY, range_to=now, format=AuditExportFormat.csv
            )
            return port.RequestAuditExport(body=body)

        assert await office.refused(wish, asked(367), office.officer) == "range-too-wide"
        await office.ask(wish, asked(366), office.officer)
        assert await office.refused(wish, asked(3), office.officer) == "export-running"
        other = office.service.caller("security-admin")
        await office.ask(wish, asked(3), other)
        await office.service.tick()
        await office.ask(wish, asked(3), office.officer)

    at_office(tmp_path, check)


def test_a_copy_that_cannot_be_written_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def check(office: Office) -> None:
        async def full(*told: object) -> str:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(office.handlers.exports, "keep", full)
        found = await export(office, AuditExportFormat.csv)
        assert (found.status, found.problem) == (ExportStatus.failed, "storage-unavailable")
        assert await office.events("audit-export-ready") == []

    at_office(tmp_path, check)
