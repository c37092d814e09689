"""Fields of types that other services answer, for all objects of a request together."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, get_type_hints

import strawberry
from graphql import GraphQLField
from pydantic_core import to_json

from cloudsync_chassis.graphql import values
from cloudsync_chassis.graphql.exchange import Exchange
from cloudsync_chassis.graphql.others import ask, measured
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.validation import parameter, parse


@dataclass(frozen=True, slots=True)
class Join:
    """How an object's field is asked for by another of its fields, `by`.

    By `parameter` for one object at a time; or for `most` at a time by the list `many` of the body,
    of whose answer the list `within` has items that say by `key` which of them they are.
    """

    by: str
    parameter: str = ""
    many: str = ""
    within: str = ""
    key: str = "id"
    most: int = 100


@dataclass(frozen=True, slots=True)
class Joined:
    """A field that is joined; `kind`: the type of its parameter, or the model of its body."""

    runtime: Runtime
    place: str
    field: GraphQLField
    call: Callable[..., Awaitable[Any]]
    join: Join
    access: Literal["authenticated", "public"]
    kind: Any

    async def answer(self, info: strawberry.Info, parent: Mapping[str, Any]) -> Any:
        """The field of one object, as JSON; None where that names nothing, or nothing is there."""
        exchange: Exchange = info.context
        value = parent.get(self.join.by)
        if value is None:
            return None
        if self.access != "public":
            exchange.known()
        load = partial(self._many if self.join.many else self._each, exchange)
        with measured(self.runtime, self.place):
            return await exchange.joined(self.place, value, load, self.join.most)

    async def _each(self, exchange: Exchange, keys: Sequence[Any]) -> list[Any]:
        """One call for each that is asked for, a few at a time."""
        return await asyncio.gather(
            *(exchange.placed(partial(self._one, exchange, key)) for key in keys),
            return_exceptions=True,
        )

    async def _one(self, exchange: Exchange, key: Any) -> Any:
        named = {self.join.parameter: parameter(self.join.by, key, self.kind)}
        result = await self._ask(exchange, lambda: self.call(**named))
        return values.to_value(result, self.field)

    async def _many(self, exchange: Exchange, keys: Sequence[Any]) -> list[Any]:
        """One call for all of them."""
        join, bounds = self.join, self.runtime.settings.json_bounds
        body = parse(self.kind, to_json({join.many: list(keys)}), bounds)
        result = await exchange.placed(
            lambda: self._ask(exchange, lambda: self.call(**{values.BODY: body}))
        )
        told = values.to_value(result, self.field) or {}
        found = {str(each.get(join.key)): each for each in told.get(join.within, ())}
        return [found.get(str(key)) for key in keys]

    async def _ask(self, exchange: Exchange, call: Callable[[], Awaitable[Any]]) -> Any:
        name = self.place.rpartition(".")[2]
        return await ask(self.runtime, exchange, self.place, ({}, name), call)


def joined_by(
    runtime: Runtime,
    place: str,
    field: GraphQLField,
    call: Callable[..., Awaitable[Any]],
    join: Join,
    access: Literal["authenticated", "public"],
) -> Joined:
    """The field.

    Raises:
        LookupError: the method has no such parameter, or no body.
    """
    hints = get_type_hints(inspect.unwrap(call))
    name = values.BODY if join.many else join.parameter
    kind = values.model_of(hints.get(name)) if join.many else hints.get(name)
    if kind is None:
        raise LookupError(f"{place}: the method has no parameter `{name}`")
    return Joined(runtime, place, field, call, join, access, kind)
