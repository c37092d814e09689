"""What the clock does with files, and what it leaves."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from cloudsync_chassis import clock
from cloudsync_chassis.ids import uuid7
from desk import Desk, at, desk
from file_service.generated import models, tables
from file_service.judges import CannotRenderError

pytestmark = pytest.mark.anyio


async def rows(d: Desk, statement: Any) -> list[Any]:
    async with d.service.runtime.database.transaction(write=False) as connection:
        return list((await connection.execute(statement)).all())


async def status(d: Desk, file: Mapping[str, Any]) -> str:
    return str((await d.file(file["id"]))["status"])


async def test_uploads_whose_time_is_over_are_aborted_and_others_go_on(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        early = await d.begun(b"early")
        d.service.later(timedelta(hours=23))
        late = await d.begun(b"late")
        await d.tick()
        assert [await status(d, each) for each in (early, late)] == ["pending", "pending"]
        d.service.later(timedelta(hours=2))
        await d.tick()
        assert [await status(d, each) for each in (early, late)] == ["purged", "pending"]
        assert len(await d.events("upload-aborted")) == 1


async def test_a_scan_that_gave_no_verdict_is_tried_again(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        file = await d.uploaded()
        stuck = sa.update(tables.files).values(
            status="scanning", scan_verdict="none", updated_at=datetime.now(UTC)
        )
        async with d.service.runtime.database.transaction(write=True) as connection:
            await connection.execute(stuck)
        d.service.later(timedelta(minutes=9))
        await d.tick()
        assert await status(d, file) == "scanning"
        d.service.later(timedelta(minutes=11))
        await d.tick()
        assert await status(d, file) == "available"


class Engine:
    """Renderers that can do nothing, until they are upgraded."""

    engine = "old"

    async def render(
        self, content: bytes, media_type: str, variant: models.RenditionVariant
    ) -> bytes:
        if self.engine == "old":
            raise CannotRenderError("no-renderer")
        return b"picture of " + content


async def test_failed_renditions_are_queued_anew_once_renderers_are_upgraded(
    tmp_path: Path,
) -> None:
    async with desk(tmp_path) as d:
        file, d.handlers.renderer = await d.uploaded(), Engine()
        path = f"/v1/files/{file['id']}/renditions"
        await d.did("POST", path, {"variant": "thumb256"})
        await d.tick()

        async def thumb() -> str:
            found = (await d.did("GET", path))["items"]
            return str(next(each["state"] for each in found if each["variant"] == "thumb256"))

        assert await thumb() == "failed"
        d.service.later(timedelta(days=2))
        await d.tick()
        assert await thumb() == "failed", "the same engine cannot do it either"
        d.handlers.renderer.engine = "new"
        d.service.later(timedelta(days=2))
        await d.tick()
        assert await thumb() == "ready"


async def test_a_mark_of_full_storage_goes_once_the_meter_starts_anew(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        now = clock.now()
        full = {
            "subscriptionId": uuid7(),
            "meterCode": "storage_bytes",
            "level": "hard",
            "totalMicros": 100,
            "limitMicros": 100,
            "resetsAt": at(now + timedelta(days=3)),
        }
        await d.tell("billing.quota-exceeded", full)
        marks = sa.select(tables.tenant_states.c.full_until)
        await d.tick()
        assert len(await rows(d, marks)) == 1
        d.service.later(timedelta(days=4))
        await d.tick()
        assert await rows(d, marks) == []


async def test_old_grants_and_sessions_go_and_recent_ones_stay(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        file = await d.uploaded()
        await d.address(file)
        sessions, grants = sa.select(tables.upload_sessions.c.id), sa.select(
            tables.download_grants.c.id
        )
        d.service.later(timedelta(days=6))
        await d.tick()
        assert (len(await rows(d, sessions)), len(await rows(d, grants))) == (1, 1)
        d.service.later(timedelta(days=2))
        await d.address(file)
        await d.tick()
        assert (len(await rows(d, sessions)), len(await rows(d, grants))) == (0, 2)
        d.service.later(timedelta(days=7))
        await d.tick()
        assert len(await rows(d, grants)) == 1


async def test_the_ledger_is_kept_for_thirteen_months(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        file = await d.uploaded()
        await d.link(file)
        days = sa.select(tables.storage_usage.c.day).distinct()
        await d.tick()
        d.service.later(timedelta(days=390))
        await d.tick()
        assert len(await rows(d, days)) == 2
        d.service.later(timedelta(days=10))
        await d.tick()
        assert len(await rows(d, days)) == 2, "the first day is past"
        ledger = sa.select(tables.storage_usage.c.bytes)
        assert {each.bytes for each in await rows(d, ledger)} == {2 * len(b"words")}
