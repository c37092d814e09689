"""Every refusal and every fault as a problem document."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match, Route

from cloudsync_chassis.client.errors import NoAnswerError, RefusedError
from cloudsync_chassis.logs import logger
from cloudsync_chassis.problem import (
    DEPENDENCY_FAILED,
    INTERNAL,
    MEDIA_TYPE,
    METHOD_NOT_ALLOWED,
    NOT_FOUND,
    UNAVAILABLE,
    VALIDATION_FAILED,
    FieldError,
    Problem,
    ProblemType,
    json_pointer,
)

log = logger("problems")

_PARAMETERS = frozenset({"path", "query", "header", "cookie"})


def install(app: FastAPI) -> None:
    """Answer problems, faults in parameters, unknown routes and methods."""
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, _http)


def response(problem: Problem, base: str, instance: str) -> Response:
    """The problem as an answer."""
    content = json.dumps(problem.document(base, instance), default=str)
    return Response(content, problem.kind.status, dict(problem.headers), MEDIA_TYPE)


def of_exception(error: Exception) -> Problem:
    """What is told about an exception; what is not expected is logged and masked."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, NoAnswerError):
        log.warning("dependency_silent", error=str(error))
        return Problem(UNAVAILABLE, headers={"Retry-After": "1"})
    if isinstance(error, RefusedError):
        log.warning("dependency_refused", error=str(error))
        return DEPENDENCY_FAILED()
    if isinstance(error, OperationalError | PoolTimeoutError):
        log.error("database_unavailable", error=str(error))
        return Problem(UNAVAILABLE, headers={"Retry-After": "1"})
    log.error("unhandled_exception", exc_info=error)
    return INTERNAL()


def field_errors(faults: Sequence[Mapping[str, Any]]) -> tuple[FieldError, ...]:
    """Faults as pydantic tells them, without the values."""
    return tuple(_field_error(each) for each in faults)


def _field_error(fault: Mapping[str, Any]) -> FieldError:
    place, *rest = fault["loc"] or ("body",)
    if place in _PARAMETERS:
        return FieldError(str(fault["msg"]), parameter=".".join(map(str, rest)))
    steps = rest if place == "body" else fault["loc"]
    return FieldError(str(fault["msg"]), pointer=json_pointer(steps))


def _answer(request: Request, problem: Problem) -> Response:
    return response(problem, request.app.state.runtime.settings.problem_base, request.url.path)


async def _problem(request: Request, error: Exception) -> Response:
    return _answer(request, of_exception(error))


async def _validation(request: Request, error: Exception) -> Response:
    faults = error.errors() if isinstance(error, RequestValidationError) else ()
    return _answer(request, VALIDATION_FAILED(errors=field_errors(faults)))


async def _http(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status == METHOD_NOT_ALLOWED.status:
        allowed = {"Allow": ", ".join(_methods(request.app.routes, request.scope))}
        return _answer(request, Problem(METHOD_NOT_ALLOWED, headers=allowed))
    if status == NOT_FOUND.status:
        return _answer(request, NOT_FOUND("no such resource"))
    phrase = HTTPStatus(status).phrase
    return _answer(request, Problem(ProblemType(phrase.lower().replace(" ", "-"), status, phrase)))


def _methods(routes: Sequence[BaseRoute], scope: Any) -> list[str]:
    """All methods that the path has, whichever routes they belong to."""
    found: set[str] = set()
    for route in routes:
        if isinstance(route, Route) and route.matches(scope)[0] is not Match.NONE:
            found |= route.methods or set()
    return sorted(found)
