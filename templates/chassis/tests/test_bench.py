"""What the contract tests of services hold for a fault."""

from __future__ import annotations

from typing import Any

import httpx

from cloudsync_chassis.cases import RPC, Case
from cloudsync_chassis.contract import Bench


class _Judge(Bench):
    """Judges answers; no service runs."""

    def __init__(self) -> None:
        """Start nothing."""


def _refusal(slug: str, status: int) -> httpx.Response:
    document: dict[str, Any] = {"type": f"https://errors.example/{slug}", "status": status}
    return httpx.Response(status, json=document)


def test_a_declared_refusal_of_an_rpc_is_no_fault() -> None:
    case = Case(operation="Lend", method=RPC, path="/shop/Lend", refusals=("shop-closed",))
    judge = _Judge()
    assert judge.faults(case, _refusal("shop-closed", 503)) == []
    assert judge.faults(case, _refusal("book-lost", 404)) == []
    assert judge.faults(case, httpx.Response(200, json={})) == []
    for undeclared in (_refusal("unavailable", 503), _refusal("internal", 500)):
        assert len(judge.faults(case, undeclared)) == 1
    assert len(judge.faults(case, httpx.Response(404, json={"detail": "no problem"}))) == 1
