"""Problems as gRPC statuses with details (google.rpc.Status), and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import grpc
from google.protobuf import any_pb2
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2  # type: ignore[import-untyped]

from cloudsync_chassis.problem import ALREADY_EXISTS, RULE_BROKEN, VERSION_CONFLICT, Problem

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
    RULE_BROKEN.slug: grpc.StatusCode.INVALID_ARGUMENT,
    VERSION_CONFLICT.slug: grpc.StatusCode.ABORTED,
}
_STATUS_OF = {
    grpc.StatusCode.INVALID_ARGUMENT: 400,
    grpc.StatusCode.OUT_OF_RANGE: 400,
    grpc.StatusCode.UNAUTHENTICATED: 401,
    grpc.StatusCode.PERMISSION_DENIED: 403,
    grpc.StatusCode.NOT_FOUND: 404,
    grpc.StatusCode.ALREADY_EXISTS: 409,
    grpc.StatusCode.FAILED_PRECONDITION: 409,
    grpc.StatusCode.ABORTED: 412,
    grpc.StatusCode.RESOURCE_EXHAUSTED: 429,
    grpc.StatusCode.UNIMPLEMENTED: 501,
    grpc.StatusCode.UNAVAILABLE: 503,
    grpc.StatusCode.DEADLINE_EXCEEDED: 504,
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
    """Code, message, `ErrorInfo` with the slug, `BadRequest` with the faults, `RetryInfo`."""
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
    if "Retry-After" in problem.headers:
        pause = error_details_pb2.RetryInfo()
        pause.retry_delay.FromSeconds(int(problem.headers["Retry-After"]))
        details.append(_packed(pause))
    number: Any = code_of(problem).value[0]
    message = problem.detail or problem.kind.title
    return status_pb2.Status(code=number, message=message, details=details)


def _packed(message: Any) -> any_pb2.Any:
    packed = any_pb2.Any()
    packed.Pack(message)
    return packed


def status_of(code: grpc.StatusCode) -> int:
    """The HTTP status of a code; what says nothing of the request is a fault of the callee."""
    return _STATUS_OF.get(code, 500)


def details_of(metadata: Iterable[tuple[Any, Any]]) -> status_pb2.Status | None:
    """The rich status among trailing metadata; None where the callee itself said nothing."""
    found = next((value for name, value in metadata if name == DETAILS), None)
    if not isinstance(found, bytes):
        return None
    try:
        return status_pb2.Status.FromString(found)
    except DecodeError:
        return None


def problem_document(rich: status_pb2.Status, status: int) -> Mapping[str, Any]:
    """What a REST callee would have answered; an `ErrorInfo` names the type."""
    info, request = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    for each in rich.details:
        each.Unpack(info)
        each.Unpack(request)
    found: dict[str, Any] = {
        **info.metadata,
        "type": info.domain + info.reason,
        "title": rich.message,
        "status": status,
    }
    if request.field_violations:
        found["errors"] = [
            {"pointer" if each.field.startswith("/") else "parameter": each.field}
            | {"detail": each.description}
            for each in request.field_violations
        ]
    return found


def retry_delay(rich: status_pb2.Status) -> float:
    """Seconds that the callee asks to wait; 0 where it does not."""
    pause = error_details_pb2.RetryInfo()
    for each in rich.details:
        each.Unpack(pause)
    return float(pause.retry_delay.ToTimedelta().total_seconds())
