"""Questions: what is found by whom, in which order, and what of it is told."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from cloudsync_chassis import clock
from cloudsync_chassis.ids import uuid7
from library import at, library

pytestmark = pytest.mark.anyio


async def test_headings_weigh_more_and_fresh_things_come_first(tmp_path: Path) -> None:
    async with library(tmp_path) as lib:
        old = at(clock.now() - timedelta(days=400))
        await lib.put(
            lib.draft("Notes", "The budget was discussed for a while with everybody"),
            lib.draft("Budget", "Numbers"),
            lib.draft("Budget", "Numbers again", contentChangedAt=old),
        )
        answer = await lib.did("GET", "/v1/search", q="budgets")
        assert [each["heading"] for each in answer["items"]] == ["Budget", "Budget", "Notes"]
        scores = [each["score"] for each in answer["items"]]
        assert scores == sorted(scores, reverse=True)
        assert answer["items"][1]["contentChangedAt"] == old
        assert answer["items"][2]["highlights"] == [
            "The \x02budget\x03 was discussed for a while with everybody"
        ]
        assert answer["total"] == 3
        recent = await lib.found("budget", sort="recent")
        assert recent[-1] == "Budget"


async def test_hits_counts_and_facets_are_trimmed_to_the_asker(tmp_path: Path) -> None:
    async with library(tmp_path) as lib:
        secret = lib.draft("Secret plan", container=f"folder:{uuid7()}")
        await lib.put(secret, lib.draft("Open plan", readerPrincipals=[f"user:{lib.bob.subject}"]))
        mine = await lib.did("GET", "/v1/search", by=lib.bob, q="plan")
        assert [each["heading"] for each in mine["items"]] == ["Open plan"]
        assert mine["total"] == 1
        by_name = {each["name"]: each["values"] for each in mine["facets"]}
        assert by_name["container"] == []
        assert by_name["kind"] == [{"value": "document", "count": 1}]
        stranger = lib.service.caller("member", subject=lib.bob.subject)
        assert await lib.found("plan", by=stranger) == []


async def test_filters_and_pages(tmp_path: Path) -> None:
    async with library(tmp_path, max_depth=3) as lib:
        folder = f"folder:{uuid7()}"
        drafts = [lib.draft(f"Plan {n}", container=folder) for n in range(4)]
        person = lib.draft("Plan B. Person", sourceKind="person", analyzerLanguage="de")
        await lib.put(*drafts, person)
        assert await lib.found("plan", kinds="person") == ["Plan B. Person"]
        assert await lib.found("plan", language="de") == ["Plan B. Person"]
        assert len(await lib.found("plan", container=folder)) == 4
        assert await lib.found("plan", authorId=str(uuid7())) == []
        assert await lib.found("plan", changedAfter=at(clock.now() + timedelta(hours=1))) == []
        first = await lib.did("GET", "/v1/search", q="plan", limit=2)
        cursor = first["nextCursor"]
        second = await lib.did("GET", "/v1/search", q="plan", limit=2, cursor=cursor)
        assert [each["rank"] for each in second["items"]] == [3, 4]
        seen = {each["sourceId"] for each in (*first["items"], *second["items"])}
        assert len(seen) == 4
        assert "nextCursor" not in second, "no deeper than the setting allows"


async def test_queries_that_cannot_be_answered_are_refused(tmp_path: Path) -> None:
    async with library(tmp_path) as lib:
        assert await lib.refused("GET", "/v1/search", q='"open') == "400 query-syntax"
        assert await lib.refused("GET", "/v1/search", q="x*") == "422 query-too-costly"
        assert await lib.found("!!") == []


async def test_nobody_asks_more_often_than_allowed(tmp_path: Path) -> None:
    async with library(tmp_path, queries_per_user=2) as lib:
        seconds = 0.0
        lib.handlers.pace = lambda: seconds
        await lib.found("a b")
        seconds = 0.9
        await lib.found("a b")
        answer = await lib.ask("GET", "/v1/search", q="a b")
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
        await lib.found("a b", by=lib.bob)
        seconds = 1.0
        await lib.found("a b")
        assert (await lib.ask("GET", "/v1/search", q="a b")).status_code == 429


async def test_suggestions_complete_titles_people_and_past_queries(tmp_path: Path) -> None:
    async with library(tmp_path) as lib:
        await lib.put(
            lib.draft("Quarterly review"),
            lib.draft("Review of reviews"),
            lib.draft("Rex Revere", sourceKind="person"),
            lib.draft("Hidden review", readerPrincipals=[f"user:{lib.bob.subject}"]),
        )
        found = await lib.did("GET", "/v1/search", q="review of")
        hit = found["items"][0]
        click = {name: hit[name] for name in ("rank", "sourceKind", "sourceId")}
        await lib.did("POST", f"/v1/search/{found['queryId']}/clicks", click)
        told = await lib.did("GET", "/v1/search/suggestions", prefix="rev")
        texts = [(each["kind"], each["text"]) for each in told["suggestions"]]
        assert texts[0] == ("title", "Review of reviews")
        assert set(texts[1:]) == {
            ("title", "Quarterly review"),
            ("person", "Rex Revere"),
            ("query", "review of"),
        }
        others = await lib.did("GET", "/v1/search/suggestions", by=lib.bob, prefix="rev")
        assert [each["text"] for each in others["suggestions"]] == ["Hidden review"]


async def test_similar_entries_share_telling_words(tmp_path: Path) -> None:
    async with library(tmp_path) as lib:
        one = lib.draft("Pricing", "tariffs margins discounts")
        other = lib.draft("Discounts", "margins and tariffs")
        bare = lib.draft("Zebra")
        closed = lib.draft("Margins", readerPrincipals=[f"user:{lib.bob.subject}"])
        await lib.put(one, other, bare, closed)
        path = "/v1/index-entries/document/{}/similar"
        near = await lib.did("GET", path.format(one["sourceId"]))
        assert [each["heading"] for each in near["hits"]] == ["Discounts"]
        slug = await lib.refused("GET", path.format(bare["sourceId"]))
        assert slug == "409 no-embedding"
        slug = await lib.refused("GET", path.format(closed["sourceId"]))
        assert slug == "404 not-found"


async def test_an_explanation_tells_why_somebody_sees_an_entry(tmp_path: Path) -> None:
    async with library(tmp_path) as lib:
        draft = lib.draft("Budget", "money")
        await lib.put(draft)
        admin = lib.person("org-admin")
        body = {"queryText": "budget", "sourceKind": "document", "sourceId": draft["sourceId"]}
        body["readerId"] = str(lib.ann.subject)
        path = "/v1/search/explain"
        told = await lib.did("POST", path, body, by=admin)
        assert (told["visible"], told["reason"]) == (True, "granted")
        assert told["matchedPrincipals"] == [f"user:{lib.ann.subject}"]
        lines = {each["label"]: each["score"] for each in told["scoreParts"]}
        answer = await lib.did("GET", "/v1/search", q="budget")
        assert lines["score"] == pytest.approx(answer["items"][0]["score"], rel=1e-3)
        assert lines["words"] == pytest.approx(lines["heading × 4"])
        other = await lib.did("POST", path, {**body, "readerId": str(uuid7())}, by=admin)
        assert other["reason"] == "noCommonPrincipal"
        unfit = await lib.did("POST", path, {**body, "queryText": "other"}, by=admin)
        assert (unfit["visible"], unfit["reason"]) == (False, "belowCutoff")
        unknown = {**body, "sourceId": str(uuid7())}
        assert (await lib.did("POST", path, unknown, by=admin))["reason"] == "notIndexed"
        assert await lib.refused("POST", path, body) == "403 forbidden"


async def test_queries_and_clicks_are_told_without_words(tmp_path: Path) -> None:
    async with library(tmp_path) as lib:
        draft = lib.draft("Confidential plan")
        await lib.put(draft)
        answer = await lib.did("GET", "/v1/search", q="Confidential")
        path = f"/v1/search/{answer['queryId']}/clicks"
        click = {"rank": 1, "sourceKind": "document", "sourceId": draft["sourceId"]}
        await lib.did("POST", path, click)
        await lib.did("POST", path, click)
        assert await lib.refused("POST", path, click, by=lib.bob) == "410 query-forgotten"
        [told] = await lib.events("search-performed")
        assert told.data["hitCount"] == 1
        assert "confidential" not in str(told.data).casefold()
        [clicked] = await lib.events("search-result-clicked")
        assert clicked.data == {
            "queryId": answer["queryId"],
            "rank": 1,
            "sourceKind": "document",
        }
        lib.service.later(timedelta(days=1, seconds=1))
        assert await lib.refused("POST", path, click) == "410 query-forgotten"


async def test_what_is_opened_often_ranks_higher(tmp_path: Path) -> None:
    async with library(tmp_path) as lib:
        first, second = lib.draft("Plan alpha"), lib.draft("Plan gamma")
        now = at(clock.now())
        await lib.put({**first, "contentChangedAt": now}, {**second, "contentChangedAt": now})
        last = (await lib.did("GET", "/v1/search", q="plan"))["items"][1]
        for _ in range(3):
            answer = await lib.did("GET", "/v1/search", q="plan")
            click = {"rank": 2, "sourceKind": "document", "sourceId": last["sourceId"]}
            await lib.did("POST", f"/v1/search/{answer['queryId']}/clicks", click)
        await lib.service.tick()
        assert (await lib.found("plan"))[0] == last["heading"]
        entry = await lib.did(
            "GET", f"/v1/index-entries/document/{last['sourceId']}", by=lib.author
        )
        assert entry["popularity"] == pytest.approx(3 / 13)


async def test_what_was_found_and_opened_is_measured(tmp_path: Path) -> None:
    async with library(tmp_path) as lib:
        draft = lib.draft("Plan")
        await lib.put(draft)
        answer = await lib.did("GET", "/v1/search", q="plan")
        click = {"rank": 1, "sourceKind": "document", "sourceId": draft["sourceId"]}
        await lib.did("POST", f"/v1/search/{answer['queryId']}/clicks", click)
        for _ in range(3):
            await lib.found("nothing")
        await lib.service.tick()
        lines = (await lib.service.http.get("/metrics")).text.splitlines()
        told = {each.partition("{")[0]: float(each.split()[-1]) for each in lines if "{" in each}
        assert told["search_zero_result_ratio"] == 0.75
        assert told["search_click_through_ratio"] == 0.25
