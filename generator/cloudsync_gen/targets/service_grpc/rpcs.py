"""RPCs of a service's contract, each with the method of the port that it calls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cloudsync_gen.model.artefacts import Unplannable
from cloudsync_gen.model.contracts import ProtoContract
from cloudsync_gen.model.effects import performed_by
from cloudsync_gen.model.layers.api import Rpc
from cloudsync_gen.model.layers.application import Command, Query
from cloudsync_gen.naming import screaming
from cloudsync_gen.targets._clients import RPC_RESERVED, rpc_methods
from cloudsync_gen.targets._python_types import followed
from cloudsync_gen.targets._text import summary
from cloudsync_gen.targets.service.behaviour import result_of
from cloudsync_gen.targets.service.facts import Scope, ServiceFacts
from cloudsync_gen.targets.service.requests import Request, request_of
from cloudsync_gen.targets.service_grpc.enums import Pair
from cloudsync_gen.targets.service_grpc.fit import (
    Unfitting,
    arguments_of,
    body_of,
    page_of,
    reply_of,
    unread,
)
from cloudsync_gen.targets.service_grpc.messages import Message, Messages
from cloudsync_gen.targets.service_grpc.views import BodyView, RpcView

_REPEATABLE = ("key", "natural")


class Reader:
    """Reads the RPCs of one contract. `pairs` are messages and what they stand for, once read."""

    def __init__(self, facts: ServiceFacts, contract: ProtoContract, known: Messages) -> None:
        self._facts = facts
        self._contract = contract
        self._known = known
        self._rpcs = [each for each in facts.model.all(Rpc) if each.document == contract.name]
        self._methods = rpc_methods(self._rpcs)
        self._names = Scope(*RPC_RESERVED, *self._methods.values())
        self._modules: dict[str, str] = {}
        self.pairs: list[Pair] = []
        self.results: set[str] = set()

    def modules(self) -> Mapping[str, str]:
        """Module of the stubs -> the name by which it is imported; of what has been read."""
        return dict(sorted(self._modules.items()))

    def rpcs(self) -> Iterator[RpcView]:
        """All RPCs, by name. Raises `Unplannable` for those that do not fit what they carry."""
        faults = []
        for each in sorted(self._rpcs, key=lambda rpc: rpc.rpc_name):
            try:
                yield self._checked(each)
            except Unfitting as error:
                faults.append((each.id, str(error)))
        if faults:
            raise Unplannable(faults)

    def _checked(self, rpc: Rpc) -> RpcView:
        performed = performed_by(self._facts.model, rpc.command)
        if performed is None or performed.id not in self._facts.methods:
            raise Unfitting(f"{rpc.rpc_name} carries no command or query of its service")
        if rpc.client_streaming:
            raise Unfitting(f"{rpc.rpc_name}: a stream of requests is no command")
        if rpc.server_streaming and not performed.output:
            raise Unfitting(f"{rpc.rpc_name} streams, but its query has no output")
        return self._rpc(rpc, performed)

    def _rpc(self, rpc: Rpc, performed: Command | Query) -> RpcView:
        asked, answered = (self._known.messages[name] for name in self._known.methods[rpc.rpc_name])
        request = request_of(self._facts, performed)
        body = self._arguments(performed, request, asked)
        result = result_of(self._facts, performed, request)
        output, schema = self._output(performed)
        field = reply_of(answered, result, frozenset(schema.get("properties", {})), self._known)
        self._pair(answered, field, schema)
        command = performed if isinstance(performed, Command) else None
        idempotency = command.idempotency if command else "natural"
        arguments, read = body
        return RpcView(
            rpc=rpc.rpc_name,
            path=f"/{self._contract.package}.{self._contract.service}/{rpc.rpc_name}",
            name=self._methods[rpc.rpc_name],
            about=summary(rpc.description, 80),
            streams=rpc.server_streaming,
            constant=self._facts.methods[performed.id].upper(),
            method=self._facts.methods[performed.id],
            request=self._facts.requests[performed.id],
            message=self._python(asked),
            answer=self._python(answered),
            field=field,
            arguments=arguments,
            body=read,
            paged=request.paged,
            page=page_of(request, asked),
            result=output,
            adapter=f"_{screaming(output)}" if output else "",
            idempotent=idempotency == "key",
            conditional=idempotency == "if-match",
            repeatable=idempotency in _REPEATABLE,
        )

    def _arguments(
        self, performed: Command | Query, request: Request, message: Message
    ) -> tuple[tuple[Any, ...], BodyView | None]:
        aggregate = self._facts.aggregates.get(performed.aggregate)
        entity = self._facts.schema(aggregate.schema) if aggregate else {}
        arguments = arguments_of(self._facts, request, message, entity)
        body = body_of(self._facts, request, message, arguments, self._known)
        unread(request, message, arguments, body)
        self.pairs.append((message.name, entity))
        if body is not None and performed.input:
            inner = message.field(body.wire)
            name = inner.type if inner is not None else message.name
            self.pairs.append((name, self._facts.schema(performed.input)))
        return arguments, body

    def _output(self, performed: Command | Query) -> tuple[str, Mapping[str, Any]]:
        """(class of the answer or nothing, its schema)."""
        if not performed.output:
            return "", {}
        self.results.add(performed.output)
        return self._facts.class_of(performed.output), self._facts.schema(performed.output)

    def _pair(self, answered: Message, field: str, schema: Mapping[str, Any]) -> None:
        """The answer, or what it holds, stands for the output."""
        within = answered.field(field)
        if within is None:
            self.pairs.append((answered.name, schema))
            return
        if within.repeated:
            items = schema.get("properties", {}).get("items", {}).get("items", {})
            _, schema = followed(items, self._facts.schemas)
        self.pairs.append((within.type, schema))

    def _python(self, message: Message) -> str:
        """The class as the module can name it once it has imported what `modules` says."""
        if message.module not in self._modules:
            self._modules[message.module] = self._names.take(message.module.rpartition(".")[2])
        return f"{self._modules[message.module]}.{message.cls}"
