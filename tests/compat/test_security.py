"""Security: who could call with the credentials they have, and can no longer."""

from __future__ import annotations

from typing import Any

import pytest

from compat.documents import Json, compare, document, said

SCHEMES: Json = {
    "jwt": {"type": "http", "scheme": "bearer"},
    "key": {"type": "apiKey", "in": "header", "name": "X-Key"},
    "login": {
        "type": "oauth2",
        "flows": {
            "clientCredentials": {
                "tokenUrl": "https://id.example/token",
                "scopes": {"read": "Read", "write": "Write"},
            }
        },
    },
}


def demands(security: Any = None, schemes: Json = SCHEMES, **everywhere: Any) -> Json:
    """A document with one operation that demands something itself, unless it is `None`."""
    call = {} if security is None else {"security": security}
    return document(
        {"/parcels": {"get": call}}, components={"securitySchemes": schemes}, **everywhere
    )


def scheme(which: str, /, **fields: Any) -> Json:
    """A document whose only operation demands one scheme, with some fields of it changed."""
    return demands([{which: []}], {**SCHEMES, which: {**SCHEMES[which], **fields}})


def flow(**fields: Any) -> Json:
    changed = {**SCHEMES["login"]["flows"]["clientCredentials"], **fields}
    return scheme("login", flows={"clientCredentials": changed})


# (name, old, new, said, said of the reverse)
TABLE: list[tuple[str, Json, Json, list[str], list[str]]] = [
    (
        "credentials demanded",
        demands(),
        demands([{"jwt": []}]),
        ["E api-security-added"],
        ["W api-security-removed", "I api-security-added"],
    ),
    (
        "one more way in",
        demands([{"jwt": []}]),
        demands([{"jwt": []}, {"key": []}]),
        ["I api-security-added"],
        ["E api-security-removed"],
    ),
    (
        "one more thing to bring",
        demands([{"jwt": []}]),
        demands([{"jwt": [], "key": []}]),
        ["E api-security-removed", "I api-security-added"],
        ["I api-security-added", "I api-security-removed"],
    ),
    (
        "scope",
        demands([{"login": ["read"]}]),
        demands([{"login": ["read", "write"]}]),
        ["E api-security-scope-added"],
        ["I api-security-scope-removed"],
    ),
    (
        "demanded of every operation",
        demands(),
        document(
            {"/parcels": {"get": {}}},
            components={"securitySchemes": SCHEMES},
            security=[{"jwt": []}],
        ),
        ["E api-global-security-added"],
        ["W api-global-security-removed", "I api-global-security-added"],
    ),
    (
        "name of an API key",
        scheme("key"),
        scheme("key", name="X-Api-Key"),
        ["E api-security-component-name-changed"],
        ["E api-security-component-name-changed"],
    ),
    (
        "place of an API key",
        scheme("key"),
        scheme("key", **{"in": "query"}),
        ["E api-security-component-in-changed"],
        ["E api-security-component-in-changed"],
    ),
    (
        "type of a scheme",
        scheme("jwt"),
        demands([{"jwt": []}], {**SCHEMES, "jwt": {"type": "mutualTLS"}}),
        ["E api-security-component-scheme-changed", "E api-security-component-type-changed"],
        ["E api-security-component-scheme-changed", "E api-security-component-type-changed"],
    ),
    (
        "type of a scheme that nobody demands",
        demands([{"key": []}]),
        demands([{"key": []}], {**SCHEMES, "jwt": {"type": "http", "scheme": "basic"}}),
        ["I api-security-component-scheme-changed"],
        ["I api-security-component-scheme-changed"],
    ),
    (
        "where tokens come from",
        flow(),
        flow(tokenUrl="https://login.example/token"),
        ["W api-security-component-oauth-token-url-changed"],
        ["W api-security-component-oauth-token-url-changed"],
    ),
    (
        "a flow",
        scheme("login"),
        scheme("login", flows={"implicit": SCHEMES["login"]["flows"]["clientCredentials"]}),
        [
            "E api-security-component-oauth-flow-removed",
            "I api-security-component-oauth-flow-added",
        ],
        [
            "E api-security-component-oauth-flow-removed",
            "I api-security-component-oauth-flow-added",
        ],
    ),
    (
        "scopes that a flow knows",
        flow(),
        flow(scopes={"read": "Read all"}),
        [
            "W api-security-component-oauth-scope-removed",
            "I api-security-component-oauth-scope-changed",
        ],
        [
            "I api-security-component-oauth-scope-added",
            "I api-security-component-oauth-scope-changed",
        ],
    ),
    (
        "how a token looks is a hint",
        scheme("jwt"),
        scheme("jwt", bearerFormat="JWT", description="A token"),
        [],
        [],
    ),
    (
        "the order of alternatives",
        demands([{"jwt": []}, {"login": ["read", "write"]}]),
        demands([{"login": ["write", "read"]}, {"jwt": []}]),
        [],
        [],
    ),
]


@pytest.mark.parametrize(
    ("old", "new", "there", "back"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_changed_demands(old: Json, new: Json, there: list[str], back: list[str]) -> None:
    assert said(compare(old, new)) == there
    assert said(compare(new, old)) == back


def test_what_the_document_demands_is_said_once_for_all_operations() -> None:
    calls: Json = {f"/{name}": {"get": {}, "put": {}} for name in "abc"}
    old = document(calls, components={"securitySchemes": SCHEMES}, security=[{"jwt": []}])
    new = document(calls, components={"securitySchemes": SCHEMES}, security=[{"key": []}])
    changes = compare(old, new)
    assert said(changes) == ["E api-global-security-removed", "I api-global-security-added"]
    assert len(changes) == 2


def test_credentials_of_a_webhook_are_the_providers() -> None:
    def calls(*names: str) -> Json:
        security: list[Json] = [{name: []} for name in names]
        return document(
            webhooks={"lost": {"post": {"security": security}}},
            components={"securitySchemes": SCHEMES},
        )

    assert said(compare(calls("jwt"), calls("jwt", "key"))) == ["E api-security-added"]
    assert said(compare(calls("jwt", "key"), calls("jwt"))) == ["I api-security-removed"]
