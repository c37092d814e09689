"""Routes as a table: operation, path, request of the port, method of the port."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import MISSING, Field, fields
from datetime import datetime
from functools import partial, reduce
from inspect import Parameter, Signature
from operator import or_
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    ClassVar,
    Protocol,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator
from pydantic import Field as Limits

from cloudsync_chassis.context import Context
from cloudsync_chassis.formats import FORMAT
from cloudsync_chassis.model import each_once
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.request import wire_name
from cloudsync_chassis.store.query import PageRequest
from cloudsync_chassis.texts import FIRST, KINDS, LAST, checked, formatted
from cloudsync_chassis.web.body import json_body
from cloudsync_chassis.web.call import RestCall, admitted
from cloudsync_chassis.web.framework import APIRouter, Path, Query, Response
from cloudsync_chassis.web.late import LateRoute


class Dataclass(Protocol):
    """A request of the port."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]


Q = TypeVar("Q", bound=Dataclass)

_Moment = Annotated[AwareDatetime, Limits(ge=FIRST, le=LAST)]


def add(
    router: APIRouter,
    place: str,
    operation: Operation,
    request: type[Q],
    method: Callable[[Context, Q], Awaitable[object]],
    **parameters: Any,
) -> None:
    """Route `place` (`GET /v1/books/{bookId}`) to a method of the port.

    Each field of the request is read from where its name says: `body` and `page`, a parameter of
    the path, else of the query. On the wire `book_id` is `bookId`. `parameters` says of a field
    what is different: FastAPI's `Query`, `Header`, ... with an alias or limits of its own, and in
    its `json_schema_extra` the format of a text (`x-format`), that of a list each item comes once
    (`x-unique`), and format and limits of its items (`x-items`).
    """
    verb, path = place.split(" ")

    def made() -> Callable[..., Awaitable[Response]]:
        hints = get_type_hints(request)
        page = next((name for name, kind in hints.items() if kind is PageRequest), None)

        async def endpoint(call: RestCall, **given: Any) -> Response:
            if page is not None:
                given[page] = call.page
            return await call(method, request(**given))

        admit = admitted(operation, lists=page is not None)
        told = [
            _parameter("call", Annotated[RestCall, admit]),
            *_parameters(hints, path, request, parameters),
        ]
        endpoint.__signature__ = Signature(told, return_annotation=Response)  # type: ignore[attr-defined]
        return endpoint

    router.routes.append(LateRoute(verb, path, made, operation.id))


def _parameters(
    hints: Mapping[str, Any], path: str, request: type[Dataclass], told: dict[str, Any]
) -> Iterator[Parameter]:
    """What FastAPI reads: all but the page, for which it has no say in what is wrong."""
    for each in fields(request):
        kind = hints[each.name]
        default = Parameter.empty if each.default is MISSING else each.default
        if kind is PageRequest:
            continue
        if each.name == "body":
            model = _model(kind)
            source: Any = json_body(model, required=default is Parameter.empty)
        else:
            source = told.get(each.name) or _source(each.name, path)
            extra = source.json_schema_extra
            kind = _as_written(kind, extra if isinstance(extra, dict) else {})
        yield _parameter(each.name, Annotated[kind, source], default)


def _parameter(name: str, annotation: Any, default: Any = Parameter.empty) -> Parameter:
    return Parameter(name, Parameter.KEYWORD_ONLY, annotation=annotation, default=default)


def _source(name: str, path: str) -> Any:
    alias = wire_name(name)
    return Path(alias=alias) if f"{{{alias}}}" in path else Query(alias=alias)


def _model(kind: Any) -> type[BaseModel]:
    """The class of a body that may be optional."""
    found: type[BaseModel] = next(
        each for each in (kind, *get_args(kind)) if isinstance(each, type) and each is not NoneType
    )
    return found


def _as_written(kind: Any, told: Mapping[str, Any]) -> Any:
    """The type of a parameter, whose text has the form that its schema says (`texts`): that of the
    type and what is `told` besides.
    """
    if kind in KINDS:
        known = _Moment if kind is datetime else kind
        return Annotated[known, BeforeValidator(partial(checked, kind))]
    if kind is str and FORMAT in told:
        return Annotated[str, AfterValidator(partial(formatted, told[FORMAT]))]
    if get_origin(kind) in (Union, UnionType):
        return reduce(or_, (_as_written(each, told) for each in get_args(kind)))
    if get_origin(kind) is list:
        (item,) = get_args(kind)
        return _list_of(item, told.get("x-items", {}), once=bool(told.get("x-unique")))
    return kind


def _list_of(item: Any, told: Mapping[str, Any], *, once: bool) -> Any:
    limits = {name: each for name, each in told.items() if not name.startswith("x-")}
    kind: Any = _as_written(item, told)
    made: Any = list.__class_getitem__(Annotated[kind, Limits(**limits)] if limits else kind)
    return Annotated[made, AfterValidator(each_once)] if once else made
