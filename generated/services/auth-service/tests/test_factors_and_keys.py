"""Factors, API keys, decisions."""

from __future__ import annotations

import base64
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from auth_town import PASSWORD, Town, slug, town
from cloudsync_chassis import clock
from cloudsync_chassis.testing import Caller
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

pytestmark = pytest.mark.anyio

OTHER = "another horse and battery"


def _device() -> tuple[ec.EllipticCurvePrivateKey, str]:
    key = ec.generate_private_key(ec.SECP256R1())
    der = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return key, base64.b64encode(der).decode()


async def test_factors_are_enrolled_by_their_person(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        ann = made.caller()
        assert slug(await made.enrol(ann, secret="short but ok")) == "422 rule-broken"
        breached = await made.enrol(ann, secret="letmeinletmein")
        assert slug(breached) == "422 password-breached"
        made_ = await made.enrol(ann, secret=PASSWORD)
        assert made_.status_code == 201
        assert "secret" not in made_.text
        assert slug(await made.enrol(ann, secret=PASSWORD)) == "409 credential-exists"
        body = {"userId": str(ann.subject), "type": "totp"}
        foreign = await made.ask("POST", "/credentials", body, made.caller())
        assert slug(foreign) == "403 forbidden"
        assert slug(await made.enrol(ann, "textCode")) == "422 rule-broken"
        assert slug(await made.enrol(ann, "webauthn", secret="no key at all")) == (
            "422 rule-broken"
        )
        for _ in range(2):
            assert (await made.enrol(ann, "webauthn", secret=_device()[1])).status_code == 201


async def test_security_keys_sign_the_nonce(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        ann = await made.person()
        key, public = _device()
        await made.enrol(ann, "webauthn", secret=public)
        asked = (await made.begin(method="webauthn")).json()
        wrong = base64.b64encode(key.sign(b"other", ec.ECDSA(hashes.SHA256()))).decode()
        refused = await made.answer(asked["sessionId"], wrong, "webauthn")
        assert slug(refused) == "401 challenge-failed"
        signed = key.sign(asked["nonce"].encode(), ec.ECDSA(hashes.SHA256()))
        answer = base64.b64encode(signed).decode()
        opened = await made.answer(asked["sessionId"], answer, "webauthn")
        assert opened.json()["assuranceLevel"] == "aal2"


async def test_secrets_are_replaced_against_proof(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        ann = await made.person()
        tokens = await made.login()
        await made.enrol(ann, "recoveryCodes")
        codes = made.letters("recoveryCodes")[0].split()
        items = (await made.ask("GET", "/credentials", by=ann)).json()["items"]
        (found,) = [each for each in items if each["type"] == "password"]
        path = f"/credentials/{found['id']}/reset"

        async def reset(proof: str, secret: str) -> Any:
            return await made.ask("POST", path, {"proof": proof, "newSecret": secret}, ann)

        assert slug(await reset("not the old one", OTHER)) == "403 proof-rejected"
        assert slug(await reset(PASSWORD, PASSWORD)) == "409 password-reused"
        assert (await reset(PASSWORD, OTHER)).status_code == 200
        assert (await made.session(tokens["sessionId"]))["revocationReason"] == "passwordChanged"
        assert (await made.told("credential-reset"))[0]["type"] == "password"
        assert slug(await reset(OTHER, PASSWORD)) == "409 password-reused"
        assert (await reset(codes[0], "a third horse and battery")).status_code == 200
        assert slug(await reset(codes[0], "a fourth horse and battery")) == "403 proof-rejected"


async def _key(made: Town, who: Caller, *scopes: str, by: Caller | None = None) -> Any:
    body = {
        "userId": str(who.subject),
        "label": "robot",
        "scopes": list(scopes),
        "expiresAt": (clock.now() + timedelta(days=30)).isoformat(),
    }
    return await made.ask("POST", "/api-keys", body, by or who)


async def test_keys_are_issued_within_their_account(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        ann = await made.person()
        assert slug(await _key(made, ann, "secret:revoke")) == "403 scope-exceeds-account"
        guard = made.caller("security-admin")
        person = await _key(made, ann, "team:read", by=guard)
        assert slug(person) == "403 account-of-a-person"
        issued = await _key(made, ann, "team:read", "org-unit:read")
        assert issued.status_code == 201, issued.text
        key, view = issued.json()["key"], issued.json()["apiKey"]
        assert key.startswith(view["prefix"])
        assert "key" not in (await made.ask("GET", f"/api-keys/{view['id']}", by=ann)).json()
        match = {"If-Match": '"1"'}
        wide = {"scopes": ["team:read", "secret:revoke"]}
        path = f"/api-keys/{view['id']}"
        refused = await made.ask("PATCH", path, wide, ann, **match)
        assert slug(refused) == "403 scope-exceeds-account"
        narrow = await made.ask("PATCH", path, {"scopes": ["team:read"]}, ann, **match)
        assert narrow.json()["scopes"] == ["team:read"]
        listed = await made.ask("GET", f"/api-keys?prefix={view['prefix']}", by=ann)
        assert [each["id"] for each in listed.json()["items"]] == [view["id"]]
        grant = {
            "grantType": "clientCredentials",
            "clientId": str(ann.subject),
            "clientSecret": key,
        }
        assert (await made.ask("POST", "/oauth/token", grant)).status_code == 200
        beyond = grant | {"scopes": ["org-unit:read"]}
        assert slug(await made.ask("POST", "/oauth/token", beyond)) == "400 invalid-grant"


async def test_keys_are_rotated_and_introspected(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        ann = await made.person()
        issued = (await _key(made, ann, "team:read")).json()
        gateway = made.service.caller(
            organization=made.id, kind="workload", scopes=["token:introspect"]
        )

        async def worth(token: str) -> dict[str, Any]:
            answer = await made.ask("POST", "/oauth/introspect", {"token": token}, gateway)
            found: dict[str, Any] = answer.json()
            return found

        told = await worth(issued["key"])
        assert (told["active"], told["subject"]) == (True, str(ann.subject))
        assert (told["roles"], told["scopes"]) == (["member"], ["team:read"])
        assert await worth("csk_aaaaaaaa_" + "x" * 43) == {"active": False}
        assert await worth("x" * 40) == {"active": False}
        tokens = await made.login()
        assert (await worth(tokens["refreshToken"]))["sessionId"] == tokens["sessionId"]
        path = f"/api-keys/{issued['apiKey']['id']}/rotate"
        fresh = await made.ask("POST", path, {"overlapDays": 2}, ann)
        assert fresh.json()["oldValidUntil"]
        event = (await made.told("api-key-rotated"))[0]
        assert event["apiKeyId"] == issued["apiKey"]["id"]
        for key in (issued["key"], fresh.json()["key"]):
            assert (await worth(key))["active"] is True
        made.service.later(timedelta(days=3))
        assert await worth(issued["key"]) == {"active": False}
        assert (await worth(fresh.json()["key"]))["active"] is True
        assert slug(await made.ask("POST", path, {"overlapDays": 2}, ann)) == "409 key-expired"


async def test_decisions_come_from_roles_and_policies(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        ann = await made.person()

        async def decide(action: str, by: Caller = ann, **attributes: str) -> Any:
            told = [{"name": name, "value": each} for name, each in attributes.items()]
            question = {"principalId": str(ann.subject), "action": action, "attributes": told}
            body = {"questions": [question]}
            answer = await made.ask("POST", "/access-decisions", body, by)
            return answer.json()["decisions"][0] if answer.is_success else slug(answer)

        assert await decide("team:read") == {"effect": "allow"}
        assert await decide("organization:delete") == {"effect": "deny"}
        foreign = await decide("team:read", organizationId=str(uuid4()))
        assert foreign == {"effect": "deny", "policy": "pol01-tenant-isolation"}
        risky = await decide("team:read", riskScore="0.95")
        assert risky["policy"] == "pol20-risk-step-up"
        assert await decide("member:leave") == {"effect": "deny"}
        assert await decide("member:leave", userId=str(ann.subject)) == {"effect": "allow"}
        assert await decide("team:read", made.caller()) == "403 not-oneself"
        assert await decide("team:read", made.caller("org-admin")) == {"effect": "allow"}
