"""Boards: their first columns, who sits at them, who finds them, and their end."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

from cloudsync_chassis.ids import uuid7

from .steps import Team, played


def membership(team: Team, user: UUID, *teams: str) -> dict[str, Any]:
    """A membership as org-service tells it."""
    return {
        "id": str(uuid7()),
        "organizationId": str(team.organization),
        "createdAt": "2030-01-02T03:04:05Z",
        "updatedAt": "2030-01-02T03:04:05Z",
        "version": 1,
        "userId": str(user),
        "role": "member",
        "seatType": "full",
        "teamIds": list(teams),
        "lastOwner": False,
        "joinedAt": "2030-01-02T03:04:05Z",
    }


def account(team: Team, user: UUID, **more: Any) -> dict[str, Any]:
    """An account as user-service tells it."""
    return {
        "id": str(user),
        "organizationId": str(team.organization),
        "createdAt": "2030-01-02T03:04:05Z",
        "updatedAt": "2030-01-02T03:04:05Z",
        "version": 1,
        "primaryEmail": "ann@example.com",
        "displayName": "Ann",
        "username": "ann",
        "kind": "employee",
        "status": "active",
        "locale": "en",
        "timeZone": "Europe/Berlin",
        "homeRegion": "euWest1",
        "provisioningSource": "invitation",
        **more,
    }


def test_a_board_begins_with_five_columns(tmp_path: Path) -> None:
    async def play(team: Team) -> None:
        columns = await team.columns(await team.board())
        assert list(columns) == ["backlog", "ready", "inProgress", "inReview", "done"]
        assert [each["position"] for each in columns.values()] == [0, 1, 2, 3, 4]

    played(tmp_path, play)


def test_a_task_moved_by_a_button_is_shown_in_the_column_of_its_state(tmp_path: Path) -> None:
    async def play(team: Team) -> None:
        board = await team.board()
        task = await team.begun(board, "begun")
        columns = await team.columns(board)
        assert task["columnId"] == columns["backlog"]["id"]
        assert await team.cards(board, "inProgress") == ["begun"]
        assert await team.cards(board, "backlog") == []
        block = {"blockedReason": "the part is missing"}
        await team.did(team.lead, "POST", f"/v1/tasks/{task['id']}/block", block)
        assert await team.cards(board, "backlog") == ["begun"]  # no column means blocked
        stranger = team.person()
        assert await team.refused(stranger, "GET", f"/v1/boards/{board['id']}") == "forbidden"

    played(tmp_path, play)


def test_guests_sit_down_where_the_policy_lets_them(tmp_path: Path) -> None:
    async def play(team: Team) -> None:
        guest, board = team.person("guest"), await team.board()
        team.service.answers("user-service", "getUser", account(team, guest.subject, kind="guest"))
        seat = await team.seat(board, guest, "viewer")
        assert (seat["boardRole"], seat["seatedBy"]) == ("viewer", str(team.lead.subject))
        again = await team.seat(board, guest, "editor")
        assert (again["id"], again["boardRole"]) == (seat["id"], "editor")
        await team.founded()
        admin = team.person("org-admin")
        policy = f"/v1/work-policies/{team.organization}"
        await team.did(admin, "PATCH", policy, {"guestsOnBoards": False}, If_Match='"1"')
        path = f"/v1/boards/{board['id']}/members/{guest.subject}"
        body = {"boardRole": "editor"}
        assert await team.refused(team.lead, "PUT", path, body) == "guests-not-on-boards"
        assert await team.refused(team.person(), "PUT", path, body) == "forbidden"

    played(tmp_path, play)


def test_whoever_loses_the_seat_loses_the_work(tmp_path: Path) -> None:
    async def play(team: Team) -> None:
        board, ann = await team.board(), team.person()
        await team.seat(board, ann)
        task = await team.planned(board)
        await team.assign(task, ann.subject)
        await team.did(ann, "POST", f"/v1/tasks/{task['id']}/start")
        path = f"/v1/boards/{board['id']}/members/{ann.subject}"
        for _ in range(2):
            await team.did(team.lead, "DELETE", path)
        now = await team.now(task)
        assert (now["workflowState"], now["assigneeIds"]) == ("ready", [])
        told = (await team.events("task-assigned"))[-1]
        assert told["removedAssigneeIds"] == [str(ann.subject)]
        assert told["assignedBy"] == str(team.lead.subject)
        assert await team.refused(ann, "GET", f"/v1/boards/{board['id']}") == "forbidden"

    played(tmp_path, play)


def test_open_boards_are_found_joined_and_left(tmp_path: Path) -> None:
    async def play(team: Team) -> None:
        mine, other, ann = str(uuid7()), str(uuid7()), team.person()
        everybodys = await team.board("ALL", access="organisation")
        ours = await team.board("OURS", access="team", teamId=mine)
        theirs = await team.board("THEIRS", access="team", teamId=other)
        secret = await team.board("SECRET", teamId=mine)
        found = await team.did(ann, "GET", "/v1/boards/open")
        assert [each["boardKey"] for each in found["items"]] == ["ALL"]  # nobody says which teams
        team.service.answers("org-service", "getMembership", membership(team, ann.subject, mine))
        found = await team.did(ann, "GET", "/v1/boards/open")
        assert {each["boardKey"] for each in found["items"]} == {"ALL", "OURS"}
        join = "/v1/boards/{}/join".format
        assert await team.refused(ann, "POST", join(theirs["id"])) == "not-of-the-team"
        assert await team.refused(ann, "POST", join(secret["id"])) == "not-found"
        for board in (everybodys, ours, ours):
            await team.did(ann, "POST", join(board["id"]))
        view = await team.did(ann, "GET", f"/v1/boards/{ours['id']}")
        assert view["board"]["boardKey"] == "OURS"
        await team.did(ann, "POST", f"/v1/boards/{everybodys['id']}/leave")
        assert await team.refused(ann, "GET", f"/v1/boards/{everybodys['id']}") == "forbidden"
        leave = f"/v1/boards/{ours['id']}/leave"
        assert await team.refused(team.lead, "POST", leave) == "last-lead"
        await team.did(team.lead, "POST", f"/v1/boards/{everybodys['id']}/archive")
        refusal = await team.refused(ann, "POST", join(everybodys["id"]))
        assert refusal == "board-archived"
        named = team.person()
        await team.seat(ours, named, "viewer")
        people = [str(ann.subject), str(named.subject)]
        gone = {"teamId": mine, "userIds": people}
        for _ in range(2):
            await team.tell("user.team-member-removed", gone)
        assert await team.refused(ann, "GET", f"/v1/boards/{ours['id']}") == "forbidden"
        await team.did(named, "GET", f"/v1/boards/{ours['id']}")

    played(tmp_path, play)


def test_nothing_is_left_of_a_purged_organisation(tmp_path: Path) -> None:
    async def play(team: Team) -> None:
        board = await team.board()
        await team.begun(board)
        others = Team(team.service)
        kept = await others.task(await others.board())
        purged = {"organizationId": str(team.organization), "dataResidency": "euWest1"}
        for _ in range(2):
            await team.tell("user.organization-purged", purged)
        assert await team.refused(team.lead, "GET", f"/v1/boards/{board['id']}") == "not-found"
        assert await others.now(kept) == kept

    played(tmp_path, play)


def test_people_who_are_gone_hold_nothing(tmp_path: Path) -> None:
    async def play(team: Team) -> None:
        board, ann, bob = await team.board(), team.person(), team.person()
        await team.seat(board, ann)
        await team.seat(board, bob)
        one, two = await team.planned(board, "one"), await team.planned(board, "two")
        await team.assign(one, ann.subject)
        await team.assign(two, ann.subject, bob.subject)
        await team.did(ann, "POST", f"/v1/tasks/{one['id']}/start")
        await team.did(ann, "POST", f"/v1/tasks/{two['id']}/start")
        spent = {"minutes": 30, "spentOn": (await team.now(one))["createdAt"][:10]}
        await team.did(ann, "POST", f"/v1/tasks/{one['id']}/time-entries", spent)
        left = {"userId": str(bob.subject), "endReason": "removed"}
        for _ in range(2):
            await team.tell("user.member-removed", left)
        assert (await team.now(two))["assigneeIds"] == [str(ann.subject)]
        erasure = str(uuid7())
        gone = {"userId": str(ann.subject), "erasureRequestId": erasure}
        for _ in range(2):
            await team.tell("user.user-deleted", gone)
        for task in (one, two):
            now = await team.now(task)
            assert (now["workflowState"], now["assigneeIds"]) == ("ready", [])
            assert str(ann.subject) not in str(now)
        entries = await team.did(team.lead, "GET", f"/v1/tasks/{one['id']}/time-entries")
        assert entries["items"][0]["workerId"] == "00000000-0000-7000-8000-000000000000"
        first, second = await team.events("task-erasure-completed")
        assert (first["erasureRequestId"], first["store"]) == (erasure, "tasks")
        assert first["userId"] == str(ann.subject)
        assert first["erasedItems"] >= 4
        assert second["erasedItems"] == 0

    played(tmp_path, play)
