"""Announced documents are weighed again, whatever the client says."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from api_gateway.generated import models, operations, port
from api_gateway.generated.models import ClientName
from api_gateway.queries import weight_of
from cloudsync_chassis.ids import PLATFORM
from cloudsync_chassis.problem import Problem
from gate import Gate, at_gate
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
