"""What happens by the clock."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from auth_service import timers
from auth_town import slug, town
from cloudsync_chassis import clock

pytestmark = pytest.mark.anyio


async def test_unanswered_logins_are_rejected(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        await made.person()
        late = (await made.begin()).json()["sessionId"]
        assert slug(await made.answer(late, "wrong")) == "401 challenge-failed"
        made.service.later(timedelta(minutes=4))
        young = (await made.begin()).json()["sessionId"]
        await made.service.tick()
        assert await made.told("login-failed") == []
        made.service.later(timedelta(minutes=2))
        await made.service.tick()
        assert (await made.session(late))["status"] == "rejected"
        assert (await made.session(young))["status"] == "challenged"
        (told,) = await made.told("login-failed")
        assert (told["cause"], told["attempt"]) == ("challengeExpired", 1)


async def test_sessions_end_that_idle_or_are_at_their_end(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        await made.person("ann", "orgOwner")
        idle, used = await made.login(), await made.login()
        for _ in range(13):
            await made.service.tick()
            made.service.later(timedelta(minutes=55))
            answer = await made.refresh(used["refreshToken"])
            assert answer.status_code == 200, answer.text
            used = answer.json()
        assert (await made.session(idle["sessionId"]))["status"] == "expired"
        assert (await made.session(used["sessionId"]))["status"] == "active"
        made.service.later(timedelta(minutes=10))
        await made.service.tick()
        assert (await made.session(used["sessionId"]))["status"] == "expired"


async def test_a_question_of_a_step_up_is_put_again(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        ann = await made.person()
        assert (await made.enrol(ann, "totp")).status_code == 201
        tokens = await made.login()
        path = f"/sessions/{tokens['sessionId']}"
        held = await made.ask("POST", f"{path}/step-up", by=made.caller("security-admin"))
        assert held.status_code == 200, held.text

        async def answer() -> str:
            body = {"method": "totp", "answer": "000000"}
            return slug(await made.ask("POST", f"{path}/challenge", body, ann))

        assert await answer() == "401 challenge-failed"
        made.service.later(timedelta(minutes=6))
        assert await answer() == "410 challenge-expired"
        assert await answer() == "401 challenge-failed"


async def test_addresses_are_shortened_after_thirty_days(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timers, "_AT_ONCE", 2)
    async with town(tmp_path) as made:
        await made.person()
        origin = tmp_path / "auth-service" / "origin.json"
        for address in ("203.0.113.77", "2001:db8:1:2::7", "198.51.100.9"):
            origin.write_text(json.dumps({"address": address}))
            await made.login()
        made.service.later(timedelta(days=20))
        await made.login()

        async def addresses() -> list[str]:
            return [str(each.ip_address) for each in await made.entities("session")]

        await made.service.tick()
        assert (await addresses())[0] == "203.0.113.77"
        made.service.later(timedelta(days=11))
        await made.service.tick()
        shortened = ["203.0.113.0", "2001:db8:1::", "198.51.100.0"]
        assert await addresses() == [*shortened, "198.51.100.9"]
        made.service.later(timedelta(days=20))
        await made.service.tick()
        assert await addresses() == [*shortened, "198.51.100.0"]


async def test_administrators_hear_of_certificates_that_end(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        await made.person("ann")
        await made.person("bob", "securityAdmin")
        at = clock.now()
        await made.prove("example.org")
        provider = {
            "protocol": "saml2",
            "issuer": "https://sso.example.org/saml",
            "domains": ["example.org"],
            "certificateExpiresAt": (at + timedelta(days=40)).isoformat(),
        }
        guard = made.caller("security-admin")
        added = await made.ask("POST", "/identity-providers", provider, guard)
        assert added.status_code == 201, added.text
        heard = []
        for days in (9, 2, 15, 8, 1, 4, 2):
            made.service.later(timedelta(days=days))
            await made.service.tick()
            heard.append(len(made.letters("certificateEnds")))
        assert heard == [0, 1, 1, 2, 2, 3, 3]
        renewed = {**provider, "certificateExpiresAt": (at + timedelta(days=48)).isoformat()}
        changed = await made.ask("PUT", f"/identity-providers/{added.json()['id']}", renewed, guard)
        assert changed.status_code == 200, changed.text
        await made.service.tick("remind-of-certificates")
        assert len(made.letters("certificateEnds")) == 4
        assert made.letters("certificateEnds")[0].startswith("https://sso.example.org/saml ")


async def test_sessions_are_kept_for_ninety_days(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        await made.person()
        old = await made.login()
        await made.refresh(old["refreshToken"])
        assert len(await made.entities("remembered-former")) == 1
        made.service.later(timedelta(days=31))
        await made.service.tick()
        assert await made.entities("remembered-former") == []
        made.service.later(timedelta(days=58))
        young = (await made.login())["sessionId"]
        await made.service.tick()
        assert (await made.session(old["sessionId"]))["status"] == "expired"
        made.service.later(timedelta(days=2))
        await made.service.tick()
        guard = made.caller("security-admin")
        gone = await made.ask("GET", f"/sessions/{old['sessionId']}", by=guard)
        assert gone.status_code == 404
        assert (await made.session(young))["userId"]
