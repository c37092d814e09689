"""What the clock does with entries, queries and rebuilds, and what it leaves."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock, patch

import pytest
from cloudsync_chassis import clock
from cloudsync_chassis.context import Context
from library import Library, at, library

pytestmark = pytest.mark.anyio


async def test_tombstones_go_after_seven_days_and_entries_stay(tmp_path: Path) -> None:
    async with library(tmp_path) as lib:
        old, kept = await lib.document("Old"), await lib.document("Kept")
        await lib.tell("content.document-deleted", documentId=old, attachmentFileIds=[])
        lib.service.later(timedelta(days=6))
        await lib.service.tick()
        path = f"/v1/index-entries/document/{old}"
        assert await lib.refused("GET", path, by=lib.author) == "404 not-found"
        assert await lib.graves() == 1
        lib.service.later(timedelta(days=2))
        await lib.service.tick()
        assert await lib.refused("GET", path, by=lib.author) == "404 not-found"
        assert await lib.graves() == 0
        await lib.did("GET", f"/v1/index-entries/document/{kept}", by=lib.author)


async def test_saved_searches_run_at_their_pace_and_some_never(tmp_path: Path) -> None:
    async with library(tmp_path) as lib:
        for cadence in ("never", "instant", "weekly"):
            body = {"searchName": cadence, "queryText": "tender", "alertCadence": cadence}
            await lib.did("POST", "/v1/saved-searches", body)
        await lib.document("Tender")
        lib.service.later(timedelta(minutes=2))
        await lib.service.tick()
        assert len(await lib.events("saved-search-matched")) == 1
        lib.service.later(timedelta(days=8))
        await lib.service.tick()
        assert len(await lib.events("saved-search-matched")) == 2
        mine = {"ownerId": str(lib.ann.subject)}
        found = (await lib.did("GET", "/v1/saved-searches", **mine))["items"]
        ran = {each["searchName"]: "lastRunAt" in each for each in found}
        assert ran == {"never": False, "instant": True, "weekly": True}


async def test_what_could_not_be_written_is_given_up_after_five_tries(tmp_path: Path) -> None:
    async with library(tmp_path) as lib:
        with patch.object(lib.handlers, "commit", AsyncMock(side_effect=OSError)):
            draft = lib.draft("Plan")
            await lib.put(draft)
            path = f"/v1/index-entries/document/{draft['sourceId']}"
            for _ in range(5):
                await lib.service.tick()
                entry = await lib.did("GET", path, by=lib.author)
                assert entry["status"] == "queued"
                lib.service.later(timedelta(minutes=2))
            await lib.service.tick()
        entry = await lib.did("GET", path, by=lib.author)
        assert (entry["status"], entry["failureCode"]) == ("failed", "write-failed")
        await lib.service.tick("commit-waiting")
        assert await lib.found("plan") == []


async def test_what_was_left_waiting_is_written_by_the_clock(tmp_path: Path) -> None:
    async with library(tmp_path) as lib:
        with patch.object(lib.handlers, "commit", AsyncMock(side_effect=OSError)):
            await lib.put(lib.draft("Plan"))
        assert await lib.found("plan") == []
        await lib.service.tick()
        assert await lib.found("plan") == ["Plan"]


async def test_stale_entries_are_written_anew(tmp_path: Path) -> None:
    async with library(tmp_path) as lib:
        draft = lib.draft("Plan")
        await lib.put(draft)

        async def invalidate(ctx: Context) -> None:
            source = draft["sourceId"]
            await lib.handlers.search_entry.transition(
                ctx, "invalidate-entry", source, None, sourceKind="document"
            )

        await lib.within(invalidate)
        assert await lib.found("plan") == []
        await lib.service.tick()
        assert await lib.found("plan") == ["Plan"]


async def test_queries_are_forgotten_after_ninety_days(tmp_path: Path) -> None:
    async with library(tmp_path) as lib:
        await lib.put(lib.draft("Plan"))
        await lib.found("plan")
        asked: list[int] = []

        async def count(ctx: Context) -> None:
            asked.append(await lib.handlers.asked.count(ctx))

        for days in (89, 2):
            lib.service.later(timedelta(days=days))
            await lib.service.tick()
            await lib.within(count)
        assert asked == [1, 0]


async def rebuild(lib: Library, **wish: Any) -> str:
    """The path of a rebuild."""
    operator = lib.person("platform-operator")
    body = {"scope": "all", "targetIndex": "documents-v2-20261127", **wish}
    job = await lib.did("POST", "/v1/reindex-jobs", body, by=operator)
    return f"/v1/reindex-jobs/{job['id']}"


async def test_a_rebuild_goes_through_its_phases_and_switches(tmp_path: Path) -> None:
    async with library(tmp_path) as lib:
        await lib.put(lib.draft("Plan"), lib.draft("Plot"))
        other = Library(lib.service, lib.handlers, tmp_path)
        await other.put(other.draft("Foreign"))
        path, operator = await rebuild(lib), lib.person("platform-operator")
        job = await lib.did("GET", path, by=operator)
        assert job["phase"] == "preparing"
        for _ in range(4):
            await lib.service.tick()
            lib.service.later(timedelta(seconds=11))
        job = await lib.did("GET", path, by=operator)
        assert job["phase"] == "switched"
        assert (job["total"], job["processed"], job["failed"]) == (3, 3, 0)
        [told] = await lib.events("reindex-completed")
        assert told.data["targetIndex"] == job["targetIndex"]
        assert await lib.found("plan") == ["Plan"]


async def test_a_rebuild_copies_no_faster_than_its_throttle_and_can_be_called_off(
    tmp_path: Path,
) -> None:
    async with library(tmp_path, reindex_docs_per_second=0) as lib:
        await lib.put(lib.draft("Plan"))
        path, operator = await rebuild(lib), lib.person("platform-operator")
        await lib.service.tick("rebuild-indices")
        await lib.service.tick("rebuild-indices")
        job = await lib.did("GET", path, by=operator)
        assert (job["phase"], job["processed"]) == ("copying", 0)
        await lib.did("POST", f"{path}/cancel", by=operator)
        await lib.service.tick("rebuild-indices")
        job = await lib.did("GET", path, by=operator)
        assert (job["phase"], job["processed"]) == ("cancelled", 0)


async def test_popularity_is_rated_each_day(tmp_path: Path) -> None:
    async with library(tmp_path) as lib:
        draft = lib.draft("Plan", contentChangedAt=at(clock.now()))
        await lib.put(draft)
        path = f"/v1/index-entries/document/{draft['sourceId']}"
        await lib.service.tick()
        answer = await lib.did("GET", "/v1/search", q="plan")
        click = {"rank": 1, "sourceKind": "document", "sourceId": draft["sourceId"]}
        await lib.did("POST", f"/v1/search/{answer['queryId']}/clicks", click)
        lib.service.later(timedelta(hours=1))
        await lib.service.tick()
        assert (await lib.did("GET", path, by=lib.author))["popularity"] == 0
        lib.service.later(timedelta(days=1))
        await lib.service.tick()
        rated = (await lib.did("GET", path, by=lib.author))["popularity"]
        assert rated == pytest.approx(1 / 11)
