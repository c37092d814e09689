"""Tokens: what an attacker may try, how keys change, and how the issuer is asked."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc import jws, jwt
from joserfc.jwk import ECKey, Key, OctKey, RSAKey

import bookshop
from cloudsync_chassis.problem import Problem
from cloudsync_chassis.security.identity import Identity
from cloudsync_chassis.security.jwks import LONGEST, JwksCache, UnknownKeyError, from_address
from cloudsync_chassis.security.keys import Algorithm, KeyRing
from cloudsync_chassis.security.principal import Principal
from cloudsync_chassis.security.tokens import TokenIssuer, TokenVerifier, issuer_of
from cloudsync_chassis.testing import Running, isolated

ISSUER, AUDIENCE = "https://issuer.example/", "book-service"
NOW = int(time.time())
SOMEBODY = Principal("u1")


class Publisher:
    """An issuer's key set, and how often it was asked for."""

    def __init__(self, *keys: Any) -> None:
        self.content = json.dumps({"keys": keys}).encode()
        self.asked = 0
        self.away = False

    async def __call__(self) -> bytes:
        self.asked += 1
        await asyncio.sleep(0)
        if self.away:
            raise httpx.ConnectError("away")
        return self.content


def public(key: Key) -> dict[str, Any]:
    return dict(key.as_dict(private=False))


KEY = ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"}, auto_kid=True)


def verifier(*keys: Any, **options: Any) -> TokenVerifier:
    cache = JwksCache(Publisher(*(keys or (public(KEY),))), pause=0.0)
    return TokenVerifier(cache, ISSUER, AUDIENCE, now=lambda: NOW, **options)


def claims(**changes: Any) -> dict[str, Any]:
    made = {"iss": ISSUER, "sub": "u1", "aud": [AUDIENCE], "iat": NOW, "exp": NOW + 900}
    return {name: each for name, each in {**made, **changes}.items() if each is not None}


def signed(key: Any = KEY, alg: str = "ES256", told: Any = None, **header: Any) -> str:
    full = {"alg": alg, "kid": KEY.kid, **header}
    registry = jws.JWSRegistry(algorithms=[alg], strict_check_header=False)
    text = json.dumps(told if told is not None else claims()).encode()
    return jws.serialize_compact(full, text, key, registry=registry)


def raw(header: Any, payload: Any, signature: str = "") -> str:
    parts = (json.dumps(each).encode() for each in (header, payload))
    return ".".join(
        [*(base64.urlsafe_b64encode(each).rstrip(b"=").decode() for each in parts), signature]
    )


async def refuses(check: TokenVerifier, token: str) -> bool:
    try:
        await check.verify(token)
    except Problem as problem:
        told = (problem.kind.slug, problem.detail)
    else:
        return False
    assert told == ("unauthenticated", None), "the reason is not told"
    return True


@pytest.mark.parametrize("algorithm", ["ES256", "EdDSA", "RS256"])
async def test_each_algorithm_of_the_model_signs_and_verifies(
    tmp_path: Path, algorithm: Algorithm
) -> None:
    ring = KeyRing(tmp_path, algorithm=algorithm)
    token = TokenIssuer(ring.ensure(), ISSUER, algorithm=algorithm).issue(SOMEBODY, [AUDIENCE])
    cache = JwksCache(Publisher(*ring.public_keys()), algorithm=algorithm)
    check = TokenVerifier(cache, ISSUER, AUDIENCE, algorithm=algorithm)
    assert (await check.verify(token)).subject == "u1"
    for other in {"ES256", "EdDSA", "RS256"} - {algorithm}:
        cache = JwksCache(Publisher(*ring.public_keys()), algorithm=other)  # type: ignore[arg-type]
        strange = TokenVerifier(cache, ISSUER, AUDIENCE, algorithm=other)  # type: ignore[arg-type]
        assert await refuses(strange, token)


async def test_alg_none_is_refused_in_every_spelling() -> None:
    for name in ("none", "None", "NONE", "nOnE", ""):
        assert await refuses(verifier(), raw({"alg": name, "kid": KEY.kid}, claims()))
        assert await refuses(verifier(), raw({"alg": name, "kid": KEY.kid}, claims(), "AAAA"))


