"""Refusals: which an operation may answer with, as RFC 9457 problem documents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cloudsync_gen.contracts.facts import Facts
from cloudsync_gen.contracts.headers import LENIENT, header_refs, parameters_of
from cloudsync_gen.contracts.publication import Publication
from cloudsync_gen.model.refusals import (
    COMMON,
    CONDITION,
    CURSOR,
    DEADLINE,
    DEPENDENCY,
    EXISTS,
    FORBIDDEN,
    INTERNAL,
    INVARIANT,
    KEY_REUSED,
    LATE,
    MEDIA,
    NOT_FOUND,
    RATE,
    REFERENCE,
    RULE,
    TOO_LARGE,
    TRANSITION,
    UNAUTHENTICATED,
    UNAVAILABLE,
    VALIDATION,
    VERSION,
    Case,
)
from cloudsync_gen.naming import pascal

MEDIA_TYPE = "application/problem+json"


def cases_of(facts: Facts) -> list[Case]:
    """Refusals that can happen, common ones first, then the command's own."""
    own = [Case(each.slug, each.status, each.when) for each in facts.errors]
    common = [
        (VALIDATION, facts.has_input or not LENIENT.issuperset(parameters_of(facts))),
        (UNAUTHENTICATED, facts.access != "public"),
        (FORBIDDEN, facts.access != "public"),
        (NOT_FOUND, facts.has_key),
        (LATE, facts.has_body),
        (EXISTS, facts.unique),
        (TRANSITION, facts.governed),
        (CONDITION, facts.conditional),
        (VERSION, facts.changes),
        (TOO_LARGE, facts.has_body),
        (MEDIA, facts.has_body),
        (RULE, facts.ruled),
        (CURSOR, facts.paged),
        (REFERENCE, facts.refers),
        (INVARIANT, facts.writes and facts.invariants),
        (KEY_REUSED, facts.idempotency == "key"),
        (RATE, True),
        (INTERNAL, True),
        (DEPENDENCY, facts.calls),
        (UNAVAILABLE, True),
        (DEADLINE, True),
    ]
    told = {each.slug for each in own}
    return [case for case, applies in common if applies and case.slug not in told] + own


class Refusals:
    """The error responses of one document: those of common cases alone are shared as components."""

    def __init__(self, publication: Publication) -> None:
        self._publication = publication
        self.shared: dict[str, Any] = {}
        self.headers: set[str] = set()

    def of(self, facts: Facts) -> dict[str, Any]:
        """Error responses of an operation by status."""
        by_status: dict[int, list[Case]] = {}
        for case in cases_of(facts):
            by_status.setdefault(case.status, []).append(case)
        return {str(status): self._refusal(status, cases) for status, cases in by_status.items()}

    def _refusal(self, status: int, cases: list[Case]) -> dict[str, Any]:
        self.headers.update(headers_of(status, self._publication))
        response = _response(cases, self._publication)
        if not COMMON.issuperset(cases):
            return response
        name = "Or".join(pascal(case.slug) for case in cases)
        self.shared.setdefault(name, response)
        return {"$ref": f"#/components/responses/{name}"}


def headers_of(status: int, publication: Publication) -> tuple[str, ...]:
    """Components of the headers that a refusal carries."""
    if status == 429:
        limits = ("RateLimitLimit", "RateLimitRemaining", "RateLimitReset")
        return ("RequestId", "RetryAfter", *(limits if publication.limited else ()))
    return ("RequestId", "RetryAfter") if status == 503 else ("RequestId",)


def _response(cases: list[Case], publication: Publication) -> dict[str, Any]:
    status = cases[0].status
    return {
        "description": "\n".join(f"`{case.slug}`: {case.when}" for case in cases),
        "headers": header_refs(headers_of(status, publication)),
        "content": {
            MEDIA_TYPE: {
                "schema": {"$ref": "#/components/schemas/Problem"},
                "examples": {case.slug: _example(case, publication) for case in cases},
            }
        },
    }


def _example(case: Case, publication: Publication) -> dict[str, Any]:
    return {
        "summary": case.when,
        "value": {
            "type": publication.problem_base + case.slug,
            "title": case.slug.replace("-", " ").capitalize(),
            "status": case.status,
        },
    }


PROBLEM: Mapping[str, Any] = {
    "description": "Why a request was refused (RFC 9457). Other members depend on the type.",
    "type": "object",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {
            "type": "string",
            "format": "uri",
            "maxLength": 300,
            "description": "Identifies the kind of problem; decide by this, not by the title.",
        },
        "title": {"type": "string", "maxLength": 200},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {
            "type": "string",
            "maxLength": 4000,
            "description": "What is wrong with this request, for people.",
        },
        "instance": {
            "type": "string",
            "format": "uri-reference",
            "maxLength": 2048,
            "description": "The resource that was asked for.",
        },
        "errors": {
            "type": "array",
            "maxItems": 1000,
            "description": "Single faults of the input.",
            "items": {
                "type": "object",
                "required": ["detail"],
                "properties": {
                    "detail": {"type": "string", "maxLength": 4000},
                    "pointer": {
                        "type": "string",
                        "maxLength": 2048,
                        "description": "JSON Pointer (RFC 6901) into the body.",
                    },
                    "parameter": {
                        "type": "string",
                        "maxLength": 200,
                        "description": "Name of a parameter or header.",
                    },
                },
            },
        },
    },
}
"""Component `Problem`: extensions are allowed, as RFC 9457 asks of readers."""
