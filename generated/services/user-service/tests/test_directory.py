"""Runs of customers' directories."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from cloudsync_chassis import clock
from cloudsync_chassis.store.system import documents
from user_town import Town, slug, town

pytestmark = pytest.mark.anyio


def _create(name: str, **more: Any) -> dict[str, Any]:
    return {
        "kind": "create",
        "externalId": f"x-{name}",
        "primaryEmail": f"{name}@example.org",
        "displayName": name.title(),
        "username": name,
        **more,
    }


async def _own_domain(made: Town) -> None:
    at = clock.now().isoformat()
    data = {"organizationId": str(made.id), "domain": "example.org", "verifiedAt": at}
    await made.service.tell("cloudsync.user.domain-verified.v1", data, made.id)


async def _run(made: Town, *operations: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The finished run."""
    body = {"source": "okta", "operations": list(operations), **more}
    accepted = await made.ask("POST", "/directory-syncs", body)
    assert accepted.status_code == 202, accepted.text
    await made.service.tick()
    found = await made.ask("GET", f"/directory-syncs/{accepted.json()['id']}")
    run: dict[str, Any] = found.json()
    assert "finishedAt" in run
    return run


def _counts(run: dict[str, Any]) -> tuple[int, ...]:
    return tuple(run[name] for name in ("scanned", "created", "updated", "failed"))


async def test_a_directory_brings_changes_and_takes_people(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        await _own_domain(made)
        first = await _run(
            made, _create("ann"), _create("bob", managerExternalId="x-ann"), _create("bob")
        )
        assert _counts(first) == (3, 2, 0, 0)
        people = (await made.ask("GET", "/users?externalId=x-bob")).json()["items"]
        ann = (await made.ask("GET", "/users?externalId=x-ann")).json()["items"][0]
        assert people[0]["status"] == "invited"
        assert len(await made.told("user-created")) == 2
        renamed = {"kind": "replace", "externalId": "x-bob", "displayName": "Robert"}
        unknown = {"kind": "replace", "externalId": "x-who", "displayName": "Who"}
        second = await _run(made, renamed, renamed, unknown, _create("ann"))
        assert _counts(second) == (4, 0, 1, 1)
        assert ann["version"] == (await _by_key(made, "x-ann"))["version"]


async def _by_key(made: Town, key: str) -> dict[str, Any]:
    found: dict[str, Any] = (await made.ask("GET", f"/users?externalId={key}")).json()["items"][0]
    return found


async def test_owners_and_managers_are_out_of_its_reach(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        ann = await made.worker("ann", externalId="x-ann")
        boss = await made.worker("boss", externalId="x-boss")
        await made.worker("low", externalId="x-low", managerId=str(ann.subject))
        made.owns(boss, last=False)
        gone = [{"kind": "deactivate", "externalId": f"x-{each}"} for each in ("boss", "ann")]
        refused = await _run(made, *gone)
        assert _counts(refused) == (2, 0, 0, 2)
        low = {"kind": "deactivate", "externalId": "x-low"}
        assert _counts(await _run(made, low, low)) == (2, 0, 1, 0)
        assert (await _by_key(made, "x-low"))["status"] == "deactivated"
        assert len(await made.told("user-deactivated")) == 1
        back = {"kind": "reactivate", "externalId": "x-low"}
        made.seats[:] = [100, 100]
        assert _counts(await _run(made, back)) == (1, 0, 0, 1)
        made.seats[:] = [1, 100]
        assert _counts(await _run(made, back)) == (1, 0, 1, 0)
        assert (await _by_key(made, "x-low"))["status"] == "active"


async def test_a_dry_run_changes_nothing(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        await _own_domain(made)
        assert _counts(await _run(made, _create("ann"), dryRun=True)) == (1, 1, 0, 0)
        assert (await made.ask("GET", "/users")).json()["items"] == []
        assert await made.told("user-created") == []


async def test_a_batch_must_fit_the_mapping_and_the_domains(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        body = {"source": "okta", "operations": [_create("ann")]}
        assert slug(await made.ask("POST", "/directory-syncs", body)) == "422 mapping-invalid"
        await _own_domain(made)
        body["operations"] = [{"kind": "create", "externalId": "a"}, _create("bob")]
        lacking = await made.ask("POST", "/directory-syncs", body)
        pointers = {each["pointer"] for each in lacking.json()["errors"]}
        assert pointers == {
            f"/operations/0/{each}" for each in ("primaryEmail", "displayName", "username")
        }
        other = made.service.caller("org-admin")
        at = clock.now()
        await made.service.tell(
            "cloudsync.user.domain-verified.v1",
            {
                "organizationId": str(other.organization),
                "domain": "example.org",
                "verifiedAt": at.isoformat(),
            },
            other.organization,
        )
        body["operations"] = [_create("ann")]
        assert slug(await made.ask("POST", "/directory-syncs", body)) == "422 mapping-invalid"


async def test_runs_of_a_directory_do_not_overlap(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        await _own_domain(made)
        body = {"source": "okta", "operations": [_create("ann")]}
        assert (await made.ask("POST", "/directory-syncs", body)).status_code == 202
        assert slug(await made.ask("POST", "/directory-syncs", body)) == "409 sync-running"
        other = {**body, "source": "custom"}
        assert (await made.ask("POST", "/directory-syncs", other)).status_code == 202
        await made.service.tick()
        assert (await made.ask("POST", "/directory-syncs", body)).status_code == 202


async def test_a_run_goes_on_in_another_process(tmp_path: Path) -> None:
    names = [f"p{place:03}" for place in range(60)]
    async with town(tmp_path) as made:
        await _own_domain(made)
        body = {"source": "okta", "operations": [_create(each) for each in names]}
        accepted = (await made.ask("POST", "/directory-syncs", body)).json()
        tenant = made.id
        async with made.service.runtime.database.transaction(write=False) as connection:
            kept = (await connection.execute(sa.select(documents.c.body))).scalars().all()
        assert [each["place"] for each in kept] == [0, 50]
        assert "example.org" not in str(kept)
    async with town(tmp_path) as made:
        made.id, made.admin = tenant, made.service.caller("org-admin", organization=tenant)
        found = await made.ask("GET", f"/directory-syncs/{accepted['id']}")
        assert (_counts(found.json()), "finishedAt" in found.json()) == ((0, 0, 0, 0), False)
        await made.service.tick()
        found = await made.ask("GET", f"/directory-syncs/{accepted['id']}")
        assert (_counts(found.json()), "finishedAt" in found.json()) == ((60, 60, 0, 0), True)
        assert [each["username"] for each in await _everybody(made)] == names


async def _everybody(made: Town) -> list[dict[str, Any]]:
    listed = await made.ask("GET", "/users?limit=100&sort=createdAt")
    found: list[dict[str, Any]] = listed.json()["items"]
    return found


async def test_runs_are_dropped_after_thirteen_months(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        await _own_domain(made)
        await _run(made, _create("ann"))
        made.service.later(timedelta(days=390))
        kept = await _run(made, _create("bob"))
        made.service.later(timedelta(days=10))
        await made.service.tick()
        listed = (await made.ask("GET", "/directory-syncs")).json()["items"]
        assert [each["id"] for each in listed] == [kept["id"]]
