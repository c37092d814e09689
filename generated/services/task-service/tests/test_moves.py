"""Cards over columns, ranks between neighbours, and the end of a task."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from task_service.ranks import between, spread

from .steps import Team, played, slug


def test_there_is_always_room_between_two_ranks() -> None:
    low, high = between(None, None), between(between(None, None), None)
    for turn in range(200):
        middle = between(low, high)
        assert low < middle < high
        assert not middle.endswith("0")
        low, high = (middle, high) if turn % 3 else (low, middle)


def test_ranks_at_the_ends_stay_short() -> None:
    top = bottom = between(None, None)
    for _ in range(2000):
        above, below = between(None, top), between(bottom, None)
        assert above < top
        assert below > bottom
        top, bottom = above, below
    assert len(top) == len(bottom) == 8
    many = spread(1000)
    assert many == sorted(set(many))
    assert {len(each) for each in many} == {8}


def test_a_rank_below_the_lowest_possible_counted_one() -> None:
    top = "0000000i"
    for _ in range(20):
        above = between(None, top)
        assert above < top
        top = above


def test_a_move_is_told_with_its_board(tmp_path: Path) -> None:
    async def play(team: Team) -> None:
        board = await team.board()
        columns = await team.columns(board)
        task = await team.task(board)
        other = await team.task(board)
        moved = (await team.move(task, columns["backlog"], afterTaskId=other["id"])).json()
        assert moved["columnId"] == columns["backlog"]["id"]
        (told,) = await team.events("task-moved")
        assert told == {
            "taskId": task["id"],
            "boardId": board["id"],
            "columnId": moved["columnId"],
            "movedBy": str(team.lead.subject),
        }

    played(tmp_path, play)


def test_a_card_takes_the_step_of_its_column(tmp_path: Path) -> None:
    async def play(team: Team) -> None:
        board = await team.board()
        columns = await team.columns(board)
        task = await team.task(board)
        answer = await team.move(task, columns["ready"])
        assert slug(answer) == "transition-not-allowed"  # no estimate
        answer = await team.move(task, columns["done"])
        assert slug(answer) == "transition-not-allowed"
        body = {"estimateMinutes": 60}
        await team.did(team.lead, "POST", f"/v1/tasks/{task['id']}/plan", body)
        answer = await team.move(task, columns["inProgress"])
        assert answer.json()["cause"] == "nobody-assigned"
        await team.assign(task, team.lead.subject)
        begun = (await team.move(task, columns["inProgress"])).json()
        assert (begun["workflowState"], begun["columnId"]) == (
            "inProgress",
            columns["inProgress"]["id"],
        )
        team.service.later(timedelta(minutes=90))
        done = (await team.move(task, columns["done"])).json()
        assert done["completedBy"] == str(team.lead.subject)
        assert [each["taskId"] for each in await team.events("task-started")] == [task["id"]]
        [told] = await team.events("task-completed")
        assert told["cycleMinutes"] == 90
        back = (await team.move(task, columns["ready"])).json()
        assert back["workflowState"] == "ready"
        assert "completedAt" not in back
        assert len(await team.events("task-reopened")) == 1
        stale = await team.ask(
            team.lead,
            "POST",
            f"/v1/tasks/{task['id']}/move",
            {"columnId": columns["done"]["id"]},
            If_Match='"1"',
        )
        assert slug(stale) == "version-conflict"

    played(tmp_path, play)


def test_a_column_takes_no_more_than_its_limit(tmp_path: Path) -> None:
    async def play(team: Team) -> None:
        board = await team.board()
        columns = await team.columns(board)
        ready = columns["ready"]
        path = f"/v1/boards/{board['id']}/columns/{ready['id']}"
        await team.did(team.lead, "PATCH", path, {"wipLimit": 1}, If_Match='"1"')
        first, second = await team.planned(board, "first"), await team.task(board, "second")
        estimate = {"estimateMinutes": 60}
        version = f'"{second["version"]}"'
        await team.did(team.lead, "PATCH", f"/v1/tasks/{second['id']}", estimate, If_Match=version)
        answer = await team.move(second, ready)
        assert (answer.status_code, slug(answer)) == (409, "wip-limit-reached")
        assert (answer.json()["limit"], answer.json()["count"]) == (1, 1)
        assert (await team.move(first, ready)).status_code == 200
        other = await team.columns(await team.board("ADM"))
        assert slug(await team.move(first, other["ready"])) == "column-of-other-board"

    played(tmp_path, play)


def test_cards_lie_where_they_were_let_go(tmp_path: Path) -> None:
    async def play(team: Team) -> None:
        board = await team.board()
        backlog = (await team.columns(board))["backlog"]
        a, b, c = [await team.task(board, each) for each in "abc"]
        await team.move(c, backlog)
        assert await team.cards(board, "backlog") == ["c", "a", "b"]
        await team.move(c, backlog, afterTaskId=a["id"])
        assert await team.cards(board, "backlog") == ["a", "c", "b"]
        await team.move(a, backlog, afterTaskId=b["id"])
        assert await team.cards(board, "backlog") == ["c", "b", "a"]
        elsewhere = await team.planned(board, "elsewhere")
        ready = (await team.columns(board))["ready"]
        await team.move(elsewhere, ready)
        answer = await team.move(a, backlog, afterTaskId=elsewhere["id"])
        assert slug(answer) == "reference-unknown"
        for turn in range(250):  # between the same two until ranks have to be spread anew
            await team.move(c if turn % 2 else b, backlog, afterTaskId=a["id"])
        assert await team.cards(board, "backlog") == ["a", "c", "b"]
        ranks = [(await team.now(each))["rank"] for each in (a, b, c)]
        assert max(map(len, ranks)) <= 48

    played(tmp_path, play)


def test_a_finished_checklist_ends_a_task_or_a_team_manager_does(tmp_path: Path) -> None:
    async def play(team: Team) -> None:
        board = await team.board()
        manager = team.person("member", "team-manager")
        await team.seat(board, manager, "viewer")
        one, two = await team.begun(board, "one"), await team.begun(board, "two")
        for task in (one, two):
            body = {"itemText": "backup", "place": 0}
            path = f"/v1/tasks/{task['id']}/checklist"
            item = await team.did(team.lead, "POST", path, body)
            assert (await team.now(task))["openChecklistItems"] == 1
        complete = f"/v1/tasks/{two['id']}/complete"
        assert await team.refused(team.lead, "POST", complete) == "checklist-unfinished"
        await team.did(team.lead, "PUT", f"{path}/{item['id']}", {"done": True})
        done = await team.done(two)
        assert done["workflowState"] == "done"
        assert await team.done(two) == done
        await team.did(manager, "POST", f"/v1/tasks/{one['id']}/complete")
        assert len(await team.events("task-completed")) == 2
        ready = await team.planned(board)
        assert await team.refused(team.lead, "POST", f"/v1/tasks/{ready['id']}/complete") == (
            "illegal-transition"
        )

    played(tmp_path, play)
