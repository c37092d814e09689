"""Who gets through a door, and who is shown it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cloudsync_chassis.ids import uuid7
from cloudsync_chassis.security.tokens import principal_of
from hall import DAY, MINUTE, Hall, play
from joserfc import jwt


def _where(joined: dict[str, Any]) -> str:
    return str(joined["participant"]["joinState"])


def test_a_card_tells_no_title(tmp_path: Path) -> None:
    async def scene(hall: Hall) -> None:
        meeting = await hall.booked(passcode="4711")
        code = {"joinCode": meeting["joinCode"]}
        card = await hall.done("LookUpMeeting", code, "guest")
        assert card["passcodeNeeded"] is True
        assert card["meetingId"] == meeting["id"]
        assert "Weekly" not in str(card)
        hall.service.later(3 * DAY)
        assert await hall.refused("LookUpMeeting", code, "guest") == "code-unknown"

    play(tmp_path, scene)


def test_another_organisations_codes_lead_nowhere(tmp_path: Path) -> None:
    async def scene(hall: Hall) -> None:
        meeting = await hall.booked()
        hall.people["stranger"] = hall.service.caller("member")
        code = {"joinCode": meeting["joinCode"]}
        assert await hall.refused("LookUpMeeting", code, "stranger") == "code-unknown"
        ticket = hall.ticket(meeting, "stranger")
        assert await hall.refused("JoinMeeting", ticket, "stranger") == "not-found"

    play(tmp_path, scene)


def test_ten_guesses_shut_an_address_out(tmp_path: Path) -> None:
    async def scene(hall: Hall) -> None:
        meeting = await hall.booked(passcode="4711")
        wrong, right = hall.ticket(meeting, "ann", passcode="4712"), {"joinCode": "aaa-aaaa-aaa"}
        for _ in range(5):
            assert await hall.refused("JoinMeeting", wrong, "ann") == "passcode-wrong"
            assert await hall.refused("LookUpMeeting", right, "ann") == "code-unknown"
        assert await hall.refused("JoinMeeting", wrong, "ann") == "address-locked-out"
        assert await hall.refused("LookUpMeeting", right, "bob") == "address-locked-out"
        hall.service.later(31 * MINUTE)
        assert _where(await hall.join(meeting, "ann", passcode="4711")) == "waiting"
        assert _where(await hall.join(meeting, "ann")) == "waiting"

    play(tmp_path, scene)


def test_the_admission_policy_decides(tmp_path: Path) -> None:
    expected = {
        "open": ("admitted", "admitted"),
        "organisationOnly": ("admitted", "forbidden"),
        "lobbyForGuests": ("admitted", "waiting"),
        "lobbyForAll": ("waiting", "waiting"),
    }

    async def scene(hall: Hall) -> None:
        for policy, (member, guest) in expected.items():
            meeting = await hall.live(admission=policy)
            assert _where(await hall.join(meeting, "ann")) == member
            if guest == "forbidden":
                ticket = hall.ticket(meeting, "guest")
                assert await hall.refused("JoinMeeting", ticket, "guest") == guest
            else:
                assert _where(await hall.join(meeting, "guest")) == guest

    play(tmp_path, scene)


def test_a_token_is_for_one_person_one_node_and_a_minute(tmp_path: Path) -> None:
    async def scene(hall: Hall) -> None:
        meeting = await hall.live()
        joined = await hall.join(meeting, "ann")
        key = hall.service.runtime.identity.keys.ensure()
        claims = jwt.decode(joined["mediaToken"], key, algorithms=["ES256"]).claims
        assert principal_of(claims).subject == joined["participant"]["id"]
        assert claims["aud"] == [joined["mediaNode"]]
        assert claims["exp"] - claims["iat"] == 60

    play(tmp_path, scene)


def test_a_locked_door_opens_for_those_who_lost_their_line(tmp_path: Path) -> None:
    async def scene(hall: Hall) -> None:
        meeting = await hall.live()
        [ann] = await hall.connect(meeting, "ann")
        assert await hall.refused(
            "LockMeeting", {"meetingId": meeting["id"], "locked": True}, "ann"
        ) == ("forbidden")
        await hall.done("LockMeeting", {"meetingId": meeting["id"], "locked": True})
        assert await hall.refused("JoinMeeting", hall.ticket(meeting, "bob"), "bob") == (
            "meeting-locked"
        )
        hall.hang_up(ann["id"])
        await hall.hear()
        back = await hall.join(meeting, "ann")
        assert (_where(back), back["participant"]["id"]) == ("admitted", ann["id"])

    play(tmp_path, scene)


def test_no_more_get_in_than_fit(tmp_path: Path) -> None:
    async def scene(hall: Hall) -> None:
        meeting = await hall.live(maxParticipants=2, admission="lobbyForGuests")
        await hall.connect(meeting, "ann")
        assert await hall.refused("JoinMeeting", hall.ticket(meeting, "bob"), "bob") == (
            "meeting-full"
        )
        waiting = (await hall.join(meeting, "guest"))["participant"]
        word = {"participantId": waiting["id"], "admit": True}
        assert await hall.refused("AdmitParticipant", word) == "meeting-full"
        assert _where(await hall.join(meeting, "ann")) == "admitted"

    play(tmp_path, scene)


def test_a_host_has_the_word_at_the_door(tmp_path: Path) -> None:
    async def scene(hall: Hall) -> None:
        meeting = await hall.live(admission="lobbyForAll")
        ann = (await hall.join(meeting, "ann"))["participant"]
        word = {"participantId": ann["id"], "admit": True}
        assert await hall.refused("AdmitParticipant", word, "ann") == "forbidden"
        let_in = await hall.done("AdmitParticipant", word)
        assert let_in["joinState"] == "admitted"
        assert (await hall.done("AdmitParticipant", word))["version"] == let_in["version"]
        assert "mediaToken" in await hall.join(meeting, "ann")
        assert await hall.refused("AdmitParticipant", {**word, "admit": False}) == "not-waiting"

        bob = (await hall.join(meeting, "bob"))["participant"]
        away = {"participantId": bob["id"], "admit": False}
        assert (await hall.done("AdmitParticipant", away))["banned"] is False
        assert _where(await hall.join(meeting, "bob")) == "waiting"
        assert (await hall.done("AdmitParticipant", away))["banned"] is True
        assert await hall.refused("JoinMeeting", hall.ticket(meeting, "bob"), "bob") == "forbidden"

    play(tmp_path, scene)


def test_who_is_removed_is_out(tmp_path: Path) -> None:
    async def scene(hall: Hall) -> None:
        meeting = await hall.live()
        host, ann = await hall.connect(meeting, "host", "ann")
        word = {"participantId": host["id"], "banned": True}
        assert await hall.refused("RemoveParticipant", word) == "host-not-removable"
        removed = await hall.done("RemoveParticipant", {**word, "participantId": ann["id"]})
        assert (removed["joinState"], removed["banned"]) == ("removed", True)
        await hall.hear()
        assert (await hall.entry(ann["id"])).join_state == "removed"
        assert await hall.refused("JoinMeeting", hall.ticket(meeting, "ann"), "ann") == "forbidden"

    play(tmp_path, scene)


def test_a_meeting_is_handed_over_to_somebody_in_it(tmp_path: Path) -> None:
    async def scene(hall: Hall) -> None:
        meeting = await hall.live()
        word = {"meetingId": meeting["id"], "hostId": str(hall.person("ann").subject)}
        assert await hall.refused("HandOverHost", word) == "user-not-connected"
        host, ann = await hall.connect(meeting, "host", "ann")
        handed = await hall.done("HandOverHost", word)
        assert handed["hostId"] == word["hostId"]
        roles = [(await hall.entry(each["id"])).meeting_role.value for each in (host, ann)]
        assert roles == ["attendee", "host"]
        assert await hall.refused("EndMeeting", {"meetingId": meeting["id"]}) == "forbidden"
        assert (await hall.done("EndMeeting", {"meetingId": meeting["id"]}, "ann"))["phase"] == (
            "ended"
        )

    play(tmp_path, scene)


def test_suspended_people_leave_and_hosts_are_replaced(tmp_path: Path) -> None:
    async def scene(hall: Hall) -> None:
        meeting = await hall.live()
        host, ann, _ = await hall.connect(meeting, "host", "ann", "bob")
        await hall.tell(
            "user.user-suspended", userId=str(hall.person("host").subject), reason="adminAction"
        )
        assert (await hall.entry(host["id"])).join_state == "removed"
        found = await hall.meeting(meeting["id"])
        assert (found.host_id, found.phase) == (hall.person("ann").subject, "live")
        assert (await hall.entry(ann["id"])).meeting_role == "host"

    play(tmp_path, scene)


def test_erased_people_lose_their_name_and_their_meetings(tmp_path: Path) -> None:
    async def scene(hall: Hall) -> None:
        live, booked = await hall.live(), await hall.booked()
        [host] = await hall.connect(live, "host")
        heir, request = hall.person("ann").subject, str(uuid7())
        user = str(hall.person("host").subject)
        for _ in range(2):
            await hall.tell(
                "user.user-deleted",
                userId=user,
                erasureRequestId=request,
                successorUserId=str(heir),
            )
        assert (await hall.entry(host["id"])).display_name == "Former participant"
        assert (await hall.meeting(booked["id"])).host_id == heir
        first, second = await hall.said("video-erasure-completed")
        assert (first["userId"], first["erasureRequestId"]) == (user, request)
        assert (first["erasedItems"], second["erasedItems"]) == (3, 0)

    play(tmp_path, scene)


def test_side_rooms_lead_nobody_into_two(tmp_path: Path) -> None:
    async def scene(hall: Hall) -> None:
        booked, meeting = await hall.booked(), await hall.live()
        ann, bob = await hall.connect(meeting, "ann", "bob")

        def rooms(*people: list[str], **more: Any) -> dict[str, Any]:
            made = [
                {"roomLabel": f"room {number}", "participantIds": each}
                for number, each in enumerate(people)
            ]
            return {"meetingId": meeting["id"], "rooms": made, **more}

        ask = hall.refused
        both = rooms([ann["id"]], [ann["id"]])
        assert await ask("OpenBreakoutRooms", both) == "participant-in-two-rooms"
        assert await ask("OpenBreakoutRooms", rooms([str(uuid7())])) == "reference-unknown"
        assert await ask("OpenBreakoutRooms", rooms([]), "ann") == "forbidden"
        early = {**rooms([]), "meetingId": booked["id"]}
        assert await ask("OpenBreakoutRooms", early) == "meeting-not-live"
        closes = {"closesAt": meeting["scheduledEnd"]}
        opened = await hall.done("OpenBreakoutRooms", rooms([ann["id"]], [bob["id"]], **closes))
        assert [each["participantIds"] for each in opened] == [[ann["id"]], [bob["id"]]]
        assert await ask("OpenBreakoutRooms", rooms([ann["id"]])) == "participant-in-two-rooms"
        hall.service.later(DAY)
        await hall.service.tick("close-breakout-room")
        assert await hall.run(lambda ctx: hall.handlers.breakout_room.count(ctx)) == 0

    play(tmp_path, scene)
