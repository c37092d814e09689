"""What callers are told about exceptions: expected ones by name, all others masked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from sqlalchemy.exc import DataError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from cloudsync_chassis.client.errors import NoAnswerError, RefusedError
from cloudsync_chassis.logs import logger
from cloudsync_chassis.problem import (
    DEPENDENCY_FAILED,
    INTERNAL,
    INVARIANT_BROKEN,
    UNAVAILABLE,
    FieldError,
    Problem,
    json_pointer,
)

log = logger("faults")

_PARAMETERS = frozenset({"path", "query", "header", "cookie"})


def of_exception(error: Exception) -> Problem:
    """The problem; what is not expected is logged."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, NoAnswerError):
        log.warning("dependency_silent", error=error)
        return Problem(UNAVAILABLE, headers={"Retry-After": "1"})
    if isinstance(error, RefusedError):
        log.warning("dependency_refused", error=error)
        return DEPENDENCY_FAILED()
    if isinstance(error, OperationalError | PoolTimeoutError):
        log.error("database_unavailable", error=error)
        return Problem(UNAVAILABLE, headers={"Retry-After": "1"})
    if isinstance(error, DataError):
        log.warning("store_refused", error=error)
        return INVARIANT_BROKEN("the store cannot hold it")
    log.error("unhandled_exception", exc_info=error)
    return INTERNAL()


def of_validation(error: ValidationError) -> tuple[FieldError, ...]:
    """The faults of a body, without the values."""
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    return tuple(FieldError(each["msg"], pointer=json_pointer(each["loc"])) for each in faults)


def of_parameters(faults: Sequence[Mapping[str, Any]]) -> tuple[FieldError, ...]:
    """Faults as FastAPI tells them: the first step of a place says where it is."""
    return tuple(_field_error(each) for each in faults)


def _field_error(fault: Mapping[str, Any]) -> FieldError:
    place, *rest = fault["loc"] or ("body",)
    if place in _PARAMETERS:
        return FieldError(str(fault["msg"]), parameter=".".join(map(str, rest)))
    return FieldError(str(fault["msg"]), pointer=json_pointer(rest))
