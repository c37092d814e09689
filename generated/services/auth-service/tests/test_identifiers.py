"""Whose an address is: as user-service tells it, and never longer."""

from __future__ import annotations

import hashlib
from pathlib import Path
from uuid import uuid4

import pytest
from auth_town import PASSWORD, Town, town

pytestmark = pytest.mark.anyio


def _hashed(address: str) -> str:
    return hashlib.sha256(address.encode()).hexdigest()


async def _knows(made: Town, address: str) -> bool:
    session = (await made.begin(address)).json()["sessionId"]
    return (await made.answer(session)).status_code == 200


async def test_a_newcomer_signs_in_by_the_address_that_was_announced(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        await made.person("ann@example.org")
        assert await _knows(made, "ann@example.org")
        assert await _knows(made, "Ann@Example.org")
        assert not await _knows(made, "eve@example.org")


async def test_a_new_address_takes_the_place_of_the_old(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        ann = await made.person("ann@example.org")
        await made.tell("user-updated", userId=ann.subject, changedFields=["locale"])
        assert await _knows(made, "ann@example.org")
        changed = {"changedFields": ["primaryEmail"], "primaryEmailHash": _hashed("a@example.org")}
        await made.tell("user-updated", userId=ann.subject, **changed)
        assert await _knows(made, "a@example.org")
        assert not await _knows(made, "ann@example.org")


async def test_an_address_of_several_organisations_is_the_youngest_account(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        await made.person("ann@example.org")
        other = Town(made.service, made.state, uuid4())
        again = other.caller()
        await other.name(again, "ann@example.org")
        enrolled = await other.enrol(again, secret=PASSWORD)
        assert enrolled.status_code == 201, enrolled.text
        session = (await other.login("ann@example.org"))["sessionId"]
        guard = other.caller("security-admin")
        seen = await other.ask("GET", f"/sessions/{session}", by=guard)
        assert seen.json()["userId"] == str(again.subject)


async def test_whoever_signs_in_as_an_absorbed_account_is_the_survivor(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        absorbed = await made.person("ann@example.org")
        survivor = made.caller()
        ids = {"userId": survivor.subject, "survivorId": survivor.subject}
        await made.tell("user-merged", **ids, absorbedId=absorbed.subject)
        session = (await made.login("ann@example.org"))["sessionId"]
        assert (await made.session(session))["userId"] == str(survivor.subject)
