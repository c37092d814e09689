"""Invitations and memberships: seats, roles, ends."""

from __future__ import annotations

import base64
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from org_town import NOBODY, Town, slug, town

pytestmark = pytest.mark.anyio


async def _invite(made: Town, *addresses: str, **more: Any) -> dict[str, Any]:
    body = {"inviteeEmails": list(addresses), **more}
    answer = await made.ask("POST", f"{made.place}/invitations", body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def _answer(made: Town, what: str, address: str, **fields: Any) -> Any:
    token = next(each["token"] for each in made.mails() if each["to"] == address)
    return await made.ask("POST", f"/v1/invitations/{what}", {"token": token, **fields}, NOBODY)


async def test_an_invitation_becomes_a_membership_with_its_seat(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        batch = await _invite(made, "Ann@Example.ORG", "bob@example.org")
        assert [each["outcome"] for each in batch["invited"]] == ["open", "open"]
        assert (await made.organization())["seatsTaken"] == 3
        assert {each["to"] for each in made.mails()} == {"Ann@example.org", "bob@example.org"}
        told = (await made.events("member-invited"))[0].data
        assert told["role"] == "member"
        assert "example.org" not in str(told).lower()
        sealed = told["sealedInvitee"]
        content = base64.urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4))
        cipher = made.service.runtime.cipher
        assert cipher.decrypt(content, made.id) == ["Ann@example.org"]
        assert told["organizationName"] == (await made.organization())["legalName"]
        ann = str(uuid4())
        joined = await _answer(made, "accept", "Ann@example.org", userId=ann)
        assert (joined.status_code, joined.json()["userId"]) == (200, ann)
        assert (await made.organization())["seatsTaken"] == 3
        again = await _answer(made, "accept", "Ann@example.org", userId=ann)
        assert again.json()["id"] == joined.json()["id"]
        other = await _answer(made, "accept", "Ann@example.org", userId=str(uuid4()))
        assert slug(other) == "403 address-mismatch"
        events = await made.events("member-joined")
        assert [each.data["userId"] for each in events].count(ann) == 1
        refused = (await _invite(made, "ann@example.org", "bob@example.org"))["refused"]
        assert [each["refusal"] for each in refused] == ["alreadyMember", "alreadyInvited"]