async def test_a_public_key_is_no_secret_to_sign_with() -> None:
    """HS256 over whatever form of the public key a careless verifier would take for a secret."""
    forms = [
        KEY.as_pem(private=False),
        KEY.as_der(private=False),
        json.dumps(public(KEY)).encode(),
        json.dumps(public(KEY), sort_keys=True).encode(),
        str(public(KEY)["x"]).encode(),
    ]
    for form in forms:
        unsigned = raw({"alg": "HS256", "kid": KEY.kid}, claims()).rstrip(".")
        tag = hmac.new(form, unsigned.encode(), hashlib.sha256).digest()
        signature = base64.urlsafe_b64encode(tag).rstrip(b"=").decode()
        assert await refuses(verifier(), f"{unsigned}.{signature}")


async def test_an_algorithm_needs_a_key_of_its_own_type() -> None:
    rsa = RSAKey.generate_key(2048, {"kid": str(KEY.kid)})
    secret = {"kty": "oct", "k": "AAAA", "kid": str(KEY.kid)}
    assert await refuses(verifier(), signed(rsa, "RS256"))
    assert await refuses(verifier(public(rsa)), signed(rsa, "RS256"))
    assert await refuses(verifier(secret), signed(OctKey.import_key(secret), "HS256"))
    wrong = [{**public(KEY), "use": "enc"}, {**public(KEY), "alg": "ES512"}]
    for each in wrong:
        assert await refuses(verifier(each), signed())
    assert not await refuses(verifier(), signed())


async def test_a_token_does_not_bring_its_own_key() -> None:
    own = ECKey.generate_key("P-256", {"kid": str(KEY.kid)})
    url = "https://attacker.example/jwks.json"
    for header in ({"jwk": public(own)}, {"jku": url}, {"x5u": url}, {"x5c": ["AAAA"]}):
        assert await refuses(verifier(), signed(own, **header))
    for kid in ("../../etc/passwd", "' OR 1=1 --", "", None, 7, ["x"], {"a": 1}):
        assert await refuses(verifier(), raw({"alg": "ES256", "kid": kid}, claims(), "AAAA"))
    assert await refuses(verifier(), signed(crit=["b64"], b64=False))


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "other-service"},
        {"aud": ["other-service"]},
        {"aud": []},
        {"aud": None},
        {"iss": "https://elsewhere.example/"},
        {"iss": None},
        {"iss": ISSUER.rstrip("/")},
        {"sub": None},
        {"exp": NOW - 31, "iat": NOW - 900},
        {"exp": None},
        {"iat": None},
        {"iat": NOW + 31, "exp": NOW + 900},
        {"nbf": NOW + 31},
        {"exp": NOW + 901},
        {"exp": NOW + 10**9},
        {"iat": NOW + 20, "exp": NOW + 10},
        {"exp": "tomorrow"},
        {"exp": True},
        {"iat": [NOW]},
        {"org": 7},
        {"org": "x"},
        {"roles": 7},
        {"kind": "root"},
        {"amr": 1},
        {"auth_time": "x"},
        {"attributes": [1]},
    ],
)
async def test_claims_that_do_not_hold_are_refused(changes: dict[str, Any]) -> None:
    assert await refuses(verifier(), signed(told=claims(**changes)))


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": NOW - 29, "iat": NOW - 900},
        {"iat": NOW + 29, "exp": NOW + 900},
        {"nbf": NOW + 29},
        {"nbf": NOW},
        {"aud": AUDIENCE},
    ],
)
async def test_a_clock_may_be_a_little_wrong(changes: dict[str, Any]) -> None:
    assert not await refuses(verifier(), signed(told=claims(**changes)))
    if "aud" not in changes and changes != {"nbf": NOW}:
        assert await refuses(verifier(leeway=0), signed(told=claims(**changes)))


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "..",
        "a.b.c",
        "é.é.é",
        raw([], claims(), "AAAA"),
        raw("x", claims(), "AAAA"),
        raw({"alg": ["ES256"], "kid": "x"}, claims(), "AAAA"),
        base64.urlsafe_b64encode(b"[" * 5000).decode() + ".e30.AAAA",
        "A" * 8193,
    ],
)
async def test_what_is_no_token_is_refused_and_nothing_else(token: str) -> None:
    assert await refuses(verifier(), token)
    assert issuer_of(token) in ("", ISSUER)


