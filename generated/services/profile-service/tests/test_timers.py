"""What happens by the clock."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from cloudsync_chassis import clock
from cloudsync_chassis.testing import Caller
from profile_house import House, house
from profile_service import fields

pytestmark = pytest.mark.anyio


async def _say(made: House, hours: int | None) -> Caller:
    """Somebody whose message ends then."""
    who = await made.shown()
    message = {"emoji": "x", "text": "back soon"}
    if hours is not None:
        message["clearAt"] = (clock.now() + timedelta(hours=hours)).isoformat()
    path = f"/profiles/{who.subject}/status-message"
    said = await made.ask("PUT", path, who, {"statusMessage": message})
    assert said.status_code == 200, said.text
    return who


async def test_messages_go_when_their_moment_has_come(tmp_path: Path) -> None:
    async with house(tmp_path) as made:
        over, later, endless = [await _say(made, hours) for hours in (1, 3, None)]
        made.service.later(timedelta(hours=2))
        await made.service.tick()
        ended = [
            each["userId"]
            for each in await made.events("status-message-changed")
            if "statusMessage" not in each
        ]
        assert ended == [str(over.subject)]
        for who in (over, later, endless):
            assert ("statusMessage" in await made.profile(who)) == (who is not over)


async def test_lapsed_archives_are_destroyed(tmp_path: Path) -> None:
    async with house(tmp_path) as made:
        ann, bob = await made.shown(), await made.shown()
        first, second = f"/profiles/{ann.subject}/export", f"/profiles/{bob.subject}/export"
        old = (await made.ask("POST", first, ann)).json()["exportId"]
        made.service.later(timedelta(hours=71))
        young = (await made.ask("POST", second, bob)).json()["exportId"]
        archives = tmp_path / "profile-service" / "archives"
        await made.service.tick()
        assert {each.stem for each in archives.iterdir()} == {old, young}
        made.service.later(timedelta(hours=2))
        await made.service.tick()
        assert {each.stem for each in archives.iterdir()} == {young}


async def test_tombstones_go_after_thirty_days(tmp_path: Path) -> None:
    async with house(tmp_path) as made:
        ann, bob = await made.shown(), await made.shown()
        await made.ask("POST", f"/profiles/{ann.subject}/preferences", ann, {"theme": "dark"})
        await made.tell("user-deleted", userId=ann.subject, erasureRequestId=uuid4())
        made.service.later(timedelta(days=29))
        await made.tell("user-deleted", userId=bob.subject, erasureRequestId=uuid4())
        await made.service.tick()
        assert (await made.profile(ann))["status"] == "erased"
        made.service.later(timedelta(days=2))
        await made.service.tick()
        for path in ("", "/preferences"):
            gone = await made.ask("GET", f"/profiles/{ann.subject}{path}", ann)
            assert gone.status_code == 404
        assert (await made.profile(bob))["status"] == "erased"
        await made.open(ann.subject)
        assert (await made.ask("GET", f"/profiles/{ann.subject}", ann)).status_code == 404


async def test_values_of_retired_fields_are_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fields, "_AT_ONCE", 2)
    async with house(tmp_path) as made:
        for key in ("badge", "desk"):
            await made.field(key)
        values = {"badge": "7", "desk": "4"}
        people = [await made.person(customValues=values) for _ in range(3)]
        await made.ask("DELETE", "/profile-fields/badge", made.caller("org-admin"))
        assert (await made.profile(people[0]))["customValues"] == values
        await made.service.tick()
        for who in people:
            assert (await made.profile(who))["customValues"] == {"desk": "4"}


async def test_values_that_fit_a_field_that_came_back_stay(tmp_path: Path) -> None:
    async with house(tmp_path) as made:
        await made.field("badge")
        fits, other = [await made.person(customValues={"badge": each}) for each in ("7", "x")]
        await made.ask("DELETE", "/profile-fields/badge", made.caller("org-admin"))
        assert (await made.field("badge", dataType="number")).status_code == 200
        await made.service.tick()
        assert (await made.profile(fits))["customValues"] == {"badge": "7"}
        assert (await made.profile(other))["customValues"] == {}
