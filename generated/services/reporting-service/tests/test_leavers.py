"""People and tenants that are gone."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

from cloudsync_chassis.ids import uuid7
from cloudsync_chassis.store.system import documents
from sqlalchemy import select

from .steps import Desk, played


def erased(user: UUID, **more: Any) -> dict[str, Any]:
    """Somebody is to be forgotten."""
    return {"userId": str(user), "erasureRequestId": str(uuid7()), **more}


def test_an_erased_person_leaves_schedules_lists_and_boards(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        admin, leaver = desk.person("org-admin"), desk.person()
        name = {"dashboardName": "Open", "visibility": "organization"}
        await desk.did(admin, "POST", "/v1/dashboards", name)
        opened = await desk.did(leaver, "POST", "/v1/dashboards", name)
        secret = await desk.did(leaver, "POST", "/v1/dashboards", {"dashboardName": "Secret"})
        await desk.schedule(leaver)
        person = str(leaver.subject)
        other = str(uuid7())
        await desk.schedule(recipientIds=[person, other])
        alone = await desk.ready(audience="named", recipientIds=[person])
        both = await desk.ready(audience="named", recipientIds=[person, other])
        for counted in (4, 0):
            await desk.tell("user.user-deleted", erased(leaver.subject))
            told = (await desk.events("reporting-erasure-completed"))[-1]
            assert (told["userId"], told["store"]) == (person, "reports")
            assert told["erasedItems"] == counted
        [paused] = [each for each in await desk.schedules(admin) if each["ownerId"] == person]
        assert paused["state"] == "paused"
        [kept] = await desk.schedules()
        assert (kept["state"], kept["recipientIds"]) == ("active", [other])
        now = await desk.did(desk.manager, "GET", f"/v1/reports/{alone['id']}")
        assert (now["audience"], now["recipientIds"]) == ("private", [])
        now = await desk.did(desk.manager, "GET", f"/v1/reports/{both['id']}")
        assert (now["audience"], now["recipientIds"]) == ("named", [other])
        board = await desk.did(desk.manager, "GET", f"/v1/dashboards/{opened['id']}")
        assert board["ownerId"] == str(admin.subject)
        assert board["dashboardName"] == "Open (2)"
        path = f"/v1/dashboards/{secret['id']}"
        assert await desk.refused(leaver, "GET", path) == "not-found"

    played(tmp_path, play)


def test_a_named_successor_takes_open_boards(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        body = {"dashboardName": "Open", "visibility": "organization"}
        made = await desk.did(desk.manager, "POST", "/v1/dashboards", body)
        heir = desk.person()
        event = erased(desk.manager.subject, successorUserId=str(heir.subject))
        await desk.tell("user.user-deleted", event)
        board = await desk.did(heir, "GET", f"/v1/dashboards/{made['id']}")
        assert board["ownerId"] == str(heir.subject)

    played(tmp_path, play)


def test_a_deleted_tenant_keeps_the_export_that_it_is_owed(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        admin = desk.person("org-owner")
        report = await desk.ready()
        export = await desk.ended(await desk.report(admin, templateKey="tenant-export"), admin)
        await desk.schedule()
        waiting = await desk.report()
        deleted = {
            "organizationId": str(desk.organization),
            "deletionRequestedBy": str(admin.subject),
            "purgeAfter": "2030-01-01T00:00:00Z",
        }
        for _ in range(2):
            await desk.tell("user.organization-deleted", deleted)
        path = "/v1/reports/{}"
        now = await desk.did(desk.manager, "GET", path.format(report["id"]))
        assert now["status"] == "expired"
        now = await desk.did(desk.manager, "GET", path.format(waiting["id"]))
        assert now["status"] == "cancelled"
        assert (await desk.schedules())[0]["state"] == "paused"
        assert await desk.fetched(export, admin)
        files = list((tmp_path / "reporting-service/bucket").rglob("*.csv"))
        assert [each.stem for each in files] == [export["id"]]

    played(tmp_path, play)


def test_nothing_is_left_of_a_purged_tenant(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        other = Desk(desk.service, desk.handlers)
        for each in (desk, other):
            await each.ready()
            await each.schedule()
            await each.did(each.manager, "POST", "/v1/dashboards", {"dashboardName": "Mine"})
            await each.adopt("team-monthly")
        purged = {"organizationId": str(desk.organization), "dataResidency": "euWest1"}
        for _ in range(2):
            await desk.tell("user.organization-purged", purged)
        statement = select(documents.c.organization_id).distinct()
        async with desk.service.runtime.database.transaction(write=False) as connection:
            left = set((await connection.execute(statement)).scalars())
        assert left == {other.organization}
        files = list((tmp_path / "reporting-service/bucket").rglob("*.csv"))
        assert [each.parent.name for each in files] == [str(other.organization)]

    played(tmp_path, play)