async def test_hostile_payloads_under_a_good_signature() -> None:
    for told in ([], "x", 7, None, {"exp": {}}):
        assert await refuses(verifier(), signed(told=told if told is not None else [None]))


async def test_old_keys_verify_until_their_last_token_has_expired(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring = KeyRing(tmp_path, retire_after=2000)
    ring.ensure()
    kid = ring.current().kid
    assert not ring.rotate_if_due(1000)
    later = time.time() + 1001
    monkeypatch.setattr(time, "time", lambda: later)
    assert ring.rotate_if_due(1000)
    assert [each["kid"] for each in ring.public_keys()] == [kid, ring.current().kid]
    assert ring.current().kid != kid, "the newest signs"
    later += 2001  # the file of the successor was made in real time
    ring.rotate()
    assert kid not in [each["kid"] for each in ring.public_keys()]
    assert kid not in ring.jwks_path.read_text()


async def test_a_running_service_publishes_both_keys_while_they_overlap(
    table_shop: Running,
) -> None:
    identity = table_shop.runtime.identity
    before = table_shop.caller("clerk")
    identity.keys.rotate()
    published = (await table_shop.http.get("/.well-known/jwks.json")).json()["keys"]
    assert len({each["kid"] for each in published}) == 2
    assert not any({"d", "p", "q"} & each.keys() for each in published)
    assert {(each["use"], each["alg"]) for each in published} == {("sig", "ES256")}
    answer = await table_shop.http.get("/v1/books", headers=before.headers)
    assert answer.status_code == 200


async def test_a_storm_of_unknown_keys_asks_the_issuer_once() -> None:
    publisher = Publisher(public(KEY))
    cache = JwksCache(publisher, max_age=600, pause=3600)

    async def unknown(number: int) -> None:
        with pytest.raises(UnknownKeyError):
            await cache.key(f"made-up-{number}")

    await asyncio.gather(*(unknown(each) for each in range(300)))
    assert publisher.asked == 1
    for each in range(300):
        await unknown(each)
        assert (await cache.key(str(KEY.kid))).kid == KEY.kid
    assert publisher.asked == 1


async def test_a_new_key_is_found_once_the_pause_is_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = [1000.0]
    monkeypatch.setattr("cloudsync_chassis.security.jwks.time.monotonic", lambda: clock[0])
    publisher = Publisher(public(KEY))
    cache = JwksCache(publisher, max_age=600, pause=5)
    await cache.key(str(KEY.kid))
    new = ECKey.generate_key("P-256", auto_kid=True)
    publisher.content = json.dumps({"keys": [public(KEY), public(new)]}).encode()
    with pytest.raises(UnknownKeyError):
        await cache.key(str(new.kid))
    clock[0] += 6
    assert (await cache.key(str(new.kid))).kid == new.kid
    assert publisher.asked == 2
    clock[0] += 601
    publisher.away = True
    assert (await cache.key(str(KEY.kid))).kid == KEY.kid, "known keys stay while it is away"
    assert publisher.asked == 3


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"null",
        b'{"keys": 7}',
        b'{"keys": [7, null, [], {}]}',
        b"[" * 100_000,
        b'{"keys": [{"kty": "EC", "kid": "x", "crv": "P-256", "x": "!", "y": 7}]}',
        b"\xff",
    ],
)
async def test_a_key_set_that_is_none_is_passed_over(content: bytes) -> None:
    publisher = Publisher(public(KEY))
    publisher.content = content
    cache = JwksCache(publisher, pause=0.0)
    with pytest.raises(UnknownKeyError):
        await cache.key("x")
    publisher.content = json.dumps({"keys": [{"kid": "bad", "kty": "EC"}, public(KEY)]}).encode()
    assert (await cache.key(str(KEY.kid))).kid == KEY.kid, "one bad key spoils no other"


@asynccontextmanager
async def served(content: bytes) -> AsyncIterator[tuple[str, list[str]]]:
    """A web server with one document."""
    asked: list[str] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append((await reader.readline()).decode())
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(content)}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + content)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/jwks.json", asked
    finally:
        server.close()
        await server.wait_closed()


async def test_keys_come_from_an_address_and_are_kept() -> None:
    async with served(json.dumps({"keys": [public(KEY)]}).encode()) as (url, asked):
        cache = JwksCache(from_address(url))
        check = TokenVerifier(cache, ISSUER, AUDIENCE)
        for _ in range(20):
            assert not await refuses(check, TokenIssuer(KEY, ISSUER).issue(SOMEBODY, [AUDIENCE]))
        assert len(asked) == 1


