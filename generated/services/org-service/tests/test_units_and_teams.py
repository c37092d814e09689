"""The tree of units, and teams."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from cloudsync_chassis.testing import Caller
from org_town import Town, slug, town

pytestmark = pytest.mark.anyio


async def _unit(made: Town, name: str, parent: dict[str, Any] | None = None) -> dict[str, Any]:
    body = {"unitName": name, "unitType": "department"}
    if parent is not None:
        body["parentUnitId"] = parent["id"]
    answer = await made.ask("POST", f"{made.place}/units", body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def _move(made: Town, unit: dict[str, Any], parent: dict[str, Any] | None) -> Any:
    now = await made.get(f"{made.place}/units/{unit['id']}")
    body = {"parentUnitId": parent["id"]} if parent else {}
    match = {"If-Match": f'"{now["version"]}"'}
    return await made.ask("POST", f"{made.place}/units/{unit['id']}/move", body, **match)


async def test_units_move_with_all_below_and_their_members(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        sales, north = await _unit(made, "Sales"), None
        north = await _unit(made, "North", sales)
        city = await _unit(made, "City", north)
        other = await _unit(made, "Other")
        ann = await made.join(unitId=city["id"])
        assert (await made.member(ann.subject))["unitPath"] == city["path"]
        assert city["path"].count(".") == 2
        assert slug(await _move(made, sales, city)) == "409 unit-cycle"
        assert slug(await _move(made, sales, sales)) == "409 unit-cycle"
        moved = await _move(made, north, other)
        assert moved.status_code == 200, moved.text
        path = f"{other['path']}.{north['path'].split('.')[1]}"
        assert moved.json()["path"] == path
        below = (await made.member(ann.subject))["unitPath"]
        assert below == f"{path}.{city['path'].split('.')[2]}"
        told = (await made.events("unit-moved"))[0].data
        assert told == {"orgUnitId": north["id"], "fromPath": north["path"], "toPath": path}
        top = await _move(made, north, None)
        assert "parentUnitId" not in top.json()
        assert "." not in top.json()["path"]


async def test_trees_have_names_and_levels(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        unit = None
        for level in range(5):
            unit = await _unit(made, f"Level {level}", unit)
        body = {"unitName": "deep", "unitType": "location", "parentUnitId": (unit or {})["id"]}
        path = f"{made.place}/units"
        assert slug(await made.ask("POST", path, body)) == "409 tree-too-deep"
        twin = {"unitName": "Level 0", "unitType": "location"}
        assert slug(await made.ask("POST", path, twin)) == "409 unit-name-taken"
        below = {**twin, "unitName": "x", "parentUnitId": str(uuid4())}
        assert slug(await made.ask("POST", path, below)) == "422 reference-unknown"
        headed = {**twin, "unitName": "y", "headUserId": str(uuid4())}
        assert slug(await made.ask("POST", path, headed)) == "422 reference-unknown"
        tree = await _unit(made, "Tree")
        await _unit(made, "Branch", tree)
        assert slug(await _move(made, tree, unit)) == "409 tree-too-deep"
        gone = f"{path}/{tree['id']}"
        assert slug(await made.ask("DELETE", gone)) == "409 unit-not-empty"
        branch = (await made.get(f"{path}?parentUnitId={tree['id']}"))["items"][0]
        assert (await made.ask("DELETE", f"{path}/{branch['id']}")).status_code == 204
        assert (await made.ask("DELETE", gone)).status_code == 204


async def test_the_hierarchy_counts_heads(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        sales = await _unit(made, "Sales")
        north = await _unit(made, "North", sales)
        await _unit(made, "Art")
        await made.join(unitId=sales["id"])
        for _ in range(2):
            await made.join(unitId=north["id"])
        tree = await made.get(f"{made.place}/hierarchy")
        told = [
            (each["unitName"], each["depth"], each["headCount"], each["totalHeadCount"])
            for each in tree["nodes"]
        ]
        assert told == [("Art", 1, 0, 0), ("Sales", 1, 1, 3), ("North", 2, 2, 2)]
        assert tree["truncated"] is False
        part = await made.get(f"{made.place}/hierarchy?rootUnitId={north['id']}")
        assert [(each["unitName"], each["depth"]) for each in part["nodes"]] == [("North", 2)]
        flat = await made.get(f"{made.place}/hierarchy?depth=1")
        assert [each["unitName"] for each in flat["nodes"]] == ["Art", "Sales"]
        missing = await made.ask("GET", f"{made.place}/hierarchy?rootUnitId={uuid4()}")
        assert missing.status_code == 404


async def _team(made: Town, lead: Caller, **more: Any) -> str:
    body = {"handle": "ops", "teamName": "Ops", "leadUserIds": [str(lead.subject)], **more}
    answer = await made.ask("POST", "/v1/teams", body)
    assert answer.status_code == 201, answer.text
    return f"/v1/teams/{answer.json()['id']}"


def _people(*callers: Caller) -> dict[str, list[str]]:
    return {"userIds": [str(each.subject) for each in callers]}


async def test_leads_add_members_once(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        ann, bob = await made.join(), await made.join()
        team = await _team(made, ann)
        added = await made.ask("POST", f"{team}/members", _people(ann, bob), by=ann)
        assert added.json()["memberCount"] == 2
        again = await made.ask("POST", f"{team}/members", _people(bob), by=ann)
        assert again.json()["memberCount"] == 2
        told = await made.events("team-member-added")
        assert [set(each.data["userIds"]) for each in told] == [set(_people(ann, bob)["userIds"])]
        assert (await made.member(bob.subject))["teamIds"] == [team.rpartition("/")[2]]
        stranger = {"userIds": [str(uuid4())]}
        assert slug(await made.ask("POST", f"{team}/members", stranger)) == "422 not-a-member"
        carl = await made.join()
        closed = await made.ask("POST", f"{team}/members", _people(carl), by=carl)
        assert slug(closed) == "403 team-closed"
        foreign = await made.ask("POST", f"{team}/members", _people(ann), by=carl)
        assert slug(foreign) == "403 forbidden"
        await made.ask("POST", f"{team}/archive")
        assert slug(await made.ask("POST", f"{team}/members", _people(carl))) == "409 team-archived"


async def test_people_join_open_teams_and_leave_them(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        ann, bob, carl = await made.join(), await made.join(), await made.join()
        team = await _team(made, ann, joinPolicy="open")
        await made.ask("POST", f"{team}/members", _people(ann, carl))
        joined = await made.ask("POST", f"{team}/members", _people(bob), by=bob)
        assert joined.json()["memberCount"] == 3
        seat = f"{team}/members/{bob.subject}"
        assert slug(await made.ask("DELETE", seat, by=carl)) == "403 forbidden"
        assert (await made.ask("DELETE", seat, by=bob)).status_code == 204
        assert (await made.ask("DELETE", seat, by=ann)).status_code == 204
        last = f"{team}/members/{ann.subject}"
        assert slug(await made.ask("DELETE", last, by=ann)) == "409 last-lead"
        told = await made.events("team-member-removed")
        assert [each.data["userIds"] for each in told] == [[str(bob.subject)]]
        assert (await made.get(team))["memberCount"] == 2


async def test_a_full_team_takes_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("org_service.teams._PEOPLE", 1)
    async with town(tmp_path) as made:
        ann, bob = await made.join(), await made.join()
        team = await _team(made, ann)
        full = await made.ask("POST", f"{team}/members", _people(ann, bob))
        assert slug(full) == "409 team-full"


async def test_who_leaves_the_organisation_leaves_its_teams(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        ann = await made.join()
        team = await _team(made, ann)
        await made.ask("POST", f"{team}/members", _people(ann))
        await made.ask("DELETE", f"{made.place}/members/{ann.subject}")
        found = await made.get(team)
        assert found["memberCount"] == 0
        assert found["leadUserIds"] == [str(made.owner.subject)]
