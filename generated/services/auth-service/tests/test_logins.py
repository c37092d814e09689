"""Signing in, staying signed in, and being signed out."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import struct
import time
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from auth_town import PASSWORD, slug, town

pytestmark = pytest.mark.anyio


def _totp(seed: str) -> str:
    counter = struct.pack(">Q", int(time.time()) // 30)
    mac = hmac.new(base64.b32decode(seed), counter, hashlib.sha1).digest()
    place = mac[-1] & 0x0F
    value = struct.unpack(">I", mac[place : place + 4])[0] & 0x7FFFFFFF
    return f"{value % 10**6:06}"


def _part(token: str, number: int) -> dict[str, Any]:
    """The header (0) or the claims (1) of a token."""
    text = token.split(".")[number]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    return found


async def test_a_password_opens_a_session(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        ann = await made.person()
        tokens = await made.login()
        assert (tokens["assuranceLevel"], tokens["tokenType"]) == ("aal1", "Bearer")
        header = {"Authorization": f"Bearer {tokens['accessToken']}"}
        own = await made.service.http.get(f"/v1/sessions/{tokens['sessionId']}", headers=header)
        assert (own.status_code, own.json()["userId"]) == (200, str(ann.subject))
        told = (await made.told("login-succeeded"))[0]
        assert (told["sessionId"], told["authMethods"]) == (tokens["sessionId"], ["password"])
        keys = (await made.ask("GET", "/oauth/keys")).json()["keys"]
        kid = _part(tokens["accessToken"], 0)["kid"]
        claims = _part(tokens["accessToken"], 1)
        assert (claims["sid"], claims["acr"]) == (tokens["sessionId"], "aal1")
        assert claims["amr"] == ["pwd"]
        assert 0 <= claims["iat"] - claims["auth_time"] < 60
        assert kid in {each["kid"] for each in keys}


async def test_strangers_are_told_nothing(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        await made.person()
        known, unknown = await made.begin("ann"), await made.begin("who")
        assert known.json().keys() == unknown.json().keys()
        wrong = await made.answer(known.json()["sessionId"], "wrong password")
        nobody = await made.answer(unknown.json()["sessionId"], PASSWORD)
        assert slug(wrong) == slug(nobody) == "401 challenge-failed"
        made.service.later(timedelta(minutes=6))
        for asked in (known, unknown):
            late = await made.answer(asked.json()["sessionId"])
            assert slug(late) == "410 challenge-expired"
        assert (await made.told("login-failed"))[0]["cause"] == "challengeExpired"


async def test_five_wrong_answers_end_a_login_and_lock_the_factor(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        await made.person()
        session = (await made.begin()).json()["sessionId"]
        for _ in range(5):
            assert slug(await made.answer(session, "wrong")) == "401 challenge-failed"
        assert slug(await made.answer(session)) == "401 challenge-failed"
        assert (await made.session(session))["status"] == "rejected"
        told = (await made.told("login-failed"))[0]
        assert (told["cause"], told["attempt"]) == ("wrongSecret", 5)
        locked = (await made.begin()).json()["sessionId"]
        assert slug(await made.answer(locked)) == "401 challenge-failed"
        made.service.later(timedelta(minutes=2))
        assert (await made.login())["assuranceLevel"] == "aal1"


async def test_blocked_networks_and_endless_questions_are_refused(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        await made.person()
        for _ in range(20):
            assert (await made.begin()).status_code == 201
        assert slug(await made.begin()) == "429 rate-limited"
        origin = tmp_path / "auth-service" / "origin.json"
        origin.write_text('{"blocked": true}')
        assert slug(await made.begin("bob")) == "403 login-blocked"


async def test_risk_costs_work(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        await made.person()
        (tmp_path / "auth-service" / "origin.json").write_text('{"risk": 60}')
        asked = (await made.begin()).json()
        assert asked["workBits"] == 16
        assert slug(await made.answer(asked["sessionId"])) == "401 challenge-failed"
        work = next(
            str(each)
            for each in range(10**7)
            if hashlib.sha256(f"{asked['nonce']}{each}".encode()).digest()[:2] == b"\0\0"
        )
        assert (await made.answer(asked["sessionId"], work=work)).status_code == 200


async def test_administrators_show_a_second_factor(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        boss = await made.person(role="orgAdmin")
        assert (await made.enrol(boss, "totp")).status_code == 201
        (seed,) = made.letters("totpSeed")
        session = (await made.begin()).json()["sessionId"]
        half = (await made.answer(session)).json()
        assert half["furtherMethods"] == ["totp"]
        assert "refreshToken" not in half
        header = {"Authorization": f"Bearer {half['accessToken']}"}
        barred = await made.service.http.get(f"/v1/sessions/{session}", headers=header)
        assert barred.status_code == 403
        full = (await made.answer(session, _totp(seed), "totp")).json()
        assert full["assuranceLevel"] == "aal2"
        assert "furtherMethods" not in full


async def test_refresh_tokens_work_once_and_betray_their_copies(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        await made.person()
        first = await made.login()
        second = await made.refresh(first["refreshToken"])
        assert second.status_code == 200
        race = await made.refresh(first["refreshToken"])
        assert race.status_code == 200
        made.service.later(timedelta(seconds=11))
        stolen = await made.refresh(first["refreshToken"])
        assert slug(stolen) == "401 token-reuse"
        assert (await made.session(first["sessionId"]))["revocationReason"] == "tokenReuse"
        assert slug(await made.refresh(race.json()["refreshToken"])) == "400 invalid-grant"
        assert (await made.told("session-revoked"))[0]["reason"] == "tokenReuse"
        assert slug(await made.refresh("A" * 86)) == "400 invalid-grant"


async def test_idle_sessions_are_over(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        await made.person()
        tokens = await made.login()
        made.service.later(timedelta(hours=2))
        assert slug(await made.refresh(tokens["refreshToken"])) == "400 invalid-grant"
        assert (await made.session(tokens["sessionId"]))["status"] == "expired"


async def test_sessions_end_by_hand_and_by_event(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        ann = await made.person()
        kept, gone = await made.login(), await made.login()
        body = {
            "userId": str(ann.subject),
            "reason": "logout",
            "exceptSessionId": kept["sessionId"],
        }
        stranger = await made.ask("POST", "/sessions/revocations", body, made.caller())
        assert slug(stranger) == "403 forbidden"
        ended = await made.ask("POST", "/sessions/revocations", body, ann)
        assert ended.json()["revoked"] == 1
        assert (await made.session(gone["sessionId"]))["status"] == "revoked"
        for _ in range(2):
            await made.tell("user-suspended", userId=ann.subject, reason="adminAction")
        assert (await made.session(kept["sessionId"]))["revocationReason"] == "userSuspended"
        reasons = [each["reason"] for each in await made.told("session-revoked")]
        assert reasons == ["logout", "userSuspended"]
        again = await made.login()
        await made.tell("user-deactivated", userId=ann.subject)
        assert (await made.session(again["sessionId"]))["status"] == "revoked"


async def test_support_looks_over_a_shoulder_with_consent(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        ann, agent = await made.person(), made.caller("support-agent")
        body = {"userId": str(ann.subject), "ticketId": "SUP-1", "consentCode": "12345678"}
        refused = await made.ask("POST", "/sessions/assistance", body, agent)
        assert slug(refused) == "403 consent-missing"
        consents = tmp_path / "auth-service" / "consents"
        consents.mkdir(parents=True)
        digest = hashlib.sha256(b"12345678").hexdigest()
        (consents / f"{ann.subject}-SUP-1").write_text(digest)
        given = await made.ask("POST", "/sessions/assistance", body, agent)
        assert given.status_code == 201, given.text
        view = await made.session(given.json()["sessionId"])
        assert view["impersonatorId"] == str(agent.subject)
        assert "refreshToken" not in given.json()


async def test_invitations_are_taken_up(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        ann = made.caller()
        await made.name(ann, "ann")
        user_service = made.service.caller(
            organization=made.id, kind="workload", scopes=["credential:create"]
        )
        body = {"userId": str(ann.subject), "type": "password"}
        made_ = await made.ask("POST", "/credentials", body, user_service)
        assert made_.status_code == 201, made_.text
        (token,) = made.letters("invitation")
        session = (await made.begin()).json()["sessionId"]
        assert (await made.answer(session, token)).status_code == 200
        other = await made.enrol(ann, secret=PASSWORD, invitationToken="x" * 43)
        assert slug(other) == "409 credential-exists"
        chosen = await made.enrol(ann, secret=PASSWORD, invitationToken=token)
        assert chosen.status_code == 201
        assert (await made.login())["assuranceLevel"] == "aal1"


async def test_texts_are_withheld_from_suspended_countries(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        ann = await made.person()
        policy = (await made.ask("GET", "/auth-policies", by=made.caller("security-admin"))).json()
        found = policy["items"][0]
        methods = [*found["allowedMethods"], "textCode"]
        changed = await made.ask(
            "PATCH",
            f"/auth-policies/{found['id']}",
            {"allowedMethods": methods},
            made.caller("security-admin"),
            **{"If-Match": f'"{found["version"]}"'},
        )
        assert changed.status_code == 200, changed.text
        await made.enrol(ann, "textCode", phoneNumber="+353861234567")
        session = (await made.begin(method="textCode")).json()["sessionId"]
        (code,) = made.letters("textCode")
        assert (await made.answer(session, code, "textCode")).status_code == 200
        until = "2999-01-01T00:00:00Z"
        suspended = {"country": "IE", "suspensionCause": "anomaly", "suspendedUntil": until}
        for _ in range(2):
            await made.tell("sms-country-suspended", "notification", **suspended)
        await made.begin(method="textCode")
        assert len(made.letters("textCode")) == 1


async def test_unknown_grants_are_invalid(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        code = {"grantType": "authorizationCode", "code": "a" * 43, "codeVerifier": "b" * 43}
        assert slug(await made.ask("POST", "/oauth/token", code)) == "400 invalid-grant"
        secret = {
            "grantType": "clientCredentials",
            "clientId": str(uuid4()),
            "clientSecret": "csk_aaaaaaaa_" + "x" * 43,
        }
        assert slug(await made.ask("POST", "/oauth/token", secret)) == "400 invalid-grant"