async def test_who_declines_is_left_alone_for_a_month(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        await _invite(made, "ann@example.org")
        assert (await _answer(made, "decline", "ann@example.org")).status_code == 204
        assert (await made.organization())["seatsTaken"] == 1
        refused = (await _invite(made, "ann@example.org"))["refused"]
        assert refused[0]["refusal"] == "suppressedAddress"
        late = await _answer(made, "accept", "ann@example.org", userId=str(uuid4()))
        assert slug(late) == "410 invitation-expired"
        made.service.later(timedelta(days=31))
        assert (await _invite(made, "ann@example.org"))["invited"]


async def test_withdrawn_and_expired_invitations_give_their_seats_back(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        batch = await _invite(made, "ann@example.org", "bob@example.org", expiresInDays=2)
        ann = f"{made.place}/invitations/{batch['invited'][0]['id']}/withdraw"
        assert (await made.ask("POST", ann)).status_code == 204
        assert (await made.ask("POST", ann)).status_code == 204
        assert (await made.organization())["seatsTaken"] == 2
        made.service.later(timedelta(days=3))
        late = await _answer(made, "accept", "bob@example.org", userId=str(uuid4()))
        assert slug(late) == "410 invitation-expired"
        await made.service.tick()
        assert (await made.organization())["seatsTaken"] == 1
        listed = await made.get(f"{made.place}/invitations")
        assert {each["outcome"] for each in listed["items"]} == {"withdrawn", "expired"}
        bob = f"{made.place}/invitations/{batch['invited'][1]['id']}/withdraw"
        assert slug(await made.ask("POST", bob)) == "409 illegal-transition"


async def test_invitations_are_bounded(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        path = f"{made.place}/invitations"
        many = {"inviteeEmails": [f"p{each}@example.org" for each in range(10)]}
        assert slug(await made.ask("POST", path, many)) == "409 seat-limit-reached"
        admin = await made.join(role="orgAdmin")
        above = {"inviteeEmails": ["a@example.org"], "intendedRole": "orgOwner"}
        assert slug(await made.ask("POST", path, above, by=admin)) == "403 role-above-own"
        assert slug(await made.ask("POST", path, above)) == "422 invariant-broken"
        policy = {"guestPolicy": "forbidden"}
        version = (await made.organization())["version"]
        changed = await made.ask("PATCH", made.place, policy, **{"If-Match": f'"{version}"'})
        assert changed.status_code == 200, changed.text
        guest = {"inviteeEmails": ["a@example.org"], "intendedRole": "guest"}
        assert slug(await made.ask("POST", path, guest)) == "403 guests-forbidden"
        assert slug(await made.ask("POST", "/v1/invitations/decline", {"token": "x" * 43})) == (
            "410 invitation-expired"
        )


async def test_a_free_tenant_sends_two_hundred_a_day(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        for batch in range(2):
            guests = [f"g{batch}-{each}@example.org" for each in range(100)]
            await _invite(made, *guests, intendedRole="guest")
        assert (await made.organization())["seatsTaken"] == 1
        body = {"inviteeEmails": ["one@example.org"], "intendedRole": "guest"}
        answer = await made.ask("POST", f"{made.place}/invitations", body)
        assert slug(answer) == "429 rate-limited"


async def test_members_are_added_within_the_seats(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        ann = await made.join(seatType="light")
        body = {"userId": str(ann.subject)}
        path = f"{made.place}/members"
        assert slug(await made.ask("POST", path, body)) == "409 already-member"
        for _ in range(9):
            await made.join()
        full = await made.ask("POST", path, {"userId": str(uuid4())})
        assert slug(full) == "409 seat-limit-reached"
        member = await made.member(ann.subject)
        patch = f"{path}/{ann.subject}"
        stale = await made.ask("PATCH", patch, {"seatType": "full"}, **{"If-Match": '"9"'})
        assert slug(stale) == "412 version-conflict"
        match = {"If-Match": f'"{member["version"]}"'}
        no_seat = await made.ask("PATCH", patch, {"seatType": "full"}, **match)
        assert slug(no_seat) == "409 seat-limit-reached"
        unit = (
            await made.ask("POST", f"{made.place}/units", {"unitName": "A", "unitType": "division"})
        ).json()
        moved = await made.ask("PATCH", patch, {"unitId": unit["id"]}, **match)
        assert moved.json()["unitPath"] == unit["path"]
        told = (await made.events("member-reassigned"))[0].data
        assert told == {"userId": str(ann.subject), "seatType": "light", "unitId": unit["id"]}


async def test_roles_change_below_ones_own_and_owners_stay(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        ann = await made.join(role="guest")
        admin = await made.join(role="orgAdmin")
        path = f"{made.place}/members/{ann.subject}/role"
        assert slug(await made.ask("POST", path, {"role": "orgOwner"}, admin)) == (
            "403 role-above-own"
        )
        changed = await made.ask("POST", path, {"role": "orgOwner"})
        assert (changed.json()["role"], changed.json()["seatType"]) == ("orgOwner", "full")
        assert (await made.organization())["seatsTaken"] == 3
        told = (await made.events("member-role-changed"))[0].data
        assert told == {"userId": str(ann.subject), "role": "orgOwner", "previousRole": "guest"}
        assert (await made.member(made.owner.subject))["lastOwner"] is False
        down = await made.ask("POST", path, {"role": "member"})
        assert down.json()["role"] == "member"
        assert (await made.member(made.owner.subject))["lastOwner"] is True
        own = f"{made.place}/members/{made.owner.subject}"
        assert slug(await made.ask("POST", f"{own}/role", {"role": "member"})) == "409 last-owner"
        assert slug(await made.ask("DELETE", own)) == "409 last-owner"
        assert slug(await made.ask("POST", f"{own}/leave")) == "409 last-owner"


async def test_members_are_removed_and_leave(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        ann, bob = await made.join(), await made.join()
        path = f"{made.place}/members/{ann.subject}"
        stranger = {"successorUserId": str(uuid4())}
        refused = await made.service.http.delete(path, params=stranger, headers=made.owner.headers)
        assert slug(refused) == "422 successor-not-member"
        heir = {"successorUserId": str(bob.subject)}
        gone = await made.service.http.delete(path, params=heir, headers=made.owner.headers)
        assert gone.status_code == 204
        assert (await made.ask("DELETE", path)).status_code == 204
        assert (await made.ask("GET", path)).status_code == 404
        told = (await made.events("member-removed"))[0].data
        assert told == {
            "userId": str(ann.subject),
            "endReason": "removed",
            "successorUserId": str(bob.subject),
        }
        leave = f"{made.place}/members/{bob.subject}/leave"
        carl = await made.join()
        assert slug(await made.ask("POST", leave, by=carl)) == "403 forbidden"
        left = await made.ask("POST", leave, by=bob)
        assert left.json()["endReason"] == "left"
        assert (await made.ask("POST", leave, by=bob)).json()["id"] == left.json()["id"]
        assert (await made.organization())["seatsTaken"] == 2
        listed = await made.get(f"{made.place}/members")
        assert len(listed["items"]) == 2
        assert (
            await made.ask("POST", f"{made.place}/members", {"userId": str(ann.subject)})
        ).is_success
