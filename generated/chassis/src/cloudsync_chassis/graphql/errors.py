"""What callers are told of errors: problems by name, as RFC 9457 has them, everything else masked.

An error's `extensions` hold the members of the problem document, so that clients read refusals
alike whatever they asked through.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphql import GraphQLError

from cloudsync_chassis import faults
from cloudsync_chassis.client.errors import RefusedError
from cloudsync_chassis.problem import (
    INTERNAL,
    VALIDATION_FAILED,
    FieldError,
    Problem,
    ProblemType,
)

_RELAYED = range(400, 500)


def told(error: GraphQLError, base: str, trace_id: str) -> tuple[dict[str, Any], Problem]:
    """The error as it leaves, and the problem that it is.

    `base` is that of types of problems. Of what is no problem only the trace is told.
    """
    problem = _problem(error)
    document = problem.document(base)
    if problem.kind.status >= INTERNAL.status:
        document["traceId"] = trace_id
    found: dict[str, Any] = {"message": problem.detail or problem.kind.title}
    if error.locations:
        found["locations"] = [{"line": e.line, "column": e.column} for e in error.locations]
    if error.path:
        found["path"] = error.path
    found["extensions"] = document
    return found, problem


def of_exception(error: Exception) -> Problem:
    """What callers are told of an exception: a callee's refusal as their own, faults masked."""
    return relayed(error) if isinstance(error, RefusedError) else faults.of_exception(error)


def _problem(error: GraphQLError) -> Problem:
    cause = error.original_error
    while isinstance(cause, GraphQLError):
        cause = cause.original_error
    if isinstance(cause, Exception):
        return of_exception(cause)
    if error.path:
        # execution failed by itself: an answer that its schema does not allow
        return faults.of_exception(error)
    return VALIDATION_FAILED(error.message, errors=(FieldError(error.message, parameter="query"),))


def relayed(error: RefusedError) -> Problem:
    """A callee's refusal of the caller, as its own problem document says; its faults are masked."""
    document = error.problem
    if error.status not in _RELAYED or not error.slug:
        return faults.of_exception(error)
    return Problem(
        ProblemType(error.slug, error.status, _text(document.get("title")) or error.slug),
        _text(document.get("detail")),
        tuple(_field_errors(document.get("errors"))),
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _field_errors(found: object) -> list[FieldError]:
    told = found if isinstance(found, Sequence) and not isinstance(found, str) else ()
    return [
        FieldError(str(each["detail"]), _text(each.get("pointer")), _text(each.get("parameter")))
        for each in told
        if isinstance(each, dict) and "detail" in each
    ]
