"""What answers the fields of the root: the service's own port, or a call to another service.

Each answer goes the way that a REST request goes: the caller is admitted, arguments are read as
strictly as their schema, and the executor runs it with deadline, span, transaction and idempotency.
"""

from __future__ import annotations

import inspect
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Mapping,
)
from contextlib import aclosing
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Literal, TypeVar

import strawberry
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    OperationType,
    build_schema,
    is_introspection_type,
)
from pydantic_core import from_json

from cloudsync_chassis.context import Context
from cloudsync_chassis.events.feed import Kind
from cloudsync_chassis.executor import one_by_one
from cloudsync_chassis.graphql import values
from cloudsync_chassis.graphql.exchange import Exchange
from cloudsync_chassis.graphql.followed import Followed, asked_by_event
from cloudsync_chassis.graphql.joins import Join, joined_by
from cloudsync_chassis.graphql.listeners import left
from cloudsync_chassis.graphql.others import ask, measured
from cloudsync_chassis.graphql.schema import Answer, Stream
from cloudsync_chassis.graphql.spec import GraphqlSpec
from cloudsync_chassis.graphql.streams import Send, apart
from cloudsync_chassis.graphql.values import Given, Values
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.problem import UNAVAILABLE, Problem
from cloudsync_chassis.request import wire_name
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.store.idempotency import Answer as Kept
from cloudsync_chassis.web import answers

Q = TypeVar("Q")

NONE: Mapping[str, str] = MappingProxyType({})


class Fields:
    """The fields of one schema, as the service says what answers them."""

    def __init__(self, runtime: Runtime, spec: GraphqlSpec) -> None:
        self.runtime = runtime
        self.spec = spec
        self.schema: GraphQLSchema = build_schema(spec.contract.read_text(encoding="utf-8"))
        self.answers: dict[str, Answer | Stream] = {}
        self.values: dict[str, Values] = {}

    def own(
        self,
        place: str,
        operation: Operation,
        request: type[Q],
        method: Callable[[Context, Q], Awaitable[object]],
        renamed: Mapping[str, str] = NONE,
    ) -> None:
        """`place` (`Query.book`) is answered by a method of the port.

        Each attribute of the request is the argument of its name (`book_id` is `bookId`, `body` is
        `input`) or as `renamed` says; a page is asked for by `limit`, `cursor` and `sort`.

        Raises:
            LookupError: field and method do not fit.
        """
        field = self._field(place)
        read = self.values[place] = values.of_request(request, field, renamed)
        own = _Own(self.runtime, place, operation, field, read, request, method)
        self.answers[place] = own.answer

    def stream(
        self,
        place: str,
        operation: Operation,
        request: type[Q],
        method: Callable[[Context, Q], Awaitable[AsyncIterator[object]]],
        renamed: Mapping[str, str] = NONE,
    ) -> None:
        """As `own`, of a subscription: each result is sent as it comes, until the caller's token
        ends (without one, for as long as the operation may take). It holds no transaction while it
        waits, nor while a result is sent.
        """
        field = self._field(place)
        read = self.values[place] = values.of_request(request, field, renamed)
        own = _Own(self.runtime, place, operation, field, read, request, method)
        self.answers[place] = own.stream

    def followed(
        self,
        place: str,
        kind: Kind,
        call: Callable[..., Awaitable[object]],
        renamed: Mapping[str, str] = NONE,
        *,
        access: Literal["authenticated", "public"] = "authenticated",
        within: str = "",
    ) -> None:
        """`place`, of a subscription, tells of events of a `kind` (topic and type) in the caller's
        tenant, of those whose properties are as the field's arguments say: each is answered by a
        client's method, asked as the caller with the event's properties, or with those that
        `renamed` names. What the callee does not let them see they are not told of.

        Raises:
            LookupError: there is no such field.
        """
        field = self._field(place)
        read = asked_by_event(call, renamed)
        followed = Followed(self.runtime, place, kind, field, read, call, access, within)
        self.runtime.feed.follow(kind)
        self.answers[place] = followed.stream

    def other(
        self,
        place: str,
        call: Callable[..., Awaitable[object]],
        renamed: Mapping[str, str] = NONE,
        *,
        access: Literal["authenticated", "public"] = "authenticated",
        within: str = "",
    ) -> None:
        """`place` is answered by a client's method, which others are asked with as the caller.

        Parameters are arguments as with `own`; one that is `renamed` to nothing is the caller's own
        subject. `within`: the field of the answer that holds the result.

        Raises:
            LookupError: field and method do not fit.
        """
        field = self._field(place)
        subject = next((name for name, each in renamed.items() if not each), "")
        read = self.values[place] = values.of_call(call, field, renamed)
        other = _Other(self.runtime, place, access, field, read, call, subject, within)
        self.answers[place] = other.answer

    def joined(
        self,
        place: str,
        call: Callable[..., Awaitable[object]],
        asked: Mapping[str, Any],
        *,
        access: Literal["authenticated", "public"] = "authenticated",
    ) -> None:
        """`place`, a field of a type that is no root (`Book.author`), is answered by a client's
        method, which is asked for all objects of a request together, as the caller; `asked`: the
        members of `Join`.

        Raises:
            LookupError: field and method do not fit.
        """
        join = Join(**asked)
        joined = joined_by(self.runtime, place, self._field(place), call, join, access)
        self.answers[place] = joined.answer

    def unanswered(self) -> list[str]:
        """Fields of the root that nothing answers, sorted."""
        roots = (
            self.schema.query_type,
            self.schema.mutation_type,
            self.schema.subscription_type,
        )
        known = [f"{root.name}.{name}" for root in roots if root for name in root.fields]
        return sorted(set(known) - self.answers.keys())

    def members(self) -> dict[str, dict[str, Any]]:
        """Enumeration -> its values -> members of the data model."""
        kinds = (e for e in self.schema.type_map.values() if isinstance(e, GraphQLEnumType))
        return {
            kind.name: {name: wire_name(name.lower()) for name in kind.values}
            | dict(self.spec.members.get(kind.name, {}))
            for kind in kinds
            if not is_introspection_type(kind)
        }

    def _field(self, place: str) -> GraphQLField:
        kind, _, name = place.partition(".")
        found = self.schema.get_type(kind)
        if not isinstance(found, GraphQLObjectType) or name not in found.fields:
            raise LookupError(f"the schema has no field {place}")
        field: GraphQLField = found.fields[name]
        return field


