"""Who has a document: grants, teams, links, and what was shared with somebody."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from cloudsync_chassis import clock
from cloudsync_chassis.ids import uuid7

from tests.desk import Desk, played, version


async def _link(desk: Desk, document: Any, **body: Any) -> tuple[Any, str]:
    """A link's grant and token."""
    path = f"/v1/documents/{document['id']}/links"
    made = await desk.did(desk.author, "POST", path, {"access": "viewer", **body})
    return made["grant"], made["address"].rpartition("#")[2]


async def _opened(desk: Desk, token: str, by: Any = None, **body: Any) -> Any:
    sent = {"linkToken": token, **body}
    return await desk.ask(by or desk.other, "POST", "/v1/share-links/open", sent)


def _slug(answer: Any) -> str:
    return str(answer.json()["type"]).rpartition("/")[2]


def test_grants_of_teams_reach_their_members(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        document, team = await desk.document(), uuid7()
        path = f"/v1/documents/{document['id']}"
        await desk.share(document, f"team:{team}", "editor")
        assert await desk.refused(desk.other, "GET", path) == "forbidden"
        await desk.join(team, desk.other)
        await desk.write(document, {"kind": "insert", "blockId": "a"}, by=desk.other)
        ids = [str(desk.other.subject)]
        await desk.tell("user.team-member-removed", teamId=str(team), userIds=ids)
        assert await desk.refused(desk.other, "GET", path) == "forbidden"

    played(tmp_path, play)


def test_late_news_of_a_team_change_nothing(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        document, team = await desk.document(), uuid7()
        await desk.share(document, f"team:{team}")
        desk.service.later(timedelta(minutes=5))
        ids = [str(desk.other.subject)]
        await desk.tell("user.team-member-removed", teamId=str(team), userIds=ids)
        clock.reset()
        await desk.join(team, desk.other)
        path = f"/v1/documents/{document['id']}"
        assert await desk.refused(desk.other, "GET", path) == "forbidden"

    played(tmp_path, play)


def test_the_whole_organisation_is_those_who_are_known(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        document = await desk.document()
        await desk.join(uuid7(), desk.other)
        grant = await desk.share(document, f"org:{desk.organization}", "commenter")
        path = f"/v1/documents/{document['id']}"
        await desk.did(desk.other, "GET", path)
        await desk.did(desk.author, "DELETE", f"{path}/grants/{grant['id']}")
        await desk.service.settle()
        assert await desk.refused(desk.other, "GET", path) == "forbidden"

    played(tmp_path, play)


def test_team_shares_of_folders_reach_newcomers(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        team = uuid7()
        share = {"principal": f"team:{team}", "access": "editor"}
        folder = await desk.folder("Team", sharedWith=[share])
        document = await desk.document(folderId=folder["id"])
        await desk.join(team, desk.other)
        await desk.did(desk.other, "GET", f"/v1/documents/{document['id']}")
        below = await desk.folder("Mine", desk.other, parentFolderId=folder["id"])
        assert below["ownerId"] == str(desk.other.subject)

    played(tmp_path, play)


def test_what_was_shared_with_somebody_is_listed(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        team, shared = uuid7(), []
        await desk.join(team, desk.other, desk.author)
        for number in range(3):
            shared.append(await desk.document(title=f"D{number}", labels=[f"l{number}"]))
        await desk.share(shared[0], f"user:{desk.other.subject}", "viewer")
        await desk.share(shared[1], f"team:{team}", "editor")
        await desk.document(desk.other, title="My own")
        path = "/v1/shared-documents"
        page = await desk.did(desk.other, "GET", path)
        assert [each["title"] for each in page["items"]] == ["D1", "D0"]
        assert f"team:{team}" in page["items"][0]["principals"]
        first = await desk.did(desk.other, "GET", f"{path}?limit=1")
        rest = await desk.did(desk.other, "GET", f"{path}?cursor={first['nextCursor']}")
        assert [each["title"] for each in rest["items"]] == ["D0"]
        editing = await desk.did(desk.other, "GET", f"{path}?access=editor")
        assert [each["title"] for each in editing["items"]] == ["D1"]
        labelled = await desk.did(desk.other, "GET", f"{path}?label=l0")
        assert [each["title"] for each in labelled["items"]] == ["D0"]
        assert (await desk.did(desk.author, "GET", path))["items"] == []

    played(tmp_path, play)


def test_links_open_for_whoever_holds_them(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        document = await desk.document()
        grant, token = await _link(desk, document)
        assert len(token) == 43
        stranger = desk.service.caller("guest")
        opened = await _opened(desk, token, stranger)
        assert opened.json() == {
            "documentId": document["id"],
            "shareGrantId": grant["id"],
            "access": "viewer",
        }
        swapped = token.swapcase()
        assert _slug(await _opened(desk, swapped)) == "link-expired"
        await desk.did(
            desk.author, "DELETE", f"/v1/documents/{document['id']}/grants/{grant['id']}"
        )
        assert _slug(await _opened(desk, token)) == "link-expired"
        path = f"/v1/documents/{document['id']}/links"
        assert await desk.refused(desk.other, "POST", path, {"access": "viewer"}) == "forbidden"

    played(tmp_path, play)


def test_links_end_with_their_time_and_their_document(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        document = await desk.document()
        end = (clock.now() + timedelta(minutes=5)).isoformat()
        grant, token = await _link(desk, document, expiresAt=end)
        assert (await _opened(desk, token)).status_code == 200
        desk.service.later(timedelta(minutes=6))
        assert _slug(await _opened(desk, token)) == "link-expired"
        await desk.service.tick()
        [unshared] = await desk.events("document-unshared")
        assert unshared["shareGrantId"] == grant["id"]
        _, second = await _link(desk, document)
        await desk.did(desk.author, "POST", f"/v1/documents/{document['id']}/trash")
        assert _slug(await _opened(desk, second)) == "link-expired"

    played(tmp_path, play)


def test_sensitivity_has_its_say_on_links(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        body = {"access": "viewer"}
        restricted = await desk.document(sensitivity="restricted")
        path = f"/v1/documents/{restricted['id']}/links"
        assert await desk.refused(desk.author, "POST", path, body) == "sharing-forbidden"
        confidential = await desk.document(sensitivity="confidential")
        path = f"/v1/documents/{confidential['id']}/links"
        assert await desk.refused(desk.author, "POST", path, body) == "link-needs-end"
        document = await desk.document()
        _, token = await _link(desk, document)
        await desk.did(
            desk.author,
            "PATCH",
            f"/v1/documents/{document['id']}",
            {"sensitivity": "confidential"},
            If_Match=version(document),
        )
        assert _slug(await _opened(desk, token)) == "link-expired"

    played(tmp_path, play)


def test_passcodes_are_asked_for(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        document = await desk.document()
        grant, token = await _link(desk, document, passcode="open sesame")
        assert grant["hasPasscode"]
        assert _slug(await _opened(desk, token)) == "passcode-wrong"
        assert _slug(await _opened(desk, token, passcode="open barley")) == "passcode-wrong"
        assert (await _opened(desk, token, passcode="open sesame")).status_code == 200
        assert _slug(await _opened(desk, token, passcode="open wheat!")) == "passcode-wrong"
        limited = await _opened(desk, token, passcode="open sesame")
        assert (limited.status_code, limited.headers["Retry-After"]) == (429, "60")

    played(tmp_path, play)


def test_guessing_tokens_is_slowed_down(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        for _ in range(10):
            assert _slug(await _opened(desk, "a" * 43)) == "link-expired"
        assert (await _opened(desk, "a" * 43)).status_code == 429

    played(tmp_path, play)
