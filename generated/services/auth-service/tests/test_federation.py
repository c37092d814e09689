"""Signing in by a customer's own identity provider."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
from auth_town import Town, slug, town
from cloudsync_chassis import clock
from joserfc import jwt
from joserfc.jwk import ECKey

pytestmark = pytest.mark.anyio

ISSUER = "https://sso.example.org/oidc"
CLIENT = "cloudsync"
ANN = "Ann@example.org"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


class Provider:
    """An identity provider of the town's people."""

    def __init__(self, made: Town) -> None:
        self.key = ECKey.generate_key("P-256", parameters={"kid": "one"})
        self.folder = made.state / "auth-service" / "providers" / _digest(ISSUER)
        (self.folder / "codes").mkdir(parents=True)
        registration = {
            "authorization_endpoint": "https://sso.example.org/authorize",
            "client_id": CLIENT,
            "redirect_uri": "https://app.cloudsync.example/signed-in",
            "keys": {"keys": [self.key.as_dict(private=False)]},
        }
        (self.folder / "registration.json").write_text(json.dumps(registration))

    def code(self, nonce: str, key: ECKey | None = None, **claims: Any) -> str:
        """A code for a token that says this."""
        now = int(clock.now().timestamp())
        told: dict[str, Any] = {
            "iss": ISSUER,
            "aud": CLIENT,
            "sub": "1",
            "iat": now,
            "exp": now + 300,
            "nonce": nonce,
            "email": ANN.lower(),
            **claims,
        }
        header = {"alg": "ES256", "kid": "one"}
        code = str(uuid4())
        token = jwt.encode(header, told, key or self.key, algorithms=["ES256"])
        (self.folder / "codes" / _digest(code)).write_text(token)
        return code


async def _connect(made: Town) -> str:
    """Where the settings of the town's provider are."""
    await made.prove("example.org")
    provider = {
        "protocol": "oidc",
        "issuer": ISSUER,
        "domains": ["example.org"],
        "certificateExpiresAt": (clock.now() + timedelta(days=90)).isoformat(),
        "clientSecretRef": "auth/idp/example",
    }
    guard = made.caller("security-admin")
    added = await made.ask("POST", "/identity-providers", provider, guard)
    assert added.status_code == 201, added.text
    return f"/identity-providers/{added.json()['id']}"


async def test_a_provider_vouches_for_its_people(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        provider, ann = Provider(made), made.caller()
        await _connect(made)
        await made.name(ann, ANN.casefold())
        asked = (await made.begin(ANN, "oidc")).json()
        entrance = urlsplit(asked["redirectUrl"])
        said = {name: each[0] for name, each in parse_qs(entrance.query).items()}
        assert (entrance.netloc, said["client_id"]) == ("sso.example.org", CLIENT)
        assert (said["state"], said["nonce"]) == (asked["sessionId"], asked["nonce"])
        code = provider.code(asked["nonce"])
        tokens = await made.answer(asked["sessionId"], code, "oidc")
        assert (tokens.status_code, tokens.json()["assuranceLevel"]) == (200, "aal1")
        view = await made.session(asked["sessionId"])
        assert (view["userId"], view["authMethods"]) == (str(ann.subject), ["oidc"])
        again = (await made.begin(ANN, "oidc")).json()
        spent = await made.answer(again["sessionId"], code, "oidc")
        assert slug(spent) == "401 challenge-failed"


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://sso.example.com"},
        {"aud": "another"},
        {"aud": [CLIENT, "another"]},
        {"nonce": "x" * 43},
        {"exp": 1_000_000_000},
        {"iat": 9_000_000_000},
        {"email": "bob@example.org"},
        {"email": "ann@example.com"},
        {"email_verified": False},
        {"email": None},
        {"key": ECKey.generate_key("P-256", parameters={"kid": "one"})},
    ],
)
async def test_any_other_token_opens_nothing(tmp_path: Path, claims: dict[str, Any]) -> None:
    async with town(tmp_path) as made:
        provider = Provider(made)
        await _connect(made)
        await made.name(made.caller(), ANN.casefold())
        asked = (await made.begin(ANN, "oidc")).json()
        code = provider.code(**{"nonce": asked["nonce"], **claims})
        refused = await made.answer(asked["sessionId"], code, "oidc")
        assert slug(refused) == "401 challenge-failed"
        right = await made.answer(asked["sessionId"], provider.code(asked["nonce"]), "oidc")
        assert right.status_code == 200, right.text


async def test_strangers_are_sent_there_as_well_and_let_in_never(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        provider = Provider(made)
        await _connect(made)
        foreign = Town(made.service, made.state, uuid4())
        await foreign.name(foreign.caller(), "eve@example.org")
        await made.name(made.caller(), ANN.casefold())
        known = (await made.begin(ANN, "oidc")).json()
        for stranger in ("who@example.org", "eve@example.org"):
            asked = (await made.begin(stranger, "oidc")).json()
            assert asked.keys() == known.keys()
            code = provider.code(asked["nonce"], email=stranger)
            refused = await made.answer(asked["sessionId"], code, "oidc")
            assert slug(refused) == "401 challenge-failed"
        assert "redirectUrl" not in (await made.begin("ann@example.com", "oidc")).json()
        assert "redirectUrl" not in (await made.begin(ANN)).json()


async def test_a_provider_that_was_stopped_meanwhile_vouches_for_nobody(tmp_path: Path) -> None:
    async with town(tmp_path) as made:
        provider = Provider(made)
        one = await _connect(made)
        await made.name(made.caller(), ANN.casefold())
        asked = (await made.begin(ANN, "oidc")).json()
        gone = await made.ask("DELETE", one, by=made.caller("security-admin"))
        assert gone.status_code == 204, gone.text
        refused = await made.answer(asked["sessionId"], provider.code(asked["nonce"]), "oidc")
        assert slug(refused) == "401 challenge-failed"
        assert "redirectUrl" not in (await made.begin(ANN, "oidc")).json()
