"""Tasks: numbers, links, days, hands, and what is decided against."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from cloudsync_chassis.client.call import Call
from cloudsync_chassis.client.errors import RefusedError
from cloudsync_chassis.ids import uuid7

from .steps import Team, played


def test_tasks_are_numbered_and_lie_in_the_backlog_in_order(tmp_path: Path) -> None:
    async def play(team: Team) -> None:
        board = await team.board()
        made = [await team.task(board, each) for each in ("one", "two", "three")]
        assert [each["number"] for each in made] == [1, 2, 3]
        assert {each["boardKey"] for each in made} == {"OPS"}
        assert await team.cards(board, "backlog") == ["one", "two", "three"]
        other = await team.task(await team.board("ADM"))
        assert other["number"] == 1
        created = await team.events("task-created")
        assert [each["number"] for each in created] == [1, 2, 3, 1]
        assert created[0]["reporterId"] == str(team.lead.subject)

    played(tmp_path, play)


def test_archived_and_locked_boards_take_no_task(tmp_path: Path) -> None:
    async def play(team: Team) -> None:
        board, kept = await team.board(), await team.board("KEPT")
        task = await team.begun(board)
        stranger, viewer = team.person(), team.person()
        await team.seat(board, viewer, "viewer")
        path, body = f"/v1/boards/{board['id']}/tasks", {"headline": "x"}
        assert await team.refused(stranger, "POST", path, body) == "forbidden"
        assert await team.refused(viewer, "POST", path, body) == "forbidden"
        await team.did(team.lead, "POST", f"/v1/boards/{kept['id']}/archive")
        to_kept = f"/v1/boards/{kept['id']}/tasks"
        assert await team.refused(team.lead, "POST", to_kept, body) == "board-archived"
        organization = {"organizationId": str(team.organization)}
        await team.founded()
        leaving = {
            **organization,
            "deletionRequestedBy": str(uuid7()),
            "purgeAfter": "2031-01-01T00:00:00Z",
        }
        await team.tell("user.organization-deleted", leaving)
        assert await team.refused(team.lead, "POST", path, body) == "boards-locked"
        complete = f"/v1/tasks/{task['id']}/complete"
        assert await team.refused(team.lead, "POST", complete) == "forbidden"
        whole = f"/v1/boards/{board['id']}"
        words = {"boardTitle": "Later"}
        assert await team.refused(team.lead, "PATCH", whole, words, If_Match='"1"') == "forbidden"
        assert await team.refused(team.lead, "POST", f"{whole}/archive") == "forbidden"
        await team.tell("user.organization-restored", organization)
        await team.done(task)

    played(tmp_path, play)


def no_document(call: Call) -> Any:
    return RefusedError(call, 404, {"type": "not-found", "title": "Not found"})


def test_only_readable_documents_are_linked(tmp_path: Path) -> None:
    async def play(team: Team) -> None:
        team.service.answers("document-service", "getDocument", no_document)
        board = await team.board()
        task = await team.task(board)
        body = {"documentIds": [str(uuid7())]}
        path, version = f"/v1/tasks/{task['id']}", f'"{task["version"]}"'
        refusal = await team.refused(team.lead, "PATCH", path, body, If_Match=version)
        assert refusal == "document-not-readable"
        new = {"headline": "x", **body}
        to_board = f"/v1/boards/{board['id']}/tasks"
        assert await team.refused(team.lead, "POST", to_board, new) == "reference-unknown"
        words = {"headline": "Better", "priority": "high"}
        after = await team.did(team.lead, "PATCH", path, words, If_Match=version)
        assert (after["headline"], after["priority"]) == ("Better", "high")
        assert await team.refused(team.lead, "PATCH", path, words, If_Match=version) == (
            "version-conflict"
        )

    played(tmp_path, play)


def test_documents_that_go_away(tmp_path: Path) -> None:
    async def play(team: Team) -> None:
        gone, kept = str(uuid7()), str(uuid7())
        task = await team.task(await team.board(), documentIds=[gone, kept])
        for _ in range(2):
            await team.tell("content.document-archived", {"documentId": gone})
            assert (await team.now(task))["staleDocumentIds"] == [gone]
        deleted = {"documentId": gone, "attachmentFileIds": []}
        for _ in range(2):
            await team.tell("content.document-deleted", deleted)
            now = await team.now(task)
            assert (now["documentIds"], now["staleDocumentIds"]) == ([kept], [])

    played(tmp_path, play)


def test_days_are_set_moved_and_taken_away(tmp_path: Path) -> None:
    async def play(team: Team) -> None:
        task = await team.task(await team.board())
        path = f"/v1/tasks/{task['id']}/schedule"
        both = {"startOn": "2030-01-02", "dueOn": "2030-01-05"}
        after = await team.did(team.lead, "PUT", path, both)
        assert (after["startOn"], after["dueOn"]) == ("2030-01-02", "2030-01-05")
        await team.did(team.lead, "PUT", path, {"dueOn": "2030-01-05"})
        after = await team.did(team.lead, "PUT", path, {})
        assert "dueOn" not in after
        wrong = {"startOn": "2030-01-05", "dueOn": "2030-01-02"}
        assert await team.refused(team.lead, "PUT", path, wrong) == "dates-out-of-order"
        told = await team.events("task-due-date-changed")
        assert [(each.get("oldDueOn"), each.get("newDueOn")) for each in told] == [
            (None, "2030-01-05"),
            ("2030-01-05", None),
        ]
        await team.did(team.lead, "POST", f"/v1/tasks/{task['id']}/drop")
        assert await team.refused(team.lead, "PUT", path, both) == "task-dropped"

    played(tmp_path, play)


def test_hands_change_and_both_sides_are_told(tmp_path: Path) -> None:
    async def play(team: Team) -> None:
        board = await team.board()
        ann, bob, stranger = team.person(), team.person(), team.person()
        await team.seat(board, ann)
        await team.seat(board, bob)
        task = await team.planned(board)
        path = f"/v1/tasks/{task['id']}/assignees"
        body = {"assigneeIds": [str(stranger.subject)]}
        assert await team.refused(team.lead, "PUT", path, body) == "assignee-not-on-board"
        await team.assign(task, ann.subject)
        await team.assign(task, bob.subject)
        await team.assign(task, bob.subject)
        told = await team.events("task-assigned")
        assert [(each["addedAssigneeIds"], each["removedAssigneeIds"]) for each in told] == [
            ([str(ann.subject)], []),
            ([str(bob.subject)], [str(ann.subject)]),
        ]
        await team.did(bob, "POST", f"/v1/tasks/{task['id']}/start")
        assert await team.refused(team.lead, "PUT", path, {"assigneeIds": []}) == "hands-needed"

    played(tmp_path, play)


def test_nobody_assigns_more_people_within_an_hour_than_the_policy_allows(tmp_path: Path) -> None:
    async def play(team: Team) -> None:
        board = await team.board()
        task = await team.task(board)
        people = [team.person() for _ in range(12)]
        for each in people:
            await team.seat(board, each)
        path = f"/v1/tasks/{task['id']}/assignees"
        for turn in range(10):  # 100 people are the usual limit
            some = people[:10] if turn % 2 == 0 else []
            await team.assign(task, *[each.subject for each in some])
        for turn in range(10):
            some = people[:10] if turn % 2 == 0 else []
            await team.assign(task, *[each.subject for each in some])
        body = {"assigneeIds": [str(people[0].subject)]}
        assert await team.refused(team.lead, "PUT", path, body) == "assignments-exhausted"
        team.service.later(timedelta(minutes=61))
        await team.assign(task, people[0].subject)

    played(tmp_path, play)


def test_what_others_wait_for_is_not_dropped(tmp_path: Path) -> None:
    async def play(team: Team) -> None:
        board = await team.board()
        first, second = await team.task(board, "first"), await team.task(board, "second")
        link = f"/v1/tasks/{second['id']}/predecessors/{first['id']}"
        await team.did(team.lead, "PUT", link, {})
        answer = await team.ask(team.lead, "POST", f"/v1/tasks/{first['id']}/drop")
        assert (answer.status_code, answer.json()["tasks"]) == (409, [second["id"]])
        await team.did(team.lead, "POST", f"/v1/tasks/{second['id']}/drop")
        dropped = await team.did(team.lead, "POST", f"/v1/tasks/{first['id']}/drop")
        assert dropped["workflowState"] == "dropped"
        assert len(await team.events("task-dropped")) == 2
        assert await team.cards(board, "backlog") == []
        begun = await team.begun(board)
        assert await team.refused(team.lead, "POST", f"/v1/tasks/{begun['id']}/drop") == (
            "illegal-transition"
        )

    played(tmp_path, play)
