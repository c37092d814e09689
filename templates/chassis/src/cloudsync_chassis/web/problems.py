"""Every refusal and every fault as a problem document."""

from __future__ import annotations

import json
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match, Route

from cloudsync_chassis import faults
from cloudsync_chassis.problem import (
    MEDIA_TYPE,
    METHOD_NOT_ALLOWED,
    NOT_FOUND,
    VALIDATION_FAILED,
    Problem,
    ProblemType,
)
from cloudsync_chassis.web.framework import (
    APIRouter,
    FastAPI,
    Request,
    RequestValidationError,
    Response,
)

PROBLEM = "chassis.problem"
"""Where a request's scope says which problem it was answered with."""

_VERBS = {"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"}
_LONGEST = 2048
"""Characters of an `instance`; what is longer is left out."""


def install(app: FastAPI, routes: Sequence[BaseRoute]) -> None:
    """Answer problems, faults in parameters, unknown paths and methods of `routes`."""
    app.state.routes = routes
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, _http)


def response(problem: Problem, base: str, instance: str) -> Response:
    """The problem as an answer."""
    place = quote(instance)
    named = place if len(place) <= _LONGEST else None
    content = json.dumps(problem.document(base, named), default=str)
    return Response(content, problem.kind.status, dict(problem.headers), MEDIA_TYPE)


def _answer(request: Request, problem: Problem) -> Response:
    request.scope[PROBLEM] = problem.kind.slug
    return response(problem, request.app.state.runtime.settings.problem_base, request.url.path)


async def _problem(request: Request, error: Exception) -> Response:
    return _answer(request, faults.of_exception(error))


async def _validation(request: Request, error: Exception) -> Response:
    found = error.errors() if isinstance(error, RequestValidationError) else ()
    return _answer(request, VALIDATION_FAILED(errors=faults.of_parameters(found)))


async def _http(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status == METHOD_NOT_ALLOWED.status:
        allowed = {"Allow": ", ".join(_methods(request.app.state.routes, request.scope))}
        return _answer(request, Problem(METHOD_NOT_ALLOWED, headers=allowed))
    if status == NOT_FOUND.status:
        return _answer(request, NOT_FOUND("no such resource"))
    phrase = HTTPStatus(status).phrase
    return _answer(request, Problem(ProblemType(phrase.lower().replace(" ", "-"), status, phrase)))


def _methods(routes: Sequence[BaseRoute], scope: Any) -> list[str]:
    """All methods of the path; of several that fit the first is meant, the most specific."""
    plain = [route for route in routes if isinstance(route, Route)]
    fitting = (each.path for each in plain if each.matches(scope)[0] is not Match.NONE)
    path = next(fitting, None)
    return sorted({name for each in plain if each.path == path for name in each.methods or ()})


def refuse_other_methods(router: APIRouter) -> None:
    """Answer 405 to what a path has no route for, before a path with parameters takes it.

    Without it `PATCH /things/special` is taken for `PATCH /things/{id}`.
    """
    routes = [each for each in router.routes if isinstance(each, Route)]
    declared: dict[str, set[str]] = {}
    for route in routes:
        declared.setdefault(route.path, set()).update(route.methods or ())
    last = {route.path: route for route in routes}
    made: list[BaseRoute] = []
    for each in router.routes:
        made.append(each)
        if isinstance(each, Route) and last[each.path] is each:
            others = sorted(_VERBS - declared[each.path])
            made.append(Route(each.path, _not_allowed, methods=others))
    router.routes[:] = made


async def _not_allowed(request: Request) -> Response:
    raise HTTPException(METHOD_NOT_ALLOWED.status)
