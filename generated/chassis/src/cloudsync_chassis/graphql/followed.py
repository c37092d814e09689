"""Fields of the subscription type that tell of events: each is told as another service has it now.

The event only says that there is something to tell, to those of its tenant who asked for what it
is about. What they are told is the callee's answer to them, so that whoever may not see it, or not
any more, is told nothing.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_type_hints
from uuid import UUID

import strawberry
from graphql import GraphQLField

from cloudsync_chassis.client.errors import CallError
from cloudsync_chassis.events.envelope import Event
from cloudsync_chassis.events.feed import Kind
from cloudsync_chassis.graphql import errors, values
from cloudsync_chassis.graphql.exchange import Exchange
from cloudsync_chassis.graphql.others import ask, measured
from cloudsync_chassis.graphql.values import Given, Value, Values
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.problem import FORBIDDEN, UNAVAILABLE, Problem
from cloudsync_chassis.request import wire_name
from cloudsync_chassis.runtime import Runtime

_NOT_FOR_THEM = (403, 404, 410)
"""What callees say of things that a caller is not to know of."""


@dataclass(frozen=True, slots=True)
class Followed:
    """What one field tells: of events whose properties are as the arguments of their names say."""

    runtime: Runtime
    place: str
    kind: Kind
    field: GraphQLField
    values: Values
    call: Callable[..., Awaitable[Any]]
    access: Literal["authenticated", "public"]
    within: str

    async def stream(
        self, info: strawberry.Info, given: dict[str, Any]
    ) -> AsyncGenerator[Any, None]:
        """The callee's answers as JSON, one for each event that they are given one for."""
        exchange: Exchange = info.context
        with measured(self.runtime, self.place):
            tenant = self._tenant(exchange)
            feed = self.runtime.feed
            await feed.reads()
            wanted = {name: each for name, each in given.items() if each is not None}
            with feed.listen(self.kind, tenant, wanted) as listener:
                async for event in listener.events():
                    for each in await self._told(exchange, event, str(info.path.key)):
                        yield each

    def _tenant(self, exchange: Exchange) -> UUID:
        if self.access != "public":
            exchange.known()
        tenant = exchange.acting(Operation(id=self.place)).organization_id
        if tenant is None:
            raise FORBIDDEN("events are told within a tenant")
        return tenant

    async def _told(self, exchange: Exchange, event: Event, name: str) -> list[Any]:
        """What is told of an event, nothing where the caller may not see it."""
        given: Given = event.data
        asked = self.values.read(given, self.runtime.settings.json_bounds)
        try:
            result = await ask(
                self.runtime, exchange, self.place, ({}, name), lambda: self.call(**asked)
            )
        except (Problem, CallError) as error:
            problem = errors.of_exception(error)
            if problem.kind.status in _NOT_FOR_THEM:
                return []
            raise problem from error
        if result is None and values.must_be(self.field) and not values.is_flag(self.field):
            raise Problem(UNAVAILABLE, headers={"Retry-After": "1"})
        return [values.to_value(result, self.field, self.within)]


def asked_by_event(call: Callable[..., Any], renamed: Mapping[str, str]) -> Values:
    """The parameters of a client's method, each from the event's property of its name, or as
    `renamed` says.
    """
    hints = get_type_hints(inspect.unwrap(call))
    found = []
    for name, each in inspect.signature(call).parameters.items():
        required = each.default is inspect.Parameter.empty
        if required or name in renamed:
            wire = renamed.get(name) or wire_name(name.rstrip("_"))
            found.append(Value(name, wire, hints[name], required))
    return Values(tuple(found))