async def test_an_endless_key_set_is_not_read_to_its_end() -> None:
    async with served(b" " * (LONGEST + 1)) as (url, _):
        with pytest.raises(ValueError, match="too long"):
            await from_address(url)()


def identity(folder: Path, **more: Any) -> Identity:
    return Identity("book-service", bookshop.BookSettings(**isolated(folder), **more))


async def test_our_own_token_is_for_one_callee_and_short_lived(tmp_path: Path) -> None:
    till = Identity("till-service", bookshop.BookSettings(**isolated(tmp_path)))
    token = await till.workload_token("book-service")
    assert token == await till.workload_token("book-service"), "kept for half its life"
    assert token is not None
    told = json.loads(jws.extract_compact(token.encode()).payload or b"")
    assert told["aud"] == ["book-service"]
    assert (told["sub"], told["kind"]) == ("till-service", "workload")
    assert 0 < told["exp"] - told["iat"] <= 900
    assert "org" not in told, "the tenant is the request's"
    assert (await identity(tmp_path).caller(f"Bearer {token}")).subject == "till-service"
    other = await till.workload_token("other-service")
    with pytest.raises(Problem):
        await identity(tmp_path).caller(f"Bearer {other}")


async def test_our_token_is_read_from_a_file_whenever_it_is_needed(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("first\n")
    ours = identity(tmp_path, workload_token_file=path, jwks_url="http://127.0.0.1:1/")
    assert await ours.workload_token("till-service") == "first"
    path.write_text("second\n")  # as the kubelet does, long before the first has expired
    assert await ours.workload_token("till-service") == "second"


async def test_a_folder_holds_a_token_for_each_callee(tmp_path: Path) -> None:
    folder = tmp_path / "tokens"
    folder.mkdir()
    (folder / "till-service").write_text("for the till")
    ours = identity(tmp_path, workload_token_file=folder)
    assert await ours.workload_token("till-service") == "for the till"
    with pytest.raises(FileNotFoundError):
        await ours.workload_token("other-service")


async def test_without_file_and_key_there_is_no_token(tmp_path: Path) -> None:
    ours = identity(tmp_path, jwks_url="http://127.0.0.1:1/")
    assert await ours.workload_token("till-service") is None
    assert not (tmp_path / "keys").exists(), "no key is made where another one is trusted"


CLUSTER = "https://kubernetes.default.svc"


async def test_service_accounts_of_our_namespaces_are_workloads(tmp_path: Path) -> None:
    key = RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, auto_kid=True)
    async with served(json.dumps({"keys": [public(key)]}).encode()) as (url, _):
        ours = identity(
            tmp_path,
            workload_issuer=CLUSTER,
            workload_jwks_url=url,
            workload_namespaces=frozenset({"shops"}),
        )

        ours.prepare()

        async def caller(**changes: Any) -> Principal:
            now = int(time.time())
            told = {
                "iss": CLUSTER,
                "sub": "system:serviceaccount:shops:till-service",
                "aud": ["book-service"],
                "iat": now,
                "nbf": now,
                "exp": now + 3607,
                **changes,
            }
            token = jwt.encode({"alg": "RS256", "kid": key.kid}, told, key, algorithms=["RS256"])
            return await ours.caller(f"Bearer {token}")

        found = await caller(kind="user", roles=["clerk"], scope="book:list", org="x")
        assert (found.subject, found.kind) == ("till-service", "workload")
        assert (found.scopes, found.organization_id) == (frozenset(), None)
        assert found.roles == {"workload"}, "it chooses none itself"
        wrong: list[dict[str, Any]] = [
            {"sub": "system:serviceaccount:elsewhere:till-service"},
            {"sub": "till-service"},
            {"sub": "system:serviceaccount:shops:a:till-service"},
            {"aud": ["other-service"]},
            {"exp": int(time.time()) + 86_400},
            {"iss": "https://issuer.invalid/"},
        ]
        for changes in wrong:
            with pytest.raises(Problem):
                await caller(**changes)
        token = ours.issuer().issue(SOMEBODY, ["book-service"])
        assert (await ours.caller(f"Bearer {token}")).kind == "user", "people come by our issuer"