@dataclass(frozen=True, slots=True)
class _Own:
    """A field that the service's own port answers."""

    runtime: Runtime
    place: str
    operation: Operation
    field: GraphQLField
    values: Values
    request: Callable[..., Any]
    method: Callable[[Context, Any], Awaitable[Any]]

    async def answer(self, info: strawberry.Info, given: dict[str, Any]) -> Any:
        """The result as JSON."""
        exchange: Exchange = info.context
        name = str(info.path.key)
        with measured(self.runtime, self.place):
            if self.operation.writes:
                return await self._run(exchange, given, name)
            return await exchange.once(self.place, given, lambda: self._run(exchange, given, name))

    async def _run(self, exchange: Exchange, given: Given, name: str) -> Any:
        request = self._request(exchange, given)
        incoming = exchange.incoming(self.operation, self.place, given, name)

        async def action(ctx: Context) -> Kept:
            result = await self.method(ctx, request)
            content = answers.content(result, self.runtime.cursors)
            return Kept(self.operation.status, (), content)

        kept = await self.runtime.executor.answer(self.operation, incoming, action)
        if not kept.body:
            return values.to_value(None, self.field)
        return from_json(kept.body)

    async def stream(
        self, info: strawberry.Info, given: dict[str, Any]
    ) -> AsyncGenerator[Any, None]:
        """The results as JSON, each when it comes."""
        exchange: Exchange = info.context

        async def produce(send: Send[bytes]) -> None:
            request = self._request(exchange, given)
            incoming = exchange.incoming(self.operation, self.place, given, str(info.path.key))

            async def action(ctx: Context) -> None:
                results = await self.method(ctx, request)
                async for each in one_by_one(ctx, results):
                    await send(answers.content(each, self.runtime.cursors))

            await self.runtime.executor.run(operation, incoming, action, again=False)

        lasts = left(exchange)
        # the endpoint says why it ends; the deadline only makes sure that it does
        operation = replace(self.operation, timeout=lasts + 1) if lasts else self.operation
        with measured(self.runtime, self.place):
            async with aclosing(apart(produce)) as contents:
                async for each in contents:
                    yield from_json(each)

    def _request(self, exchange: Exchange, given: Given) -> Any:
        """What the port is asked, once the caller has been admitted."""
        self.runtime.executor.admit(self.operation, exchange.acting(self.operation))
        settings = self.runtime.settings
        found = self.values.read(given, settings.json_bounds)
        if self.values.paged:
            asked = dict(values.page_parameters(given))
            found[self.values.paged] = self.runtime.pages.read(self.operation, asked)
        return self.request(**found)


@dataclass(frozen=True, slots=True)
class _Other:
    """A field that another service answers."""

    runtime: Runtime
    place: str
    access: Literal["authenticated", "public"]
    field: GraphQLField
    values: Values
    call: Callable[..., Awaitable[Any]]
    subject: str
    within: str

    async def answer(self, info: strawberry.Info, given: dict[str, Any]) -> Any:
        """The callee's answer as JSON."""
        exchange: Exchange = info.context
        name = str(info.path.key)
        with measured(self.runtime, self.place):
            if info.operation.operation is OperationType.MUTATION:
                return await self._run(exchange, given, name)
            return await exchange.once(self.place, given, lambda: self._run(exchange, given, name))

    async def _run(self, exchange: Exchange, given: Given, name: str) -> Any:
        if self.access != "public":
            exchange.known()
        asked = self.values.read(given, self.runtime.settings.json_bounds)
        asked |= self._beside(exchange, given, name)
        result = await ask(
            self.runtime, exchange, self.place, (given, name), lambda: self.call(**asked)
        )
        if result is None and values.must_be(self.field) and not values.is_flag(self.field):
            # an edge that leaves out what does not come, in a place that must hold something
            raise Problem(UNAVAILABLE, headers={"Retry-After": "1"})
        return values.to_value(result, self.field, self.within)

    def _beside(self, exchange: Exchange, given: Given, name: str) -> dict[str, Any]:
        """What a client is told beside the arguments."""
        known = inspect.signature(self.call).parameters
        found: dict[str, Any] = {}
        if self.subject:
            found[self.subject] = exchange.principal.subject
        if "if_match" in known:
            found["if_match"] = exchange.tag(given)
        if "idempotency_key" in known:
            found["idempotency_key"] = exchange.key(given, name)
        return found
