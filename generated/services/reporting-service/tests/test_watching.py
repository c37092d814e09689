"""What screens listen to, over server-sent events."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cloudsync_chassis.client.call import Call
from cloudsync_chassis.security.principal import Principal
from cloudsync_chassis.security.tokens import TokenIssuer
from cloudsync_chassis.testing import Caller

from .steps import Desk, metric, played

MINUTE = timedelta(minutes=1)


def briefly(desk: Desk, caller: Caller, seconds: int, *roles: str) -> dict[str, str]:
    """The headers of somebody whose token ends soon."""
    runtime = desk.service.runtime
    issuer = TokenIssuer(runtime.identity.keys.ensure(), runtime.settings.issuer, seconds)
    held = frozenset(roles or ("team-manager",))
    who = Principal(str(caller.subject), "user", caller.organization, held)
    return {"Authorization": f"Bearer {issuer.issue(who, [runtime.spec.name])}"}


async def listened(desk: Desk, query: str, headers: dict[str, str]) -> list[Any]:
    """What came until the end: data by the field, problems by their slug."""
    sent = {"Accept": "text/event-stream", **headers}
    answer = await desk.service.http.post("/graphql/analytics", json={"query": query}, headers=sent)
    found: list[Any] = []
    for each in answer.text.split("\n\n"):
        _, _, content = each.partition("data: ")
        if content.strip():
            told = json.loads(content)
            problems = told.get("errors", ())
            found += [one["extensions"]["type"].rpartition("/")[2] for one in problems]
            found += (told.get("data") or {}).values()
    return found


def progress(report: Any) -> str:
    asked = f'reportProgress(reportId: "{report["id"]}")'
    return f"subscription {{ {asked} {{ status progressPercent }} }}"


def ticker(*keys: str) -> str:
    listed = f"metricTicker(metricKeys: {json.dumps(keys)})"
    return f"subscription {{ {listed} {{ metricKey bucketStart value sampleCount }} }}"


def test_a_report_is_watched_until_it_has_ended(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        desk.tell_series()
        report = await desk.report()
        watching = asyncio.create_task(listened(desk, progress(report), desk.manager.headers))
        await asyncio.sleep(0.3)
        done = await desk.ended(report)
        told = await watching
        assert told[0] == {"status": "REQUESTED", "progressPercent": 0}
        assert told[-1] == {"status": done["status"].upper(), "progressPercent": 100}
        percents = [each["progressPercent"] for each in told]
        assert percents == sorted(percents)
        # who comes afterwards is told once
        assert await listened(desk, progress(report), desk.manager.headers) == told[-1:]

    played(tmp_path, play)


def test_a_report_is_shown_to_whom_it_may_be(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        report = await desk.report(audience="private")
        asked = progress(report)
        assert await listened(desk, asked, {}) == ["unauthenticated"]
        elsewhere = desk.service.caller("team-manager")
        assert await listened(desk, asked, elsewhere.headers) == ["not-found"]
        colleague = desk.person("team-manager")
        assert await listened(desk, asked, colleague.headers) == ["forbidden"]
        unknown = desk.person("nobody")
        assert await listened(desk, asked, unknown.headers) == ["forbidden"]

    played(tmp_path, play)


def minutes(desk: Desk, ready_until: list[datetime], value: float = 5.0) -> None:
    """Metrics have a point for each minute that is asked for, and all facts up to a moment."""

    def answer(call: Call) -> Any:
        desk.asked.append(call.body)
        since, until = (datetime.fromisoformat(str(call.body[e])) for e in ("since", "until"))
        count = int((until - since) / MINUTE)
        points = [
            {"bucketStart": (since + MINUTE * n).isoformat(), "value": value, "sampleCount": 3}
            for n in range(count)
        ]
        series = [
            {"metricKey": key, "dimensionValues": {}, "points": points, "suppressedGroups": 0}
            for key in call.body["metricKeys"]
        ]
        return {"series": series, "computedThrough": ready_until[0].isoformat()}

    desk.service.answers("metrics-service", "Query", answer)


def test_metrics_tick_with_each_minute_that_has_closed(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        desk.tell_dictionary(metric(granularities=["minute", "hour"]))
        now = datetime.now(UTC).replace(second=0, microsecond=0)
        ready = [now - 3 * MINUTE]
        minutes(desk, ready)
        headers = briefly(desk, desk.manager, 3)
        watching = asyncio.create_task(listened(desk, ticker("active_users"), headers))
        await asyncio.sleep(0.7)
        ready[0] = now - MINUTE
        await asyncio.sleep(0.7)
        desk.silence("metrics-service", "Query")
        *told, last = await watching
        assert last == "unauthenticated"
        starts = [datetime.fromisoformat(each["bucketStart"]) for each in told]
        assert starts == [starts[0] + MINUTE * place for place in range(len(starts))]
        assert starts[-1] == now - 2 * MINUTE
        assert {each["metricKey"] for each in told} == {"active_users"}
        assert desk.asked[-1]["granularity"] == "minute"

    played(tmp_path, play, ticker_pause=0.2)


def test_a_ticker_is_refused_as_an_exploration_is(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        desk.tell_dictionary(
            metric(granularities=["minute"]),
            metric("mrr_minor", sensitivity="finance", granularities=["minute"]),
            metric("storage_bytes"),
        )
        headers = desk.manager.headers
        assert await listened(desk, ticker("mrr_minor"), headers) == ["metric-unknown"]
        assert await listened(desk, ticker("storage_bytes"), headers) == ["rule-broken"]
        assert await listened(desk, ticker("active_users"), {}) == ["unauthenticated"]
        desk.silence("metrics-service", "Query")
        assert await listened(desk, ticker("active_users"), headers) == ["source-unavailable"]

    played(tmp_path, play)
