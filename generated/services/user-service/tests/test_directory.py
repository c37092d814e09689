"""Runs of customers' directories."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from cloudsync_chassis import clock
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
    for _ in range(500):
        found = await made.ask("GET", f"/directory-syncs/{accepted.json()['id']}")
        run: dict[str, Any] = found.json()
        if "finishedAt" in run:
            return run
        await asyncio.sleep(0.01)
    raise AssertionError("the run does not end")


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


async def test_runs_of_a_directory_do_not_overlap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> None:
        """The run dies before its first operation."""

    monkeypatch.setattr("user_service.directory.Directory._begin", never)
    async with town(tmp_path) as made:
        await _own_domain(made)
        body = {"source": "okta", "operations": [_create("ann")]}
        assert (await made.ask("POST", "/directory-syncs", body)).status_code == 202
        assert slug(await made.ask("POST", "/directory-syncs", body)) == "409 sync-running"
