"""Problems as gRPC statuses with details (google.rpc.Status)."""

from __future__ import annotations

from typing import Any

import grpc
from google.protobuf import any_pb2
from google.rpc import error_details_pb2, status_pb2  # type: ignore[import-untyped]

from cloudsync_chassis.problem import ALREADY_EXISTS, VERSION_CONFLICT, Problem

DETAILS = "grpc-status-details-bin"

_BY_STATUS = {
    400: grpc.StatusCode.INVALID_ARGUMENT,
    401: grpc.StatusCode.UNAUTHENTICATED,
    403: grpc.StatusCode.PERMISSION_DENIED,
    404: grpc.StatusCode.NOT_FOUND,
    413: grpc.StatusCode.INVALID_ARGUMENT,
    429: grpc.StatusCode.RESOURCE_EXHAUSTED,
    501: grpc.StatusCode.UNIMPLEMENTED,
    502: grpc.StatusCode.UNAVAILABLE,
    503: grpc.StatusCode.UNAVAILABLE,
    504: grpc.StatusCode.DEADLINE_EXCEEDED,
}
_BY_SLUG = {
    ALREADY_EXISTS.slug: grpc.StatusCode.ALREADY_EXISTS,
    VERSION_CONFLICT.slug: grpc.StatusCode.ABORTED,
}


def code_of(problem: Problem) -> grpc.StatusCode:
    """The code that fits the problem's HTTP status."""
    fallback = (
        grpc.StatusCode.FAILED_PRECONDITION
        if problem.kind.status < 500
        else grpc.StatusCode.INTERNAL
    )
    return _BY_SLUG.get(problem.kind.slug) or _BY_STATUS.get(problem.kind.status, fallback)


def rich_status(problem: Problem, base: str) -> status_pb2.Status:
    """Code, message, `ErrorInfo` with the slug, `BadRequest` with the faults."""
    info = error_details_pb2.ErrorInfo(
        reason=problem.kind.slug,
        domain=base,
        metadata={name: str(value) for name, value in problem.extensions.items()},
    )
    details = [_packed(info)]
    if problem.errors:
        violations = [
            error_details_pb2.BadRequest.FieldViolation(
                field=each.parameter or each.pointer or "", description=each.detail
            )
            for each in problem.errors
        ]
        details.append(_packed(error_details_pb2.BadRequest(field_violations=violations)))
    number: Any = code_of(problem).value[0]
    message = problem.detail or problem.kind.title
    return status_pb2.Status(code=number, message=message, details=details)


def _packed(message: Any) -> any_pb2.Any:
    packed = any_pb2.Any()
    packed.Pack(message)
    return packed
