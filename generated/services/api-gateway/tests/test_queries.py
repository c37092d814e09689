"""Announced documents are weighed again, whatever the client says."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from api_gateway.documents import StoredDocuments
from api_gateway.generated import models, operations, port
from api_gateway.generated.models import ClientName
from api_gateway.queries import weight_of
from cloudsync_chassis.context import Context
from cloudsync_chassis.ids import PLATFORM
from cloudsync_chassis.persisted import RememberedDocuments
from cloudsync_chassis.problem import Problem
from gate import MINUTE, Gate, at_gate, gate, moment
from graphql import parse, print_ast

REGISTER = operations.REGISTER_PERSISTED_QUERY
DOCUMENT = "query Page($n: Int) { documents(limit: 3) { items { id title } } viewer { id } }"


def wish(document: str = DOCUMENT, **more: Any) -> port.RegisterPersistedQuery:
    sha256 = hashlib.sha256(print_ast(parse(document)).encode()).hexdigest()
    known = {
        "sha256": sha256,
        "document": document,
        "client_name": ClientName.web,
        "complexity": 12,
        "depth": 3,
    }
    body = models.RegisterPersistedQueryRequest(**{**known, **more})
    return port.RegisterPersistedQuery(body=body)


@pytest.mark.parametrize(
    ("document", "complexity", "depth"),
    [
        ("{ viewer { id } }", 2, 2),
        (DOCUMENT, 12, 3),
        ("query Q($n: Int) { documents(limit: $n) { id } }", 51, 2),
        ("{ ...a } fragment a on Query { viewer { ...b } } fragment b on User { id name }", 3, 2),
        ("{ viewer { ... on User { id } } }", 2, 2),
        ("query A { viewer { id } } query B { a { b { c } } }", 3, 3),
    ],
)
def test_weights(document: str, complexity: int, depth: int) -> None:
    found = weight_of(document)
    assert (found.complexity, found.depth) == (complexity, depth)
    assert found.sha256 == weight_of(document.replace(" ", "  ")).sha256


@pytest.mark.parametrize(
    "document",
    [
        "{ unfinished",
        "fragment a on Query { id }",
        "{ ...a } fragment a on Query { ...a }",
        "{ ...missing }",
        "{a" * 6000,
        "{ " + "a " * 5000 + "}",
    ],
)
def test_what_is_no_document_is_refused(document: str) -> None:
    with pytest.raises(Problem, match="rule-broken"):
        weight_of(document)


def test_fragments_that_double_are_weighed_at_once() -> None:
    levels = [f"fragment f{n} on Q {{ ...f{n + 1} ...f{n + 1} }}" for n in range(60)]
    document = f"{{ ...f0 }} {' '.join(levels)} fragment f60 on Q {{ id }}"
    assert weight_of(document).complexity == 2**60


def test_a_document_is_registered_once(tmp_path: Path) -> None:
    async def check(gate: Gate) -> None:
        robot = gate.service.caller(
            organization=PLATFORM, kind="workload", scopes=["route:announce-query"]
        )
        first = await gate.ask(REGISTER, wish(), robot)
        again = await gate.ask(REGISTER, wish(), robot)
        assert again.id == first.id
        read = port.GetPersistedQuery(persisted_query_id=first.id)
        assert (await gate.ask(operations.GET_PERSISTED_QUERY, read)).document == DOCUMENT
        assert await gate.refused(REGISTER, wish(depth=4), robot) == "weight-mismatch"
        assert await gate.refused(REGISTER, wish(sha256="0" * 64), robot) == "weight-mismatch"
        deep = "{ " + "a { " * 8 + "b" + " }" * 9
        assert await gate.refused(REGISTER, wish(deep), robot) == "query-too-deep"
        dear = "{ a(limit: 999) { b c } }"
        assert await gate.refused(REGISTER, wish(dear), robot) == "query-too-complex"

    at_gate(tmp_path, check)


PLAIN = "query Plain { __typename }"


async def plain(gate: Gate) -> dict[str, Any]:
    """What somebody unknown is answered who sends the digest alone."""
    digest = weight_of(PLAIN).sha256
    named = {"persistedQuery": {"version": 1, "sha256Hash": digest}}
    answer = await gate.service.http.post("/graphql/workspace", json={"extensions": named})
    found: dict[str, Any] = answer.json()
    return found


async def register(gate: Gate) -> None:
    robot = gate.service.caller(
        organization=PLATFORM, kind="workload", scopes=["route:announce-query"]
    )
    await gate.ask(REGISTER, wish(PLAIN, complexity=1, depth=1), robot)


def test_a_registered_document_is_served_at_once_by_all_and_after_a_restart(
    tmp_path: Path,
) -> None:
    """Nothing else is taken: the text was sent to one replica, and to its registration alone."""
    strict = {"graphql_ad_hoc": "nobody"}

    async def check() -> None:
        async with gate(tmp_path, **strict) as one, gate(tmp_path, **strict) as other:
            for each in (one, other):
                (error,) = (await plain(each))["errors"]
                assert error["extensions"]["code"] == "PERSISTED_QUERY_NOT_FOUND"
            await register(one)
            for each in (one, other, other):
                assert await plain(each) == {"data": {"__typename": "Query"}}
            sent = {"query": "query Another { __typename }"}
            refused = await one.service.http.post("/graphql/workspace", json=sent)
            assert refused.json()["errors"][0]["extensions"]["status"] == 403
        async with gate(tmp_path, **strict) as later:
            assert await plain(later) == {"data": {"__typename": "Query"}}

    asyncio.run(check())


def test_what_was_read_is_kept_within_bounds() -> None:
    async def check() -> None:
        asked: list[str] = []

        async def find(digest: str) -> str | None:
            asked.append(digest)
            return "x" * 40 if digest != "none" else None

        async def note(digest: str) -> None:
            noted.append(digest)

        noted: list[str] = []
        documents = StoredDocuments(RememberedDocuments({"named": "y"}), find, note, most=100)
        for digest in ("a", "b", "a", "c", "a", "b", "named", "none", "none"):
            await documents.announced(digest)
        assert asked == ["a", "b", "c", "b", "none", "none"]
        assert noted == ["a", "b", "c", "b"]
        await documents.keep("sent", "z")
        assert await documents.known("sent") == "z"
        assert await documents.known("a") == "x" * 40
        assert await documents.announced("sent") == "x" * 40, "sent, and not announced"

    asyncio.run(check())


def test_the_hour_of_the_last_use_is_written_down(tmp_path: Path) -> None:
    async def check(gate: Gate) -> None:
        async def used() -> datetime | None:
            digest = weight_of(PLAIN).sha256

            async def find(ctx: Context) -> models.PersistedQuery | None:
                return await gate.handlers.persisted_query.find(ctx, sha256=digest)

            found = await gate.handlers.apart(find, writes=False)
            assert found is not None
            return found.last_used_at

        await register(gate)
        assert await used() is None
        await plain(gate)
        first = await used()
        assert first is not None
        assert first == moment().replace(minute=0, second=0, microsecond=0)
        gate.service.later(2 * 60 * MINUTE)
        await plain(gate)
        assert await used() == first + timedelta(hours=2)

    at_gate(tmp_path, check)
