"""Files that are fetched, shared, extended and removed."""

from __future__ import annotations

import asyncio
import hashlib
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from .steps import Desk, played


def test_a_file_ends_with_its_time_and_can_be_extended(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        report = await desk.ready()
        path = f"/v1/reports/{report['id']}"
        ready = datetime.fromisoformat(report["readyAt"].replace("Z", "+00:00"))
        late = {"expiresAt": (ready + timedelta(days=91)).isoformat()}
        slug = await desk.refused(desk.manager, "POST", path + "/extension", late)
        assert slug == "retention-limit"
        longer = {"expiresAt": (ready + timedelta(days=60)).isoformat()}
        await desk.did(desk.manager, "POST", path + "/extension", longer)
        share = {"linkExpiresAt": (ready + timedelta(days=2)).isoformat(), "downloadsLeft": 3}
        await desk.did(desk.manager, "POST", path + "/share-links", share)
        desk.service.later(timedelta(days=31))
        await desk.round()
        assert (await desk.did(desk.manager, "GET", path))["status"] == "ready"
        desk.service.later(timedelta(days=30))
        assert await desk.refused(desk.manager, "GET", path + "/file") == "report-expired"
        await desk.round()
        now = await desk.did(desk.manager, "GET", path)
        assert now["status"] == "expired"
        assert "objectKey" not in now
        assert await desk.refused(desk.manager, "GET", path + "/file") == "report-expired"
        assert not list((tmp_path / "reporting-service/bucket").rglob("*.csv"))
        assert await links(desk) == 0
        desk.service.later(timedelta(days=400))
        await desk.round()
        assert await desk.refused(desk.manager, "GET", path) == "not-found"

    played(tmp_path, play)


async def links(desk: Desk) -> int:
    """How many links there are to reports of the tenant."""
    return await desk.handlers.as_service(desk.organization, desk.handlers.report_share_link.count)


def test_whoever_has_a_token_fetches_the_file_as_often_as_it_says(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        report = await desk.ready()
        path = f"/v1/reports/{report['id']}/share-links"

        async def shared(downloads: int) -> str:
            end = (datetime.now(UTC) + timedelta(days=6)).isoformat()
            body = {"linkExpiresAt": end, "downloadsLeft": downloads}
            return str((await desk.did(desk.manager, "POST", path, body))["token"])

        async def fetched(token: str) -> Any:
            return await desk.service.http.post("/v1/report-downloads", json={"token": token})

        token, other = await shared(2), await shared(100)
        bucket: Any = desk.handlers.world.bucket
        for _ in range(2):
            answer = await fetched(token)
            assert answer.status_code == 200, answer.text
            content = bucket.fetch(answer.json()["url"], datetime.now(UTC))
            assert hashlib.sha256(content).hexdigest() == answer.json()["checksum"]
        for used_up_or_unknown in (token, "A" * 43):
            answer = await fetched(used_up_or_unknown)
            assert (answer.status_code, slug_of(answer)) == (410, "share-ended")
        assert (await fetched("no token")).status_code == 400
        pinned = desk.service.runtime.flags.pinned
        pinned["reporting.downloads"] = False
        assert slug_of(await fetched(other)) == "downloads-stopped"
        path = f"/v1/reports/{report['id']}/file"
        assert await desk.refused(desk.manager, "GET", path) == "downloads-stopped"
        pinned.clear()
        mark = tmp_path / "reporting-service/no-outside-links" / str(desk.organization)
        mark.parent.mkdir()
        mark.touch()
        assert slug_of(await fetched(other)) == "share-ended"
        mark.unlink()
        assert (await fetched(other)).status_code == 200
        desk.service.later(timedelta(days=6, minutes=1))
        assert slug_of(await fetched(other)) == "share-ended"

    played(tmp_path, play)


def test_two_who_come_at_once_get_one_download(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        path = f"/v1/reports/{(await desk.ready())['id']}/share-links"
        end = (datetime.now(UTC) + timedelta(days=1)).isoformat()
        body = {"linkExpiresAt": end, "downloadsLeft": 1}
        token = (await desk.did(desk.manager, "POST", path, body))["token"]
        post = desk.service.http.post
        asked = [post("/v1/report-downloads", json={"token": token}) for _ in range(4)]
        answers = await asyncio.gather(*asked)
        assert sorted(each.status_code for each in answers) == [200, 410, 410, 410]

    played(tmp_path, play)


def slug_of(answer: Any) -> str:
    """The slug of a refusal."""
    return str(answer.json()["type"]).rpartition("/")[2]


def test_links_go_a_day_after_their_end(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        path = f"/v1/reports/{(await desk.ready())['id']}/share-links"
        for days in (1, 3):
            end = (datetime.now(UTC) + timedelta(days=days)).isoformat()
            body = {"linkExpiresAt": end, "downloadsLeft": 5}
            await desk.did(desk.manager, "POST", path, body)
        desk.service.later(timedelta(days=1, hours=12))
        await desk.round()
        assert await links(desk) == 2
        desk.service.later(timedelta(hours=13))
        await desk.round()
        assert await links(desk) == 1

    played(tmp_path, play)


def test_who_may_fetch_a_file(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        reader, colleague = desk.person(), desk.person("data-analyst")
        named = await desk.ready(audience="named", recipientIds=[str(reader.subject)])
        for_admins = await desk.ready(audience="admins")
        private = await desk.ready()
        assert await desk.fetched(named, reader)
        assert await desk.fetched(for_admins, colleague)
        for report, caller in ((named, colleague), (private, colleague), (private, reader)):
            path = f"/v1/reports/{report['id']}/file"
            assert await desk.refused(caller, "GET", path) == "forbidden"
        from_elsewhere = desk.service.caller("org-owner")
        path = f"/v1/reports/{for_admins['id']}/file"
        assert await desk.refused(from_elsewhere, "GET", path) == "not-found"
        metrics = (await desk.service.http.get("/metrics")).text
        size = named["sizeBytes"] + for_admins["sizeBytes"]
        assert re.search(rf"reporting_export_bytes_total\{{.*\}} {float(size)}", metrics)

    played(tmp_path, play)


def test_an_address_is_good_for_five_minutes_and_for_its_own_file(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        report = await desk.ready()
        path = f"/v1/reports/{report['id']}/file"
        answer = await desk.did(desk.manager, "GET", path)
        bucket: Any = desk.handlers.world.bucket
        now = datetime.now(UTC)
        assert bucket.fetch(answer["url"], now) is not None
        assert bucket.fetch(answer["url"], now + timedelta(minutes=6)) is None
        assert (
            bucket.fetch(answer["url"].replace(report["id"], str(desk.organization)), now) is None
        )
        later = re.sub(r"until=\d+", "until=99999999999", answer["url"])
        assert bucket.fetch(later, now) is None
        [stored] = (tmp_path / "reporting-service/bucket").rglob("*.csv")
        assert b"Seats" not in stored.read_bytes()

    played(tmp_path, play)


def test_a_link_shows_its_token_once(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        report = await desk.ready()
        path = f"/v1/reports/{report['id']}/share-links"

        def until(days: float) -> dict[str, Any]:
            end = datetime.now(UTC) + timedelta(days=days)
            return {"linkExpiresAt": end.isoformat(), "downloadsLeft": 5}

        made = await desk.did(desk.manager, "POST", path, until(6))
        assert len(made["token"]) == 43
        link = await desk.handlers.as_service(
            desk.organization, lambda ctx: desk.handlers.report_share_link.find(ctx)
        )
        assert link is not None
        assert link.token_digest == hashlib.sha256(made["token"].encode()).hexdigest()
        assert link.shared_by == desk.manager.subject
        assert await desk.refused(desk.manager, "POST", path, until(8)) == "invariant-broken"
        assert await desk.refused(desk.manager, "POST", path, until(-1)) == "rule-broken"
        assert await desk.refused(desk.person(), "POST", path, until(1)) == "forbidden"
        await desk.did(desk.person("org-admin"), "POST", path, until(1))
        gone = f"{path}/{made['reportShareLinkId']}"
        await desk.did(desk.manager, "DELETE", gone)
        assert await desk.refused(desk.manager, "DELETE", gone) == "not-found"
        mark = tmp_path / "reporting-service/no-outside-links" / str(desk.organization)
        mark.parent.mkdir()
        mark.touch()
        assert await desk.refused(desk.manager, "POST", path, until(1)) == "sharing-forbidden"
        mark.unlink()
        desk.silence("metrics-service", "Query")
        failed = await desk.ended(await desk.report(rangeEnd="2026-09-02"))
        path = f"/v1/reports/{failed['id']}/share-links"
        assert await desk.refused(desk.manager, "POST", path, until(1)) == "report-not-ready"

    played(tmp_path, play)
