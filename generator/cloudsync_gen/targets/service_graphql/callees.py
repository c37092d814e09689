"""What other services answer: a client's method, its parameters and its answer."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from cloudsync_gen.model.effects import performed_by
from cloudsync_gen.model.layers.api import Operation, Rpc
from cloudsync_gen.model.layers.application import Service
from cloudsync_gen.model.packages import grpc_package, rest_package
from cloudsync_gen.targets.clients import methods_of
from cloudsync_gen.targets.clients.views import MethodView
from cloudsync_gen.targets.service.callees import callees_of
from cloudsync_gen.targets.service.facts import ServiceFacts
from cloudsync_gen.targets.service_graphql.unfitting import Unfitting
from cloudsync_gen.targets.service_grpc.messages import messages_of
from cloudsync_gen.targets.service_grpc.rpcs import Reader
from cloudsync_gen.targets.service_grpc.views import RpcView

_ANSWERED_LATER = ("Defaulted", "Queued")
"""Edges whose stand-ins a caller of GraphQL cannot be given: they ask past them."""


@dataclass(frozen=True)
class Parameter:
    """A parameter of a client's method."""

    name: str
    wire: str
    type: str
    required: bool
    in_path: bool


@dataclass(frozen=True)
class Called:
    """A client's method. `body` and `output` are schemas, over `schemas`."""

    attribute: str
    method: str
    edge: str
    access: str
    parameters: tuple[Parameter, ...]
    body: Mapping[str, Any] | None
    output: Mapping[str, Any]
    schemas: Mapping[str, Any]

    def call(self, *, done: bool) -> str:
        """The method as the port reaches it. `done`: an answer of nothing means success, so that
        nothing may stand in for one.
        """
        past = ".client" if done or self.edge in _ANSWERED_LATER else ""
        return f"{self.attribute}{past}.{self.method}"

    def own_subject(self, parameter: Parameter, arguments: Collection[str]) -> bool:
        """Whether a parameter is the caller's own subject: the only one of a path, of a field that
        takes no argument.
        """
        others = [each for each in self.parameters if each.in_path]
        return not arguments and others == [parameter] and parameter.type == "UUID"


class Callees:
    """The operations that one service calls."""

    def __init__(self, facts: ServiceFacts) -> None:
        self._facts = facts
        self._methods: dict[str, dict[str, MethodView]] = {}
        self._rpcs: dict[str, tuple[ServiceFacts, dict[str, RpcView]]] = {}

    @cached_property
    def _calls(self) -> dict[tuple[str, str], tuple[str, str]]:
        """(package of the client, method) -> (attribute of the port's clients, kind of edge)."""
        return {
            (callee.package, call.method): (callee.attribute, call.kind)
            for callee in callees_of(self._facts)
            for call in callee.calls
        }

    def called(self, carrier: Operation | Rpc) -> Called:
        """What answers. Raises `Unfitting`."""
        return self._rpc(carrier) if isinstance(carrier, Rpc) else self._rest(carrier)

    def _edge(self, carrier: Operation | Rpc, package: str, method: str) -> tuple[str, str]:
        found = self._calls.get((package, method))
        if found is None:
            raise Unfitting(f"{self._facts.service.name} does not call {carrier.id}: say it does")
        return found

    def _rest(self, carrier: Operation) -> Called:
        document = self._facts.system.contracts.rest.get(carrier.document)
        performed = performed_by(self._facts.model, carrier.command)
        if document is None or performed is None:
            raise Unfitting(f"{carrier.id} has no contract")
        said = document.plain
        schemas = said.get("components", {}).get("schemas", {})
        if carrier.document not in self._methods:
            found = methods_of(said, schemas)
            self._methods[carrier.document] = {each.operation: each for each in found}
        view = self._methods[carrier.document][carrier.operation_id]
        attribute, edge = self._edge(carrier, rest_package(carrier.document), view.name)
        written = said["paths"][carrier.path][carrier.method]
        return Called(
            attribute=attribute,
            method=view.name,
            edge=edge,
            access=performed.access,
            parameters=tuple(
                Parameter(e.name, e.wire, e.type, e.required, e.location == "path")
                for e in view.arguments
            ),
            body=next(_schemas_of(written.get("requestBody", {})), None) if view.body else None,
            output=next(_answers(written), {}),
            schemas=schemas,
        )

    def _rpc(self, carrier: Rpc) -> Called:
        performed = performed_by(self._facts.model, carrier.command)
        if performed is None or carrier.server_streaming:
            raise Unfitting(f"{carrier.id} answers with a stream, or nothing that is known")
        facts, views = self._contract(carrier, performed.service)
        view = views[carrier.rpc_name]
        attribute, edge = self._edge(carrier, grpc_package(carrier.document), view.name)
        paging = (
            Parameter(name, name, "int" if name == "limit" else "str", False, False)
            for name, _ in view.page
        )
        body = facts.schema(performed.input) if view.body and performed.input else None
        output = facts.schema(performed.output) if performed.output else {}
        return Called(
            attribute=attribute,
            method=view.name,
            edge=edge,
            access=performed.access,
            parameters=(
                *(Parameter(e.name, e.wire, e.type, e.required, False) for e in view.arguments),
                *paging,
            ),
            body=body,
            output=output,
            schemas=facts.schemas,
        )

    def _contract(self, carrier: Rpc, service: str) -> tuple[ServiceFacts, dict[str, RpcView]]:
        """The RPCs of a contract, as their client has them."""
        if carrier.document not in self._rpcs:
            contract = self._facts.system.contracts.grpc.get(carrier.document)
            callee = self._facts.model.get(Service, service)
            if contract is None or callee is None:
                raise Unfitting(f"{carrier.id} has no contract")
            facts = ServiceFacts(self._facts.system, callee, plain=True)
            rpcs = Reader(facts, contract, messages_of(contract)).rpcs()
            self._rpcs[carrier.document] = (facts, {each.rpc: each for each in rpcs})
        return self._rpcs[carrier.document]


def _schemas_of(body: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for media in body.get("content", {}).values():
        if isinstance(media.get("schema"), Mapping):
            yield media["schema"]


def _answers(operation: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for status, response in operation["responses"].items():
        if status.startswith("2"):
            yield from _schemas_of(response)
