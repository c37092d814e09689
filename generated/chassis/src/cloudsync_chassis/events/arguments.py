"""Commands called with what an event or a message of a queue holds."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import MISSING, fields
from typing import Any, TypeVar, get_type_hints

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from cloudsync_chassis.context import Context
from cloudsync_chassis.events.consumer import Handle
from cloudsync_chassis.events.envelope import Event, PayloadError
from cloudsync_chassis.validation import as_sent

R = TypeVar("R")

Perform = Callable[[Context, Mapping[str, Any]], Awaitable[None]]


def performs(
    method: Callable[[Context, R], Awaitable[object]],
    request: type[R],
    places: Mapping[str, str],
) -> Perform:
    """A method of the port, called with the request that JSON data make.

    `places`: field of the request → property of the data, or nothing for all of them. What is
    called raises `PayloadError` where the data do not fit the request, as strictly as a body would
    have to; what the request does not know is left out.
    """
    model = _strict(request)

    async def perform(ctx: Context, data: Mapping[str, Any]) -> None:
        given = {name: data.get(each) if each else data for name, each in places.items()}
        present = {name: value for name, value in given.items() if value is not None}
        try:
            asked = model.model_validate_json(as_sent(present), extra="ignore")
        except ValidationError as error:
            raise PayloadError(error) from error
        await method(
            ctx, request(**{name: getattr(asked, name) for name in asked.model_fields_set})
        )

    return perform


def _strict(request: type[Any]) -> type[BaseModel]:
    """A model with the fields of a request. Strictness is its configuration and no argument of
    validation, which would hold for texts with a format within bodies, too.
    """
    hints = get_type_hints(request, include_extras=True)
    told: dict[str, Any] = {
        each.name: (hints[each.name], ... if each.default is MISSING else each.default)
        for each in fields(request)
    }
    return create_model(request.__name__, __config__=ConfigDict(strict=True), **told)


def queued(perform: Perform) -> Handle:
    """What handles messages of a queue: their data are the command's arguments by name."""

    async def handle(ctx: Context, event: Event) -> None:
        await perform(ctx, event.data)

    return handle
