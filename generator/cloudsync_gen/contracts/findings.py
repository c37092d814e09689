"""Codes of what keeps a model from being compiled to contracts, or a contract from being valid."""

from __future__ import annotations

from collections.abc import Iterable

from cloudsync_gen.diagnostics import Diagnostic, Related, finding
from cloudsync_gen.source import Ref

CODES = {
    "schema-reference": "CTR001",
    "unsafe-reference": "CTR002",
    "schema-keyword": "CTR003",
    "component-name": "CTR004",
    "contract-context": "CTR005",
    "contract-part": "CTR006",
    "invalid-openapi": "CTR010",
    "invalid-json-schema": "CTR011",
    "invalid-graphql": "CTR012",
    "invalid-proto": "CTR013",
}
"""Name -> code; never renumbered, never reused."""


def contract_finding(
    name: str,
    ref: Ref,
    message: str,
    hint: str,
    element: str = "",
    related: Iterable[Related] = (),
) -> Diagnostic:
    """An error at a place of the model."""
    return finding(CODES[name], name, ref, message, hint, element, related)
