"""Checklists, time, search, and tables of other tools."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cloudsync_chassis.context import Context
from cloudsync_chassis.ids import uuid7
from task_service import imports
from task_service.handlers import Handlers
from task_service.task_index import Found, IndexUnavailableError

from .steps import Team, played
from .test_boards import account


def test_ticks_are_signed_and_counted(tmp_path: Path) -> None:
    async def play(team: Team) -> None:
        board, ann = await team.board(), team.person()
        await team.seat(board, ann)
        task = await team.task(board)
        path = f"/v1/tasks/{task['id']}/checklist"
        items = [
            await team.did(team.lead, "POST", path, {"itemText": each, "place": place})
            for place, each in enumerate(("one", "two"))
        ]
        ticked = await team.did(ann, "PUT", f"{path}/{items[0]['id']}", {"done": True})
        again = await team.did(team.lead, "PUT", f"{path}/{items[0]['id']}", {"done": True})
        assert ticked["tickedBy"] == again["tickedBy"] == str(ann.subject)
        assert (await team.now(task))["openChecklistItems"] == 1
        off = await team.did(ann, "PUT", f"{path}/{items[0]['id']}", {"done": False})
        assert "tickedBy" not in off
        await team.did(ann, "DELETE", f"{path}/{items[1]['id']}")
        assert (await team.now(task))["openChecklistItems"] == 1
        missing = f"{path}/{uuid7()}"
        assert await team.refused(ann, "PUT", missing, {"done": True}) == "not-found"
        stranger = team.person()
        path = f"{path}/{items[0]['id']}"
        assert await team.refused(stranger, "PUT", path, {"done": True}) == "forbidden"

    played(tmp_path, play)


def test_a_task_keeps_the_sum_of_its_time(tmp_path: Path) -> None:
    async def play(team: Team) -> None:
        board = await team.board()
        task = await team.begun(board)
        path, day = f"/v1/tasks/{task['id']}/time-entries", task["createdAt"][:10]
        first = await team.did(team.lead, "POST", path, {"minutes": 30, "spentOn": day})
        await team.did(team.lead, "POST", path, {"minutes": 15, "spentOn": day})
        assert (await team.now(task))["spentMinutes"] == 45
        await team.did(team.lead, "DELETE", f"{path}/{first['id']}")
        assert (await team.now(task))["spentMinutes"] == 15
        early = {"minutes": 1, "spentOn": "2020-01-01"}
        assert await team.refused(team.lead, "POST", path, early) == "day-out-of-range"

    played(tmp_path, play)


def test_search_finds_words_on_boards_of_the_caller(tmp_path: Path) -> None:
    async def play(team: Team) -> None:
        board, secret = await team.board(), await team.board("SECRET")
        ann = team.person()
        await team.seat(board, ann)
        await team.task(board, "Rotate keys", details="of the vault")
        best = await team.task(board, "Vault: order a new vault", labels=["ops"])
        dropped = await team.task(board, "Paint the vault")
        await team.did(team.lead, "POST", f"/v1/tasks/{dropped['id']}/drop")
        await team.task(secret, "Secret vault")
        found = await team.did(ann, "POST", "/v1/tasks/search", {"phrase": "vault"})
        assert [each["headline"] for each in found["hits"]] == [
            "Vault: order a new vault",
            "Rotate keys",
        ]
        assert found["total"] == 2
        body = {"phrase": "vault", "boardIds": [secret["id"]]}
        assert (await team.did(ann, "POST", "/v1/tasks/search", body))["hits"] == []
        body = {"phrase": "VAULT", "labels": ["ops"]}
        [hit] = (await team.did(ann, "POST", "/v1/tasks/search", body))["hits"]
        assert hit["taskId"] == best["id"]
        for number in range(60):
            await team.task(board, f"needle {number}")
        body = {"phrase": "needle"}
        first = await team.did(ann, "POST", "/v1/tasks/search", body)
        body["pageCursor"] = first["nextPage"]
        second = await team.did(ann, "POST", "/v1/tasks/search", body)
        both = {each["taskId"] for each in first["hits"] + second["hits"]}
        assert (len(both), first["total"]) == (60, 60)
        assert "nextPage" not in second
        body["pageCursor"] = "made-up"
        assert await team.refused(ann, "POST", "/v1/tasks/search", body) in (
            "cursor-unknown",
            "validation-failed",
        )

    played(tmp_path, play)


class Broken:
    """An index that does not answer."""

    async def search(self, *question: Any) -> Found:
        raise IndexUnavailableError


def test_search_says_that_its_index_does_not_answer(tmp_path: Path) -> None:
    async def play(team: Team) -> None:
        body = {"phrase": "vault"}
        refusal = await team.refused(team.lead, "POST", "/v1/tasks/search", body)
        assert refusal == "search-unavailable"

    played(tmp_path, play, index=Broken())


MAPPING = [
    {"heading": "Title", "becomes": "headline"},
    {"heading": "Column", "becomes": "columnLabel"},
    {"heading": "Minutes", "becomes": "estimateMinutes"},
]


async def ended(team: Team, board: Any, made: Any) -> Any:
    """The import, once the clock has done with it what is due."""
    await team.service.tick()
    return await team.did(team.lead, "GET", f"/v1/boards/{board['id']}/imports/{made['id']}")


def test_a_table_is_rehearsed_and_then_written(tmp_path: Path) -> None:
    async def play(team: Team) -> None:
        board = await team.board()
        text = 'Title,Column,Minutes\r\n=1+1,,\r\n"Two, quoted",ready,60\r\nThree,Done,5\r\n'
        path, body = f"/v1/boards/{board['id']}/imports", {"csvText": text, "mapping": MAPPING}
        made = await team.did(team.lead, "POST", path, body)
        assert (made["stage"], made["rehearsal"]) == ("queued", True)
        rehearsed = await ended(team, board, made)
        assert (rehearsed["stage"], rehearsed["rowsRead"]) == ("completed", 3)
        assert rehearsed["rowsWritten"] == 0
        assert "csvText" not in rehearsed
        assert await team.cards(board, "backlog") == []
        made = await team.did(team.lead, "POST", path, {**body, "rehearsal": False})
        written = await ended(team, board, made)
        assert (written["stage"], written["rowsWritten"]) == ("completed", 3)
        assert await team.cards(board, "backlog") == ["=1+1"]
        assert await team.cards(board, "ready") == ["Two, quoted"]
        assert await team.cards(board, "done") == ["Three"]
        assert len(await team.events("task-created")) == 3
        team.service.later(timedelta(days=89))
        assert (await ended(team, board, made))["stage"] == "completed"
        team.service.later(timedelta(days=2))
        await team.service.tick()
        path = f"{path}/{made['id']}"
        assert await team.refused(team.lead, "GET", path) == "not-found"
        assert await team.cards(board, "done") == ["Three"]

    played(tmp_path, play, import_batch_rows=2)


def test_a_table_that_cannot_be_read_is_given_back(tmp_path: Path) -> None:
    async def play(team: Team) -> None:
        board = await team.board()
        path = f"/v1/boards/{board['id']}/imports"

        async def refusal(text: str, mapping: Any = MAPPING) -> str:
            body = {"csvText": text, "mapping": mapping}
            return await team.refused(team.lead, "POST", path, body)

        assert await refusal("Title,Column,Minutes\nx,nowhere,\n") == "import-row-invalid"
        assert await refusal("Title,Column\nx,ready\n") == "import-row-invalid"
        assert await refusal('Title,Column,Minutes\n"x') == "import-row-invalid"
        assert await refusal("Title\nx\n", MAPPING[1:2]) == "import-row-invalid"
        good = "Title,Column,Minutes\n" + "x,,\n" * 20
        late = good + "y,Ready,\n" + "z,Ready,many\n"
        body = {"csvText": late, "mapping": MAPPING, "rehearsal": False}
        made = await team.did(team.lead, "POST", path, body)
        refused = await ended(team, board, made)
        assert (refused["stage"], refused["rowsRead"]) == ("refused", 22)
        assert refused["rejectedRows"] == [
            {"row": 21, "cause": "estimate-missing"},
            {"row": 22, "heading": "Minutes", "cause": "estimate-malformed"},
        ]
        assert await team.cards(board, "backlog") == []
        assert await refusal(good + "x,,\n" * 50_000) == "import-too-long"

    played(tmp_path, play)


def test_people_of_a_table_are_matched_by_their_address(tmp_path: Path) -> None:
    async def play(team: Team) -> None:
        board, lead = await team.board(), team.lead.subject
        team.service.answers("user-service", "getUser", account(team, lead))
        mapping = [MAPPING[0], {"heading": "Who", "becomes": "assigneeAddress"}]
        path = f"/v1/boards/{board['id']}/imports"
        body = {"csvText": "Title,Who\nx,Ann@Example.com\n", "mapping": mapping}
        made = await team.did(team.lead, "POST", path, {**body, "rehearsal": False})
        assert (await ended(team, board, made))["rowsWritten"] == 1
        page = await team.did(team.lead, "GET", f"/v1/tasks?boardId={board['id']}")
        assert page["items"][0]["assigneeIds"] == [str(lead)]
        body["csvText"] = "Title,Who\nx,bob@example.com\n"
        made = await team.did(team.lead, "POST", path, body)
        [row] = (await ended(team, board, made))["rejectedRows"]
        assert row == {"row": 1, "heading": "Who", "cause": "assignee-not-on-board"}

    played(tmp_path, play)


def test_one_table_at_a_time_and_it_can_be_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def play(team: Team) -> None:
        board = await team.board()
        text = "Title,Column,Minutes\n" + "x,,\n" * 50
        path = f"/v1/boards/{board['id']}/imports"
        body = {"csvText": text, "mapping": MAPPING, "rehearsal": False}
        made = await team.did(team.lead, "POST", path, body)
        assert await team.refused(team.lead, "POST", path, body) == "import-running"
        write = Handlers._write_batch

        async def stopped_after_two(
            handlers: Handlers, ctx: Context, taken: Any, tasks: list[dict[str, Any]], count: int
        ) -> bool:
            if count == 3:
                await team.did(team.lead, "DELETE", f"{path}/{made['id']}")
            return await write(handlers, ctx, taken, tasks, count)

        monkeypatch.setattr(Handlers, "_write_batch", stopped_after_two)
        now = await ended(team, board, made)
        assert (now["stage"], now["rowsWritten"]) == ("cancelled", 2)
        assert len(await team.cards(board, "backlog")) == 2
        stranger = team.person()
        assert await team.refused(stranger, "POST", path, body) == "forbidden"

    played(tmp_path, play, import_batch_rows=1)


def test_a_table_that_a_failure_left_lying_is_gone_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def play(team: Team) -> None:
        board = await team.board()
        text = "Title,Column,Minutes\n" + "x,,\n" * 5
        body = {"csvText": text, "mapping": MAPPING, "rehearsal": False}
        made = await team.did(team.lead, "POST", f"/v1/boards/{board['id']}/imports", body)
        write, counts = Handlers._write_batch, list[int]()

        async def failing_once(
            handlers: Handlers, ctx: Context, taken: Any, tasks: list[dict[str, Any]], count: int
        ) -> bool:
            counts.append(count)
            if counts == [2, 4]:
                raise OSError("no room")
            return await write(handlers, ctx, taken, tasks, count)

        monkeypatch.setattr(Handlers, "_write_batch", failing_once)
        left = await ended(team, board, made)
        assert (left["stage"], left["rowsWritten"]) == ("running", 2)
        await team.service.tick()
        assert counts == [2, 4]
        team.service.later(timedelta(seconds=60))
        gone_on = await ended(team, board, made)
        assert (gone_on["stage"], gone_on["rowsWritten"]) == ("completed", 5)
        assert counts == [2, 4, 4, 5]
        assert len(await team.cards(board, "backlog")) == 5

    played(tmp_path, play, import_batch_rows=2)


def test_long_tables_are_worked_off_in_turns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def play(team: Team) -> None:
        board = await team.board()
        body = {"csvText": "Title,Column,Minutes\nx,,\ny,,\n", "mapping": MAPPING}
        made = await team.did(
            team.lead, "POST", f"/v1/boards/{board['id']}/imports", {**body, "rehearsal": False}
        )
        # the first turn is over before it has begun
        turns = iter((0.0, 30.0))
        monkeypatch.setattr(imports, "monotonic", lambda: next(turns, 0.0))
        assert (await ended(team, board, made))["rowsWritten"] == 2
        assert next(turns, None) is None

    played(tmp_path, play)
