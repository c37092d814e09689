"""A new document is told to search-service at once."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from cloudsync_chassis.client.call import Call
from cloudsync_chassis.client.errors import NoAnswerError, RefusedError

from tests.desk import Desk, played

_CALL = Call(service="search-service", operation="index", method="POST", path="/")


def _heard(desk: Desk) -> list[dict[str, Any]]:
    heard: list[dict[str, Any]] = []

    def answer(call: Call) -> Any:
        heard.extend(call.body["entries"])
        return {"accepted": 1, "ignored": []}

    desk.service.answers("search-service", "index", answer)
    return heard


def test_its_author_finds_it_at_once(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        heard = _heard(desk)
        document = await desk.document(title="Plan", sensitivity="restricted")
        await desk.service.settle()
        [entry] = heard
        assert (entry["sourceKind"], entry["sourceId"]) == ("document", document["id"])
        assert (entry["heading"], entry["sourceVersion"]) == ("Plan", 1)
        assert entry["readerPrincipals"] == [f"user:{desk.author.subject}"]
        assert entry["redactionLevel"] == "headingOnly"
        assert "container" not in entry

    played(tmp_path, play)


def test_it_is_made_whatever_search_says(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        for failure in (
            RefusedError(_CALL, 422, {}),
            NoAnswerError(_CALL, "silent"),
        ):
            desk.service.answers("search-service", "index", failure)
            document = await desk.document()
            await desk.service.settle()
            assert (await desk.now(document))["id"] == document["id"]

    played(tmp_path, play)


def test_documents_of_a_moment_are_told_in_one_call(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        calls: list[int] = []

        def answer(call: Call) -> Any:
            calls.append(len(call.body["entries"]))
            return {"accepted": calls[-1], "ignored": []}

        desk.service.answers("search-service", "index", answer)
        made = await asyncio.gather(*(desk.document(title=f"Plan {n}") for n in range(6)))
        await desk.service.settle()
        assert sum(calls) == len(made)
        assert len(calls) < len(made)

    played(tmp_path, play)
