"""Who may come in: tokens, keys, permissions, relations, workloads."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from cloudsync_chassis.aggregate.relations import stands
from cloudsync_chassis.aggregate.spec import Relation
from cloudsync_chassis.context import Context
from cloudsync_chassis.ids import uuid7
from cloudsync_chassis.problem import Problem
from cloudsync_chassis.security.jwks import JwksCache, from_file
from cloudsync_chassis.security.keys import KeyRing
from cloudsync_chassis.security.principal import Principal
from cloudsync_chassis.security.tokens import TokenIssuer, TokenVerifier
from cloudsync_chassis.testing import Running

ISSUER = "https://issuer.example/"
SOMEBODY = Principal("u1", "user", UUID(int=7), frozenset({"clerk"}), frozenset({"a:b"}))


def verifier(ring: KeyRing, **options: Any) -> TokenVerifier:
    keys = JwksCache(from_file(ring.jwks_path), pause=0.0)
    return TokenVerifier(keys, ISSUER, "book-service", **options)


@pytest.fixture
def ring(tmp_path: Path) -> KeyRing:
    made = KeyRing(tmp_path / "keys")
    made.ensure()
    return made


async def test_a_token_names_its_caller(ring: KeyRing) -> None:
    token = TokenIssuer(ring.current(), ISSUER).issue(SOMEBODY, ["other", "book-service"])
    assert await verifier(ring).verify(token) == SOMEBODY


async def test_keys_are_private_made_once_and_survive_rotation(ring: KeyRing) -> None:
    folder = ring.jwks_path.parent
    with ThreadPoolExecutor(8) as pool:
        kids = set(pool.map(lambda _: KeyRing(folder).ensure().kid, range(16)))
    assert len(kids) == 1
    old = TokenIssuer(ring.current(), ISSUER).issue(SOMEBODY, ["book-service"])
    ring.rotate()
    new = TokenIssuer(ring.current(), ISSUER).issue(SOMEBODY, ["book-service"])
    check = verifier(ring)
    assert await check.verify(old) == await check.verify(new) == SOMEBODY
    assert {each.stat().st_mode & 0o777 for each in folder.glob("signing-*")} == {0o600}
    assert len(ring.public_keys()) == 2
    assert '"d"' not in ring.jwks_path.read_text()


async def test_a_running_verifier_learns_a_new_key_and_a_retired_one_goes(tmp_path: Path) -> None:
    ring = KeyRing(tmp_path, retire_after=-1)
    ring.ensure()
    check = verifier(ring)
    old = TokenIssuer(ring.current(), ISSUER).issue(SOMEBODY, ["book-service"])
    assert await check.verify(old)
    ring.rotate()
    ring.rotate()
    new = TokenIssuer(ring.current(), ISSUER).issue(SOMEBODY, ["book-service"])
    assert await check.verify(new) == SOMEBODY
    with pytest.raises(Problem):
        await verifier(ring).verify(old)


def _claims(**changes: Any) -> dict[str, Any]:
    """Claims that fit, but for the changes; numbers are seconds from now."""
    now = int(time.time())
    changes = {n: now + v if isinstance(v, int) else v for n, v in changes.items()}
    claims = {"iss": ISSUER, "sub": "u1", "aud": "book-service", "iat": now, "exp": now + 900}
    merged = {**claims, **changes}
    return {name: value for name, value in merged.items() if value is not None}


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://evil.example/"},
        {"iss": None},
        {"aud": "other-service"},
        {"aud": None},
        {"sub": None},
        {"exp": None},
        {"exp": -60, "iat": -900},
        {"iat": 600, "exp": 900},
        {"exp": 1000},
        {"nbf": 600},
        {"kind": "anonymous"},
        {"org": "no uuid"},
    ],
)
async def test_claims_that_do_not_fit_are_refused(ring: KeyRing, changes: dict[str, Any]) -> None:
    key = ring.current()
    header = {"alg": "ES256", "kid": key.kid}
    with pytest.raises(Problem) as refused:
        await verifier(ring).verify(jwt.encode(header, _claims(**changes), key))
    assert refused.value.kind.status == 401
    assert refused.value.headers == {"WWW-Authenticate": "Bearer"}
    assert await verifier(ring).verify(jwt.encode(header, _claims(), key))


async def test_forged_tokens_are_refused(ring: KeyRing) -> None:
    key = ring.current()
    good = TokenIssuer(key, ISSUER).issue(SOMEBODY, ["book-service"])
    head, body, signature = good.split(".")
    none = base64.urlsafe_b64encode(json.dumps({"alg": "none", "kid": key.kid}).encode())
    stranger = ECKey.generate_key("P-256", {"kid": str(key.kid)})
    public = json.dumps(ring.public_keys()[0], sort_keys=True)
    confused = jwt.encode({"alg": "HS256", "kid": key.kid}, _claims(), OctKey.import_key(public))
    forged = [
        f"{none.rstrip(b'=').decode()}.{body}.",
        f"{head}.{body}.{signature[:-4]}AAAA",
        f"{head}.{body}",
        "nonsense",
        "",
        "a" * 9000,
        jwt.encode({"alg": "ES256", "kid": key.kid}, _claims(), stranger),
        jwt.encode({"alg": "ES256", "kid": "unknown"}, _claims(), stranger),
        confused,
    ]
    for token in forged:
        with pytest.raises(Problem):
            await verifier(ring).verify(token)


async def test_a_verified_token_expires_all_the_same(ring: KeyRing) -> None:
    clock = [time.time()]
    check = verifier(ring, now=lambda: clock[0])
    token = TokenIssuer(ring.current(), ISSUER, now=lambda: clock[0]).issue(
        SOMEBODY, ["book-service"]
    )
    assert await check.verify(token)
    clock[0] += 900 + 31
    with pytest.raises(Problem):
        await check.verify(token)


async def test_without_a_token_nothing_but_what_is_public(table_shop: Running) -> None:
    some = uuid7()
    private = [
        ("GET", "/v1/books"),
        ("POST", "/v1/books"),
        ("GET", f"/v1/books/{some}"),
        ("PATCH", f"/v1/books/{some}"),
        ("DELETE", f"/v1/books/{some}"),
        ("POST", f"/v1/books/{some}/reserve"),
        ("GET", "/v1/books/no-uuid"),
    ]
    for method, url in private:
        for headers in ({}, {"Authorization": "Basic eDp5"}, {"Authorization": "Bearer x"}):
            answer = await table_shop.http.request(method, url, headers=headers)
            assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


@pytest.mark.parametrize(
    ("roles", "kind", "scopes", "status"),
    [
        (("visitor",), "user", (), 200),
        (("clerk",), "user", (), 200),
        ((), "user", (), 403),
        (("head",), "user", (), 403),
        ((), "user", ("book:read",), 403),
        (("clerk", "workload"), "workload", (), 403),
        ((), "workload", ("book:read",), 200),
    ],
)
async def test_roles_and_scopes_decide(
    table_shop: Running, roles: tuple[str, ...], kind: Any, scopes: tuple[str, ...], status: int
) -> None:
    caller = table_shop.caller(*roles, kind=kind, scopes=scopes)
    answer = await table_shop.http.get("/v1/books", headers=caller.headers)
    assert answer.status_code == status


async def test_a_workload_calls_only_what_the_model_lets_it(table_shop: Running) -> None:
    clerk = table_shop.caller("clerk")
    book = (
        await table_shop.http.post(
            "/v1/books", json={"title": "x", "priceMinor": 1}, headers=clerk.headers
        )
    ).json()
    issuer = table_shop.runtime.identity.issuer()
    till = Principal("till-service", "workload", None, frozenset({"workload"}))
    headers = {
        "Authorization": f"Bearer {issuer.issue(till, ['book-service'])}",
        "X-Organization-Id": str(clerk.organization),
    }
    url = f"/v1/books/{book['id']}"
    assert (await table_shop.http.get(url, headers=headers)).status_code == 200
    assert (await table_shop.http.get("/v1/books", headers=headers)).status_code == 403
    headers.pop("X-Organization-Id")
    assert (await table_shop.http.get(url, headers=headers)).status_code == 400
    for wrong in ("no uuid", "", "0" * 32):
        headers["X-Organization-Id"] = wrong
        assert (await table_shop.http.get(url, headers=headers)).status_code == 400


async def test_a_role_may_hold_a_permission_for_related_things_only(shop: Running) -> None:
    clerk = shop.caller("clerk")
    book = (
        await shop.http.post(
            "/v1/books", json={"title": "x", "priceMinor": 1}, headers=clerk.headers
        )
    ).json()
    url = f"/v1/books/{book['id']}"
    seller = shop.caller("visitor", organization=clerk.organization, subject=clerk.subject)
    keeper = shop.caller("visitor", organization=clerk.organization)
    reader = shop.caller("visitor", organization=clerk.organization)
    roleless = shop.caller(organization=clerk.organization, subject=keeper.subject)
    for person, level in ((keeper, "keeper"), (reader, "reader")):
        body = {"reader": f"user:{person.subject}", "level": level}
        refused = await shop.http.post(f"{url}/loans", json=body, headers=keeper.headers)
        lent = await shop.http.post(f"{url}/loans", json=body, headers=seller.headers)
        assert (refused.status_code, lent.status_code) == (403, 201), "only the seller lends"
    assert (await shop.http.post(f"{url}/reserve", headers=reader.headers)).status_code == 403
    refused = await shop.http.post(f"{url}/reserve", headers=roleless.headers)
    assert refused.status_code == 403, "a relation without a role that holds the permission"
    assert (await shop.http.post(f"{url}/reserve", headers=keeper.headers)).status_code == 200


async def test_a_handler_that_forgets_the_relation_changes_nothing(table_shop: Running) -> None:
    import bookshop
    from cloudsync_chassis.executor import Incoming
    from cloudsync_chassis.propagation import Trace

    clerk = table_shop.caller("clerk")
    answer = await table_shop.http.post(
        "/v1/books", json={"title": "x", "priceMinor": 1}, headers=clerk.headers
    )
    books = table_shop.runtime.aggregates["book"]
    stranger = Principal("stranger", "user", clerk.organization, frozenset({"visitor"}))

    async def careless(ctx: Any) -> Any:
        book = await books.repository.find(ctx, {"id": UUID(answer.json()["id"])})
        assert book is not None
        changed = book.model_copy(update={"title": "stolen", "version": 2})
        assert await books.repository.replace(ctx, changed, 1)
        return changed

    incoming = Incoming(principal=stranger, trace=Trace.new())
    with pytest.raises(Problem) as refused:
        await table_shop.runtime.executor.run(bookshop.RESERVE_BOOK, incoming, careless)
    assert refused.value.kind.slug == "forbidden"
    url = f"/v1/books/{answer.json()['id']}"
    assert (await table_shop.http.get(url, headers=clerk.headers)).json() == answer.json()


def test_relations_alone_decide_where_there_is_no_permission() -> None:
    from cloudsync_chassis.operation import Operation
    from cloudsync_chassis.security.access import Access, authorize, holds

    anybody, nothing = Principal("someone"), Access({})
    assert holds(Operation(id="open"), anybody, nothing)
    own = Operation(id="own", relations=("self",))
    authorize(own, anybody, nothing)
    assert not holds(own, anybody, nothing), "the entity decides"
    guarded = Operation(id="guarded", permission="book:read", relations=("self",))
    with pytest.raises(Problem):
        authorize(guarded, anybody, nothing)


async def test_a_list_shows_what_the_caller_is_related_to(shop: Running) -> None:
    clerk = shop.caller("clerk")
    urls = []
    for title in ("mine", "lent", "other"):
        book = {"title": title, "priceMinor": 1}
        answer = await shop.http.post("/v1/books", json=book, headers=clerk.headers)
        urls.append(f"/v1/books/{answer.json()['id']}")
    seller = shop.caller("reader", organization=clerk.organization, subject=clerk.subject)
    keeper = shop.caller("reader", organization=clerk.organization)
    lending = {"reader": f"user:{keeper.subject}", "level": "keeper"}
    own = shop.caller("clerk", organization=clerk.organization, subject=clerk.subject)
    await shop.http.post(f"{urls[1]}/loans", json=lending, headers=own.headers)

    async def titles(headers: dict[str, str]) -> list[str]:
        found = await shop.http.get("/v1/books", params={"sort": "title"}, headers=headers)
        return [each["title"] for each in found.json()["items"]]

    assert await titles(seller.headers) == ["lent", "mine", "other"]
    assert await titles(keeper.headers) == ["lent"]
    stranger = shop.caller("reader", organization=clerk.organization)
    assert await titles(stranger.headers) == []
    roleless = await shop.http.get("/v1/books", headers=shop.caller().headers)
    assert roleless.status_code == 403


async def test_what_the_entity_says_is_asked_before_others_are() -> None:
    rules = {
        "group": Relation(through="team", parent="bookId", principal="memberIds", prefix=""),
        "owner": Relation(fields=("ownerId",)),
    }
    looked: list[str] = []

    async def exists(ctx: Context, aggregate: str, filters: Mapping[str, Any]) -> bool:
        looked.append(aggregate)
        return False

    ctx: Any = SimpleNamespace(principal=SimpleNamespace(subject="me"))
    for owner, there, ways in (("me", True, []), ("you", False, ["team"])):
        found = await stands(ctx, {"group", "owner"}, {"ownerId": owner}, rules, exists)
        assert (found, looked) == (there, ways)
