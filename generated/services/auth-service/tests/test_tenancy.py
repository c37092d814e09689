"""What organisations and accounts bring, in any order and twice."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from auth_town import PASSWORD, Town, slug, town
from cloudsync_chassis import clock
from cloudsync_chassis.testing import Caller

pytestmark = pytest.mark.anyio


async def _roles(made: Town, who: Caller) -> list[str]:
    path = f"/role-grants?principalId={who.subject}"
    found = await made.ask("GET", path, by=made.caller("security-admin"))
    return [each["role"] for each in found.json()["items"]]


async def test_grants_follow_memberships(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        ann = await made.person()
        await made.tell("member-joined", userId=ann.subject, role="member", seatType="full")
        assert await _roles(made, ann) == ["member"]
        for _ in range(2):
            await made.tell("member-role-changed", userId=ann.subject, role="orgAdmin")
        assert await _roles(made, ann) == ["orgAdmin"]
        tokens = await made.login()
        for _ in range(2):
            await made.tell("member-removed", userId=ann.subject, endReason="removed")
        assert await _roles(made, ann) == []
        assert (await made.session(tokens["sessionId"]))["status"] == "revoked"


async def _domain(made: Town, organization: Any = None) -> None:
    data = {
        "organizationId": str(organization or made.id),
        "domain": "example.org",
        "verifiedAt": clock.now().isoformat(),
    }
    await made.service.tell("cloudsync.user.domain-verified.v1", data, organization or made.id)


def _provider(**more: Any) -> dict[str, Any]:
    return {
        "protocol": "saml2",
        "issuer": "https://sso.example.org/saml",
        "domains": ["example.org"],
        "certificateExpiresAt": (clock.now() + timedelta(days=90)).isoformat(),
        **more,
    }


async def test_providers_speak_for_proven_domains(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        guard = made.caller("security-admin")
        path = "/identity-providers"
        assert slug(await made.ask("POST", path, _provider(), guard)) == "409 domain-unverified"
        await _domain(made)
        for bad in (
            {"certificateExpiresAt": "2020-01-01T00:00:00Z"},
            {"issuer": "https://sso.example.org/?x"},
            {"protocol": "oidc"},
        ):
            refused = await made.ask("POST", path, _provider(**bad), guard)
            assert slug(refused) == "422 metadata-invalid"
        added = await made.ask("POST", path, _provider(), guard)
        assert added.status_code == 201, added.text
        one = f"{path}/{added.json()['id']}"
        oidc = _provider(protocol="oidc", clientSecretRef="auth/idp/example")
        changed = await made.ask("PUT", one, oidc, guard)
        assert changed.json()["protocol"] == "oidc"
        assert "clientSecretRef" not in (await made.ask("GET", one, by=guard)).json()
        listed = await made.ask("GET", f"{path}?protocol=oidc", by=guard)
        assert len(listed.json()["items"]) == 1
        await _domain(made, uuid4())
        assert slug(await made.ask("PUT", one, oidc, guard)) == "409 domain-unverified"


async def _ann_with_key(made: Town) -> Caller:
    ann = await made.person()
    body = {
        "userId": str(ann.subject),
        "label": "robot",
        "scopes": ["team:read"],
        "expiresAt": (clock.now() + timedelta(days=30)).isoformat(),
    }
    assert (await made.ask("POST", "/api-keys", body, ann)).status_code == 201
    return ann


async def _keys(made: Town) -> list[dict[str, Any]]:
    found = await made.ask("GET", "/api-keys", by=made.caller("security-admin"))
    items: list[dict[str, Any]] = found.json()["items"]
    return items


async def test_access_stops_and_starts_with_its_organisation(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        await _ann_with_key(made)
        ending = {
            "organizationId": made.id,
            "deletionRequestedBy": uuid4(),
            "purgeAfter": clock.now() + timedelta(days=30),
        }
        for _ in range(2):
            await made.tell("organization-deleted", **ending)
        assert "disabledAt" in (await _keys(made))[0]
        for _ in range(2):
            await made.tell("organization-restored", organizationId=made.id)
        assert "disabledAt" not in (await _keys(made))[0]
        made.service.later(timedelta(hours=-1))
        await made.tell("organization-deleted", **ending)
        assert "disabledAt" not in (await _keys(made))[0]
        for _ in range(2):
            await made.tell("organization-purged", organizationId=made.id, dataResidency="euWest1")
        assert await _keys(made) == []


async def test_an_erasure_destroys_whatever_proves(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        ann = await _ann_with_key(made)
        await made.login()
        request = uuid4()
        for _ in range(2):
            await made.tell("user-deleted", userId=ann.subject, erasureRequestId=request)
        done = await made.told("auth-erasure-completed")
        assert [each["erasedItems"] for each in done] == [5, 0]
        assert {(each["userId"], each["store"]) for each in done} == {(str(ann.subject), "auth")}
        assert await _keys(made) == []
        session = (await made.begin()).json()["sessionId"]
        assert slug(await made.answer(session)) == "401 challenge-failed"


async def test_absorbed_factors_are_the_survivors(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        old = await _ann_with_key(made)
        tokens = await made.login()
        await made.enrol(old, "totp")
        new = made.caller()
        await made.enrol(new, secret=PASSWORD)
        for _ in range(2):
            await made.tell(
                "user-merged", userId=new.subject, survivorId=new.subject, absorbedId=old.subject
            )
        found = (await made.ask("GET", "/credentials", by=new)).json()["items"]
        assert {each["type"] for each in found} == {"password", "totp"}
        assert (await made.ask("GET", "/credentials", by=old)).json()["items"] == []
        assert (await _keys(made))[0]["userId"] == str(new.subject)
        assert (await made.session(tokens["sessionId"]))["status"] == "revoked"


async def test_a_rotated_signing_key_is_published(tmp_path: Path) -> None:
    async with town(tmp_path) as made:

        async def kids() -> set[str]:
            keys = (await made.ask("GET", "/oauth/keys")).json()["keys"]
            return {each["kid"] for each in keys}

        before = await kids()
        rotated = {
            "secretId": uuid4(),
            "kind": "signingKey",
            "currentVersionNumber": 2,
            "previousValidUntil": clock.now(),
        }
        kind = next(
            each.type
            for each in made.service.runtime.subscriptions
            if each.type.endswith("secret-rotated.v1")
        )
        domain = kind.split(".")[1]
        await made.tell("secret-rotated", domain, path="other/signing", **rotated)
        assert await kids() == before
        await made.tell("secret-rotated", domain, path="auth-service/signing", **rotated)
        after = await kids()
        assert before < after
        assert len(after) == len(before) + 1
        await made.person()
        assert _kid((await made.login())["accessToken"]) in before
        made.service.later(timedelta(hours=25))
        assert _kid((await made.login())["accessToken"]) in after - before


def _kid(token: str) -> str:
    """Which key has signed."""
    header = token.partition(".")[0]
    return str(json.loads(base64.urlsafe_b64decode(header + "=" * (-len(header) % 4)))["kid"])
