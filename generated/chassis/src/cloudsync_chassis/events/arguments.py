"""Commands called with what an event or a message of a queue holds."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from cloudsync_chassis.context import Context
from cloudsync_chassis.events.consumer import Handle
from cloudsync_chassis.events.envelope import Event, PayloadError
from cloudsync_chassis.validation import as_sent

R = TypeVar("R")

Perform = Callable[[Context, Mapping[str, Any]], Awaitable[None]]


def performs(
    method: Callable[[Context, R], Awaitable[object]],
    request: type[R],
    fields: Mapping[str, str],
) -> Perform:
    """A method of the port, called with the request that JSON data make.

    `fields`: field of the request → property of the data, or nothing for all of them. What is
    called raises `PayloadError` where the data do not fit the request, as strictly as a body would
    have to; what the request does not know is left out.
    """
    adapter: TypeAdapter[R] = TypeAdapter(request)

    async def perform(ctx: Context, data: Mapping[str, Any]) -> None:
        given = {name: data.get(each) if each else data for name, each in fields.items()}
        present = {name: value for name, value in given.items() if value is not None}
        try:
            asked = adapter.validate_json(as_sent(present), strict=True, extra="ignore")
        except ValidationError as error:
            raise PayloadError(error) from error
        await method(ctx, asked)

    return perform


def queued(perform: Perform) -> Handle:
    """What handles messages of a queue: their data are the command's arguments by name."""

    async def handle(ctx: Context, event: Event) -> None:
        await perform(ctx, event.data)

    return handle
