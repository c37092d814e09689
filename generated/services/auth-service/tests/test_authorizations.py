"""Clients that people let in by an authorisation code."""

from __future__ import annotations

import base64
import hashlib
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from auth_town import Town, slug, town
from cloudsync_chassis.testing import Caller

pytestmark = pytest.mark.anyio

CLIENT = uuid4()
ADDRESS = "https://cli.cloudsync.example/signed-in"
VERIFIER = "v" * 64
CHALLENGE = (
    base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
)


async def _person(made: Town) -> tuple[Caller, str]:
    """Somebody who is signed in, with their session, where one client is registered."""
    clients = made.state / "auth-service" / "clients"
    clients.mkdir(parents=True)
    (clients / str(CLIENT)).write_text(f"{ADDRESS}\n")
    ann = await made.person()
    tokens = await made.login()
    signed_in = Caller(ann.subject, made.id, tokens["accessToken"])
    return signed_in, tokens["sessionId"]


async def _authorize(made: Town, by: Caller, **fields: Any) -> httpx.Response:
    body = {
        "clientId": str(CLIENT),
        "redirectUri": ADDRESS,
        "codeChallenge": CHALLENGE,
        "channel": "cli",
        **fields,
    }
    return await made.ask("POST", "/oauth/authorizations", body, by)


async def _exchange(made: Town, code: str, **fields: Any) -> httpx.Response:
    body = {
        "grantType": "authorizationCode",
        "clientId": str(CLIENT),
        "redirectUri": ADDRESS,
        "code": code,
        "codeVerifier": VERIFIER,
        **fields,
    }
    return await made.ask("POST", "/oauth/token", body)


async def test_a_client_gets_a_session_of_its_own(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        ann, session = await _person(made)
        authorized = await _authorize(made, ann)
        assert authorized.status_code == 201, authorized.text
        assert authorized.json()["redirectUri"] == ADDRESS
        exchanged = await _exchange(made, authorized.json()["code"])
        assert exchanged.status_code == 200, exchanged.text
        tokens = exchanged.json()
        assert tokens["sessionId"] != session
        first, opened = await made.session(session), await made.session(tokens["sessionId"])
        assert (opened["channel"], opened["userId"]) == ("cli", str(ann.subject))
        same = ("authMethods", "assuranceLevel", "absoluteExpiresAt", "authenticatedAt")
        assert [opened[each] for each in same] == [first[each] for each in same]
        assert (await made.refresh(tokens["refreshToken"])).status_code == 200
        told = [each["sessionId"] for each in await made.told("login-succeeded")]
        assert told == [session, tokens["sessionId"]]


async def test_a_code_that_is_shown_twice_ends_what_came_of_it(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        ann, session = await _person(made)
        code = (await _authorize(made, ann)).json()["code"]
        opened = (await _exchange(made, code)).json()["sessionId"]
        assert slug(await _exchange(made, code)) == "400 invalid-grant"
        assert (await made.session(opened))["revocationReason"] == "tokenReuse"
        assert (await made.session(session))["status"] == "active"
        assert slug(await _exchange(made, code)) == "400 invalid-grant"


@pytest.mark.parametrize(
    "fields",
    [
        {"clientId": str(uuid4())},
        {"redirectUri": f"{ADDRESS}/"},
        {"codeVerifier": "w" * 64},
        {"codeVerifier": None},
        {"redirectUri": None},
        {"scopes": ["document:create"]},
        {"code": "A" * 86},
    ],
)
async def test_a_code_is_worth_nothing_to_anybody_else(
    tmp_path: Path, fields: dict[str, Any]
) -> None:
    async with town(tmp_path) as made:
        ann, _ = await _person(made)
        code = (await _authorize(made, ann)).json()["code"]
        body = {
            "grantType": "authorizationCode",
            "clientId": str(CLIENT),
            "redirectUri": ADDRESS,
            "code": code,
            "codeVerifier": VERIFIER,
            **fields,
        }
        given = {name: each for name, each in body.items() if each is not None}
        assert slug(await made.ask("POST", "/oauth/token", given)) == "400 invalid-grant"
        assert (await _exchange(made, code)).status_code == 200


async def test_a_code_lapses_and_dies_with_its_session(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        ann, session = await _person(made)
        late = (await _authorize(made, ann)).json()["code"]
        made.service.later(timedelta(seconds=61))
        assert slug(await _exchange(made, late)) == "400 invalid-grant"
        code = (await _authorize(made, ann)).json()["code"]
        ended = await made.ask("POST", f"/sessions/{session}/revoke", {"reason": "logout"}, ann)
        assert ended.status_code == 200, ended.text
        assert slug(await _exchange(made, code)) == "400 invalid-grant"
        assert slug(await _authorize(made, ann)) == "403 forbidden"
        assert len(await made.entities("remembered-code")) == 2
        made.service.later(timedelta(days=2))
        await made.service.tick()
        assert await made.entities("remembered-code") == []


async def test_only_registered_clients_are_let_in_by_people_themselves(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        ann, session = await _person(made)
        for unknown in ({"clientId": str(uuid4())}, {"redirectUri": "https://evil.example/"}):
            assert slug(await _authorize(made, ann, **unknown)) == "422 client-unknown"
        robot = await _authorize(made, ann, channel="serviceAccount")
        assert slug(robot) == "422 rule-broken"
        bob = made.service.caller("member", organization=made.id, session=session)
        for other in (made.caller(), bob):
            assert slug(await _authorize(made, other)) == "403 forbidden"
        agent = made.caller("support-agent")
        body = {"userId": str(ann.subject), "ticketId": "SUP-1", "consentCode": "12345678"}
        consents = tmp_path / "auth-service" / "consents"
        consents.mkdir(parents=True)
        digest = hashlib.sha256(b"12345678").hexdigest()
        (consents / f"{ann.subject}-SUP-1").write_text(digest)
        helped = (await made.ask("POST", "/sessions/assistance", body, agent)).json()
        shown = Caller(ann.subject, UUID(str(made.id)), helped["accessToken"])
        assert slug(await _authorize(made, shown)) == "403 forbidden"
