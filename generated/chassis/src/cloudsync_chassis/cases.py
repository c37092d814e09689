"""Example requests of a service: a small table, and what contract and model say besides."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import Any

from cloudsync_chassis.aggregate.spec import AggregateSpec
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.published import document, resolved
from cloudsync_chassis.service import ServiceSpec

_WORKLOAD = "workload"
_ALWAYS = {"Idempotency-Key": "contract-test"}
_REQUIRED = {"If-Match": '"1"'}


RPC = "RPC"
"""The method of a case that is asked by gRPC; its path is `/<full name of the service>/<RPC>`."""
GRAPHQL = "GRAPHQL"
"""That of one which is asked by GraphQL; its path is `<query or mutation>.<field>`."""
BY_NAME = (RPC, GRAPHQL)
"""Methods that say what they ask in a message of their own."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A request with an outcome of its own.

    Attributes:
        name: the invariant that it would break, or `source>to` of a step of a life cycle.
        aggregate: what the operation works on; `seed`: what differs in it (null: absent).
        body: sent instead of the case's body.
    """

    name: str
    aggregate: str
    seed: Mapping[str, Any] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class Breaker:
    """An entity, valid by its schema, that breaks one invariant and no other."""

    aggregate: str
    invariant: str
    values: Mapping[str, Any]

    def __str__(self) -> str:
        return self.invariant


@dataclass(frozen=True, kw_only=True)
class Case:
    """An example request of an operation.

    Attributes:
        seeds: entities that exist before, parents first. In their values and in `parameters`
            `{organization}` and `{subject}` stand for the caller's.
        roles: a caller with all of them may call the operation.
        scopes: those of a workload that may call it.
        custom: whether the model implies no behaviour, so that a handler may be missing.
        aggregate: what the operation works on; `state_field` holds its state.
        refusals: slugs of the problems with which the operation may be refused though nobody is at
            fault (503), where its contract does not name statuses.
        legal: the states in which the life cycle takes the command; `illegal`: all others, without
            those in which a command that is idempotent by nature has nothing left to do.
    """

    operation: str
    method: str
    path: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    seeds: tuple[Mapping[str, Any], ...] = ()
    query: Mapping[str, str | list[str]] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    media: str = ""
    roles: tuple[str, ...] = ()
    callers: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    access: str = "authenticated"
    custom: bool = False
    aggregate: str = ""
    state_field: str = ""
    legal: tuple[str, ...] = ()
    illegal: tuple[str, ...] = ()
    breaks: tuple[Trial, ...] = ()
    moves: tuple[Trial, ...] = ()
    rich: Any = None
    says: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    alone: bool = False
    permission: str = ""
    related: bool = False
    refusals: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.operation

    def tried(self, trial: Trial) -> Case:
        """The same operation with another entity and body."""
        seeds = tuple(
            (
                {**each, "values": differing(each["values"], trial.seed)}
                if each["aggregate"] == trial.aggregate
                else each
            )
            for each in self.seeds
        )
        return replace(self, seeds=seeds, body=self.body if trial.body is None else trial.body)


def load(path: Path, spec: ServiceSpec, *modules: ModuleType) -> tuple[Case, ...]:
    """The cases of a JSON file; `modules` hold the service's operations and aggregates.

    The file has `entities`, examples by aggregate, what differs in `sound` ones, which break no
    invariant, and `cases`: the operation of the contract, the command or query that it `performs`
    if that is called otherwise, and what nothing else says: values of parameters and the body, and
    the entities that must exist, each with what differs from its example (null: absent). An
    operation with an `rpc` is asked by gRPC, one with a `graphql` by that.
    """
    table = json.loads(path.read_bytes())
    facts = [each for module in modules for each in vars(module).values()]
    operations = {each.id: each for each in facts if isinstance(each, Operation)}
    aggregates = [each for each in facts if isinstance(each, AggregateSpec)]
    contract = document(spec.contract) if spec.contract is not None else {}
    places = dict(_places(contract))
    made = []
    for row in table["cases"]:
        told = dict(row)
        operation = operations[told.pop("performs", None) or _in_kebab_case(told["operation"])]
        roles = _roles(spec, operation, aggregates)
        own = next((each.name for each in aggregates if operation.id in each.commands), "")
        seeds = [_seed(table, own, *each) for each in told.pop("seeds", ())]
        trials: dict[str, Any] = {
            kind: tuple(_trials(told.pop(kind, {}), own)) for kind in ("breaks", "moves")
        }
        named = _by_name(told.pop("rpc", ""), told.pop("graphql", ""), operation)
        refusals = tuple(told.pop("refusals", ()))
        made.append(
            Case(
                **told,
                **trials,
                **(named or places[told["operation"]]),
                seeds=tuple(seeds),
                roles=roles,
                callers=tuple(sorted(operation.callers)),
                scopes=(operation.permission,) if operation.permission else (),
                permission=operation.permission or "",
                related=bool(operation.relations),
                refusals=refusals,
                access=_access(operation, roles),
                alone=_for_workloads_alone(aggregates, operation),
                **_states(aggregates, operation),
            )
        )
    return tuple(made)


def breakers(path: Path) -> tuple[Breaker, ...]:
    """The entities of the file of `load` that break an invariant each."""
    table = json.loads(path.read_bytes())
    return tuple(
        Breaker(
            aggregate=aggregate,
            invariant=invariant,
            values=differing(table["entities"][aggregate], told.get("entity", {})),
        )
        for aggregate, broken in sorted(table["invariants"].items())
        for invariant, told in sorted(broken.items())
    )


def unreachable(path: Path) -> dict[str, str]:
    """Invariant → why no request is known to break it: `no-operation` makes or changes the entity;
    its `own-handlers` alone do; what the invariant speaks of is `written-by-no-command`; a check of
    its table says the like (`kept-by-the-store`); or it is `kept-by-other-rules`, such as schemas,
    requirements and the life cycle.
    """
    told = json.loads(path.read_bytes()).get("unreachable", {})
    return {invariant: reason for reason, names in told.items() for invariant in names}


def _trials(told: Mapping[str, Mapping[str, Any]], aggregate: str) -> Iterator[Trial]:
    for name, each in told.items():
        seed, body = each.get("seed", {}), each.get("body")
        yield Trial(name=name, aggregate=aggregate, seed=seed, body=body)


def _by_name(rpc: str, graphql: str, operation: Operation) -> dict[str, Any]:
    """What is sent with each call: metadata has the names of HTTP's headers."""
    if not (rpc or graphql):
        return {}
    method, path = (RPC, rpc) if rpc else (GRAPHQL, graphql)
    asked = {"key": _ALWAYS, "if-match": _REQUIRED}
    return {"method": method, "path": path, "headers": dict(asked.get(operation.idempotency, {}))}


