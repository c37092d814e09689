"""What waits for what, and the path through it."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from task_service.critical_path import Edge, WorkDays, critical_path

from .steps import Team, played, slug


async def link(team: Team, before: Any, after: Any, **body: Any) -> Any:
    path = f"/v1/tasks/{after['id']}/predecessors/{before['id']}"
    return await team.ask(team.lead, "PUT", path, body)


def test_work_begins_once_its_predecessors_are_done(tmp_path: Path) -> None:
    async def play(team: Team) -> None:
        board = await team.board()
        first, second = await team.begun(board, "first"), await team.planned(board, "second")
        await team.assign(second, team.lead.subject)
        assert (await link(team, first, second)).status_code == 200
        assert (await link(team, first, second)).status_code == 200
        assert (await team.now(second))["openPredecessors"] == 1
        start = f"/v1/tasks/{second['id']}/start"
        assert await team.refused(team.lead, "POST", start) == "predecessor-open"
        done = await team.done(first)
        told = (await team.events("task-completed"))[0]
        for _ in range(2):
            await team.tell("collaboration.task-completed", told)
        assert (await team.now(second))["openPredecessors"] == 0
        await team.did(team.lead, "POST", f"/v1/tasks/{done['id']}/reopen")
        [reopened] = await team.events("task-reopened")
        await team.tell("collaboration.task-reopened", reopened)
        assert (await team.now(second))["openPredecessors"] == 1
        await team.tell("collaboration.task-completed", told)  # late, and no longer true
        assert (await team.now(second))["openPredecessors"] == 1
        path = f"/v1/tasks/{second['id']}/predecessors"
        listed = await team.did(team.lead, "GET", path)
        assert [each["predecessorId"] for each in listed["items"]] == [first["id"]]
        nothing = await team.did(team.lead, "GET", f"/v1/tasks/{first['id']}/predecessors")
        assert nothing["items"] == []
        await team.did(team.lead, "DELETE", f"{path}/{first['id']}")
        assert (await team.now(second))["openPredecessors"] == 0
        await team.did(team.lead, "POST", start)

    played(tmp_path, play)


def test_a_reopened_predecessor_leaves_work_in_progress_in_peace(tmp_path: Path) -> None:
    async def play(team: Team) -> None:
        board = await team.board()
        first, second = await team.begun(board, "first"), await team.planned(board, "second")
        await team.assign(second, team.lead.subject)
        await team.done(first)
        await link(team, first, second)
        await team.did(team.lead, "POST", f"/v1/tasks/{second['id']}/start")
        await team.did(team.lead, "POST", f"/v1/tasks/{first['id']}/reopen")
        [reopened] = await team.events("task-reopened")
        await team.tell("collaboration.task-reopened", reopened)
        assert (await team.now(second))["openPredecessors"] == 0

    played(tmp_path, play)


def test_no_circle_comes_about(tmp_path: Path) -> None:
    async def play(team: Team) -> None:
        board = await team.board()
        a, b, c, d = [await team.task(board, each) for each in "abcd"]
        for before, after in ((a, b), (b, c), (c, d)):
            assert (await link(team, before, after)).status_code == 200
        answer = await link(team, d, a)
        assert (answer.status_code, slug(answer)) == (409, "dependency-cycle")
        assert answer.json()["tasks"] == [b["id"], c["id"]]
        assert slug(await link(team, a, a)) == "invariant-broken"
        elsewhere = await team.task(await team.board("ADM"))
        assert slug(await link(team, elsewhere, a)) == "not-the-same-board"

    played(tmp_path, play)


def test_a_task_waits_for_so_many_others_at_most(tmp_path: Path) -> None:
    async def play(team: Team) -> None:
        board = await team.board()
        last = await team.task(board)
        for number in range(3):
            before = await team.task(board, str(number))
            assert (await link(team, before, last)).status_code == 200
        one_more = await team.task(board)
        assert slug(await link(team, one_more, last)) == "dependency-limit-reached"

    played(tmp_path, play, dependency_limit_per_task=3)


def test_the_longest_chain_is_the_path() -> None:
    remaining = {"a": 100, "b": 50, "c": 10, "d": 500}
    edges = [
        Edge("a", "b", "finishToStart", 20),
        Edge("b", "c", "finishToFinish", 0),
        Edge("a", "c", "startToStart", 5),
    ]
    path = critical_path(remaining, edges)
    assert [(each.task, each.start, each.finish) for each in path] == [("d", 0, 500)]
    path = critical_path({**remaining, "d": 1}, edges)
    assert [(each.task, each.start, each.finish) for each in path] == [
        ("a", 0, 100),
        ("b", 120, 170),
    ]
    assert critical_path({}, []) == []


def test_days_of_rest_move_nothing() -> None:
    days = WorkDays(date(2030, 1, 5), 480, [6, 7])  # a Saturday
    assert days.start(0) == date(2030, 1, 7)
    assert days.finish(0, 480) == date(2030, 1, 7)
    assert days.finish(0, 481) == date(2030, 1, 8)
    assert days.start(5 * 480) == date(2030, 1, 14)
    assert days.finish(0, 0) == date(2030, 1, 7)
    assert WorkDays(date(2030, 1, 7), 60, []).start(10**10) == date.max


def test_the_critical_path_of_a_board(tmp_path: Path) -> None:
    async def play(team: Team) -> None:
        board = await team.board()
        a, b = await team.planned(board, "a", 960), await team.planned(board, "b", 480)
        await team.planned(board, "aside", 60)
        await team.task(board, "unknown")
        await link(team, a, b)
        path = await team.did(team.lead, "GET", f"/v1/boards/{board['id']}/critical-path")
        assert [each["taskId"] for each in path["steps"]] == [a["id"], b["id"]]
        assert (path["totalMinutes"], path["unestimatedTasks"]) == (1440, 1)
        assert path["finishesOn"] == path["steps"][1]["earliestFinish"]
        assert path["steps"][1]["earliestStart"] > path["steps"][0]["earliestFinish"]
        await team.task(board, "one too many")
        refusal = await team.refused(team.lead, "GET", f"/v1/boards/{board['id']}/critical-path")
        assert refusal == "dependency-graph-too-large"

    played(tmp_path, play, critical_path_max_tasks=4)
