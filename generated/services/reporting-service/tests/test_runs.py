"""From the wish to the file: limits, sources, formats, and the end of a file."""

from __future__ import annotations

import asyncio
import csv
import gzip
import hashlib
import io
import json
import re
import struct
import zipfile
import zlib
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from cloudsync_chassis.ids import uuid7
from cloudsync_chassis.problem import CONDITION_NOT_MET, Problem
from reporting_service.generated import models, port
from reporting_service.parquet import as_parquet
from reporting_service.written import Table, Written

from .steps import Desk, played, wish


def test_a_wish_becomes_a_file_that_its_checksum_proves(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        desk.tell_series(12.5)
        asked = await desk.report(parameters={"team": "north"}, timeZone="Europe/Berlin")
        assert (asked["status"], asked["attempt"]) == ("requested", 0)
        done = await desk.ended(asked)
        assert (done["status"], done["attempt"], done["progressPercent"]) == ("ready", 1, 100)
        content = await desk.fetched(done)
        assert hashlib.sha256(content).hexdigest() == done["checksum"]
        assert len(content) == done["sizeBytes"]
        rows = list(csv.reader(io.StringIO(content.decode())))
        assert rows[0] == ["Seats in autumn"]
        assert ["team: north"] in rows
        assert ["seats_active", "2026-09-01", "12.5", "3"] in rows
        assert done["rowCount"] == 3
        first = desk.asked[0]
        assert first["filters"] == [{"dimension": "team", "anyOf": ["north"]}]
        assert str(first["since"]).startswith("2026-08-31T22:00")  # midnight in Berlin
        [ready] = await desk.events("report-ready")
        assert ready["reportId"] == asked["id"]
        assert ready["sizeBytes"] == len(content)
        [requested] = await desk.events("report-requested")
        assert requested["requestedBy"] == str(desk.manager.subject)

    played(tmp_path, play)


def test_texts_of_others_are_no_formulas(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        desk.tell_series(-1.0, team="=1+1")
        done = await desk.ended(await desk.report(title="@SUM(A1)"))
        rows = list(csv.reader(io.StringIO((await desk.fetched(done)).decode())))
        assert rows[0] == ["'@SUM(A1)"]
        assert ["seats_active", "2026-09-01", "'=1+1", "-1.0", "3"] in rows

    played(tmp_path, play)


def test_other_formats_hold_the_same_numbers(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        desk.tell_series(4711.0, team="<north> & (south)")
        files = {}
        for kind in ("json", "xlsx", "pdf", "parquet"):
            done = await desk.ended(await desk.report(format=kind, title="Seats (all) ✓"))
            assert done["status"] == "ready", done
            files[kind] = await desk.fetched(done)
        told = json.loads(files["json"])
        by_team = told["sections"][1]["rows"][0]
        assert by_team["value"] == 4711.0
        assert by_team["team"] == "<north> & (south)"
        with zipfile.ZipFile(io.BytesIO(files["xlsx"])) as book:
            assert book.testzip() is None
            sheet = book.read("xl/worksheets/sheet3.xml").decode()
        assert "<v>4711.0</v>" in sheet
        assert "&lt;north&gt; &amp; (south)" in sheet
        assert files["parquet"].endswith(b"PAR1")
        pdf = files["pdf"]
        assert pdf.startswith(b"%PDF-1.4")
        [stream] = re.findall(rb"stream\n(.*?)\nendstream", pdf, re.DOTALL)
        text = zlib.decompress(stream)
        assert b"4711.0" in text
        assert b"(Seats \\(all\\) ?)" in text
        start = int(pdf.rsplit(b"startxref\n", 1)[1].split()[0])
        assert pdf[start:].startswith(b"xref\n")
        for place in re.findall(rb"^(\d{10}) 00000 n", pdf[start:], re.MULTILINE):
            assert re.match(rb"\d+ 0 obj", pdf[int(place) :])

    played(tmp_path, play)


def test_parquet_holds_columns_of_all_sections() -> None:
    first = Table("Curve", ("metric", "value"), [("a", 1.5), ("b", 2)])
    second = Table("Listed", ("at", "metric"), [("2026-01-01", "é")])
    written = Written(
        title="Both",
        caption="Two sections",
        first_day=date(2026, 1, 1),
        last_day=date(2026, 1, 2),
        time_zone="Etc/UTC",
        made_at=datetime(2026, 1, 3, tzinfo=UTC),
        tables=[first, second],
    )
    content = as_parquet(written)
    assert content[:4] == content[-4:] == b"PAR1"
    assert as_parquet(written) == content
    footer = content[-8 - int.from_bytes(content[-8:-4], "little") : -8]
    for name in (b"section", b"metric", b"value", b"at", b"Two sections"):
        assert bytes([len(name)]) + name in footer
    pages = [gzip.decompress(b"\x1f\x8b" + each) for each in _packed(content)]
    assert [each[4 : 4 + each[0]] for each in pages] == [
        b"\x06\x01",
        b"\x06\x01",
        b"\x04\x01\x02\x00",
        b"\x04\x00\x02\x01",
    ]
    assert pages[2][8:] == struct.pack("<2d", 1.5, 2.0)
    assert pages[3][8:] == b"\x0a\0\0\x002026-01-01"


def _packed(content: bytes) -> list[bytes]:
    """The packed pages, without the two bytes by which each begins."""
    end = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    found = []
    for part in content[:end].split(b"\x1f\x8b")[1:]:
        unpacking = zlib.decompressobj(31)
        unpacking.decompress(b"\x1f\x8b" + part)
        assert unpacking.eof
        found.append(part[: len(part) - len(unpacking.unused_data)])
    return found


def test_a_source_that_is_away_fails_the_run_and_a_retry_may_heal_it(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        desk.silence("metrics-service", "Query")
        failed = await desk.ended(await desk.report())
        assert (failed["status"], failed["failureCode"]) == ("failed", "sourceUnavailable")
        [told] = await desk.events("report-failed")
        assert (told["failureCode"], told["attempt"]) == ("sourceUnavailable", 1)
        path = f"/v1/reports/{failed['id']}"
        assert await desk.refused(desk.manager, "GET", path + "/file") == "report-not-ready"
        stranger = desk.person()
        assert await desk.refused(stranger, "POST", path + "/retry") == "forbidden"
        desk.tell_series()
        await desk.did(desk.manager, "POST", path + "/retry")
        done = await desk.ended(failed)
        assert (done["status"], done["attempt"]) == ("ready", 2)
        assert "failureCode" not in done
        assert await desk.refused(desk.manager, "POST", path + "/retry") == "illegal-transition"

    played(tmp_path, play)


def test_a_report_is_begun_four_times_at_most(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        desk.silence("metrics-service", "Query")
        report = await desk.ended(await desk.report())
        path = f"/v1/reports/{report['id']}/retry"
        for attempt in (2, 3, 4):
            await desk.did(desk.manager, "POST", path)
            assert (await desk.ended(report))["attempt"] == attempt
        assert await desk.refused(desk.manager, "POST", path) == "retries-exhausted"

    played(tmp_path, play)


def test_an_absent_source_is_stood_in_for_by_the_last_answer(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        await desk.ready(format="json")
        desk.silence("metrics-service", "Query")
        old = await desk.ended(await desk.report(format="json"))
        told = json.loads(await desk.fetched(old))
        assert told["sections"][0]["notes"][0].startswith("the source was away; as of ")
        other = await desk.ended(await desk.report(rangeEnd="2026-09-29"))
        assert other["failureCode"] == "sourceUnavailable"

    played(tmp_path, play)


def test_rows_of_another_tenant_make_no_file(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        desk.tell_series(1.0, organization=str(desk.organization))
        assert (await desk.ended(await desk.report()))["status"] == "ready"
        desk.tell_series(1.0, organization="01890000-0000-7000-8000-00000000000b")
        report = await desk.ended(await desk.report())
        assert report["status"] == "failed"
        metrics = (await desk.service.http.get("/metrics")).text
        assert re.search(r"reporting_foreign_rows_total\{.*seat-utilisation.*\} 2\.0", metrics)

    played(tmp_path, play)


def test_a_section_without_its_archive_is_left_out_and_says_so(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        desk.tell_series()
        admin = desk.person("org-admin")
        report = await desk.report(admin, templateKey="security-posture", format="json")
        told = json.loads(await desk.fetched(await desk.ended(report, admin), admin))
        assert told["sections"][2]["notes"] == ["left out: the archive did not answer"]
        assert told["sections"][0]["rows"]

    played(tmp_path, play)


def test_what_cannot_be_asked_for(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        async def slug(**more: Any) -> str:
            return await desk.refused(desk.manager, "POST", "/v1/reports", wish(**more))

        assert await slug(templateKey="of-my-own") == "template-not-in-plan"
        assert await slug(templateKey="billing-summary") == "forbidden"
        assert await slug(rangeStart="2025-01-01") == "range-too-wide"
        assert await slug(parameters={"galaxy": "x"}) == "rule-broken"
        assert await slug(timeZone="Moon/Base") == "rule-broken"
        assert await slug(rangeStart="2026-10-01") == "invariant-broken"
        admin = desk.person("org-owner")
        body = wish(templateKey="security-posture", rangeStart="2026-06-01")
        assert await desk.refused(admin, "POST", "/v1/reports", body) == "range-too-wide"

    played(tmp_path, play)


def leaving(begun: list[models.Report]) -> Callable[[models.Report], Awaitable[None]]:
    """Writes no report, as a process that dies on it: notes only which ones it has begun."""

    async def produce(report: models.Report) -> None:
        begun.append(report)

    return produce


def test_twenty_are_under_way_and_five_of_them_run(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        desk.tell_series()
        for _ in range(20):
            await desk.report()
        slug = await desk.refused(desk.manager, "POST", "/v1/reports", wish())
        assert slug == "report-quota-exceeded"
        begun = list[models.Report]()
        desk.handlers._produce = leaving(begun)  # type: ignore[method-assign]
        await desk.round()
        assert len(begun) == 5
        with pytest.raises(Problem) as refused:
            await desk.handlers.as_service(
                desk.organization, lambda ctx: desk.handlers.start_report(ctx, port.StartReport())
            )
        assert refused.value.kind == CONDITION_NOT_MET
        page = await desk.did(desk.manager, "GET", "/v1/reports?status=queued")
        assert len(page["items"]) == 15
        oldest = min(begun, key=lambda each: each.created_at)
        assert all(each["createdAt"] >= oldest.created_at.isoformat() for each in page["items"])

    played(tmp_path, play)


def test_beyond_the_number_of_a_day_wishes_fail(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        desk.tell_series()
        assert (await desk.ended(await desk.report()))["status"] == "ready"
        assert (await desk.ended(await desk.report()))["status"] == "ready"
        third = await desk.ended(await desk.report())
        assert (third["status"], third["failureCode"]) == ("failed", "cancelledByLimit")
        desk.service.later(timedelta(days=1))
        assert (await desk.ended(await desk.report()))["status"] == "ready"

    played(tmp_path, play, reports_per_day=2)


def test_a_cancelled_run_leaves_no_file(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        desk.tell_series()
        report = await desk.report()
        begun, produce = list[models.Report](), desk.handlers._produce
        desk.handlers._produce = leaving(begun)  # type: ignore[method-assign]
        await desk.round()
        path = f"/v1/reports/{report['id']}"
        await desk.did(desk.manager, "POST", path + "/cancel")
        await produce(begun[0])
        assert (await desk.did(desk.manager, "GET", path))["status"] == "cancelled"
        assert not list((tmp_path / "reporting-service/bucket").rglob("*.csv"))
        assert await desk.refused(desk.manager, "POST", path + "/retry") == "illegal-transition"

    played(tmp_path, play)


def test_a_run_whose_worker_died_is_given_up(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        report = await desk.report()
        desk.handlers._produce = leaving([])  # type: ignore[method-assign]
        await desk.round()
        desk.service.later(timedelta(minutes=14))
        await desk.round()
        path = f"/v1/reports/{report['id']}"
        assert (await desk.did(desk.manager, "GET", path))["status"] == "running"
        desk.service.later(timedelta(minutes=2))
        await desk.round()
        now = await desk.did(desk.manager, "GET", path)
        assert (now["status"], now["failureCode"]) == ("failed", "timeout")

    played(tmp_path, play)


def test_a_file_that_the_bucket_does_not_hold_is_not_ready(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        desk.handlers._produce = leaving([])  # type: ignore[method-assign]
        report = await desk.report()
        await desk.round()
        key = f"{desk.organization}/{report['id']}.csv"
        said = {"objectKey": key, "checksum": "0" * 64, "rowCount": 1, "sizeBytes": 5}

        async def completed() -> Any:
            body = models.CompleteReportRequest.model_validate(said, strict=False)
            done = port.CompleteReport(report_id=UUID(report["id"]), body=body)
            return await desk.handlers.as_service(
                desk.organization, lambda ctx: desk.handlers.complete_report(ctx, done)
            )

        with pytest.raises(Problem, match="does not hold"):
            await completed()
        desk.handlers.world.bucket.put(key, b"a,b,c")
        with pytest.raises(Problem, match="another file"):
            await completed()
        said["checksum"] = hashlib.sha256(b"a,b,c").hexdigest()
        assert (await completed()).status == "ready"

    played(tmp_path, play)


def test_days_of_a_template_are_counted(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        desk.tell_series()
        whole_year = await desk.ended(await desk.report(rangeStart="2025-10-01"))
        assert whole_year["status"] == "ready"
        assert desk.asked[-1]["granularity"] == "month"
        assert date.fromisoformat(whole_year["rangeStart"]) == date(2025, 10, 1)

    played(tmp_path, play)


def test_what_a_stopped_process_left_is_taken_up_by_the_next(tmp_path: Path) -> None:
    left: dict[str, Any] = {}

    async def first(desk: Desk) -> None:
        left.update(report=await desk.report(), manager=desk.manager)

    async def second(desk: Desk) -> None:
        desk.tell_series()
        was = left["manager"]
        manager = desk.service.caller(
            "team-manager", organization=was.organization, subject=was.subject
        )
        assert (await desk.ended(left["report"], manager))["status"] == "ready"

    played(tmp_path, first)
    played(tmp_path, second)


def test_lines_go_after_thirteen_months(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        old = await desk.ready()
        for days, left in ((390, 1), (7, 0)):
            desk.service.later(timedelta(days=days))
            await desk.round()
            page = await desk.did(desk.manager, "GET", "/v1/reports")
            assert [each["id"] for each in page["items"]] == [old["id"]][:left]

    played(tmp_path, play)


def test_a_process_writes_eight_reports_at_a_time(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        desk.tell_series()
        others = [desk.person(organization=uuid7()) for _ in range(2)]
        managers = [desk.manager] * 5 + [others[0]] * 5 + [others[1]] * 5
        begun, gate = list[models.Report](), asyncio.Event()
        produce = desk.handlers._produce

        async def held(report: models.Report) -> None:
            begun.append(report)
            await gate.wait()
            await produce(report)

        desk.handlers._produce = held  # type: ignore[method-assign]
        for manager in managers:
            await desk.report(manager)
        running = asyncio.create_task(desk.round())
        async with asyncio.timeout(20):
            while len(begun) < 8:
                await asyncio.sleep(0.01)
        await desk.service.runtime.work.do(["start-reports"])
        assert len(begun) == 8
        gate.set()
        await running
        await desk.round()
        assert len(begun) == 15
        page = await desk.did(others[1], "GET", "/v1/reports?status=ready")
        assert len(page["items"]) == 5

    played(tmp_path, play)