def _in_kebab_case(operation: str) -> str:
    """`getDocument` is called `get-document` where nothing says otherwise."""
    return re.sub("(?<!^)(?=[A-Z])", "-", operation).lower()


def _places(contract: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Operation -> where the contract has it, and what is sent with every request."""
    for path, item in contract.get("paths", {}).items():
        for method, operation in item.items():
            if isinstance(operation, Mapping) and "operationId" in operation:
                listed = (*item.get("parameters", ()), *operation.get("parameters", ()))
                written = [resolved(contract, each) for each in listed]
                content = resolved(contract, operation.get("requestBody", {})).get("content", {})
                yield operation["operationId"], {
                    "method": method.upper(),
                    "path": path,
                    "headers": dict(_headers(written)),
                    "media": next(iter(content), ""),
                    "says": {
                        place: tuple(each["name"] for each in written if each["in"] == place)
                        for place in ("query", "header")
                    },
                }


def _headers(parameters: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for each in parameters:
        name = each.get("name", "")
        if each.get("in") == "header" and name in _ALWAYS:
            yield name, _ALWAYS[name]
        elif each.get("in") == "header" and name in _REQUIRED and each.get("required"):
            yield name, _REQUIRED[name]


def _seed(
    table: Mapping[str, Any], own: str, aggregate: str, differs: Mapping[str, Any]
) -> Mapping[str, Any]:
    """An entity; one that the operation does not work on breaks no invariant."""
    values = table["entities"][aggregate]
    if aggregate != own:
        values = differing(values, table["sound"].get(aggregate, {}).get("entity", {}))
    return {"aggregate": aggregate, "values": differing(values, differs)}


def differing(values: Mapping[str, Any], differs: Mapping[str, Any]) -> dict[str, Any]:
    """The values with what differs; null takes a value away."""
    found = {**values, **differs}
    return {name: each for name, each in found.items() if each is not None}


def _roles(
    spec: ServiceSpec, operation: Operation, aggregates: Iterable[AggregateSpec[Any]]
) -> tuple[str, ...]:
    """All roles with which the operation may be called, those of its transitions included."""
    permission = operation.permission or ""
    held = set(spec.access.get(permission, ())) | set(spec.related.get(permission, ()))
    for aggregate in aggregates:
        for each in aggregate.transitions:
            held |= each.roles if each.command == operation.id else frozenset()
    return tuple(sorted(held - {_WORKLOAD}))


def _states(aggregates: Iterable[AggregateSpec[Any]], operation: Operation) -> dict[str, Any]:
    """What the life cycle says of a command on an entity that exists; nothing of any other."""
    for spec in aggregates:
        rows = [each for each in spec.transitions if each.command == operation.id]
        legal = {source for each in rows for source in each.sources}
        if legal and all(each.sources for each in rows):
            every = {s for each in spec.transitions for s in (*each.sources, each.to)}
            there = {each.to for each in rows} if operation.idempotency == "natural" else set()
            return {
                "aggregate": spec.name,
                "state_field": spec.state_field,
                "legal": tuple(sorted(legal)),
                "illegal": tuple(sorted(every - legal - there)),
            }
    return {}


def _for_workloads_alone(aggregates: Iterable[AggregateSpec[Any]], operation: Operation) -> bool:
    rows = [row for spec in aggregates for row in spec.transitions if row.command == operation.id]
    return bool(rows) and all(row.roles == {_WORKLOAD} and not row.relations for row in rows)


def _access(operation: Operation, roles: tuple[str, ...]) -> str:
    """Only workloads can call what no role holds."""
    if operation.access == "authenticated" and operation.permission and not roles:
        return _WORKLOAD
    return operation.access
