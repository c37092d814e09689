"""Services call each other in a circle.

What it does: reports every call edge that closes a cycle of services.

Why: services in a circle can neither be deployed nor recover one after the other, and a slow one
slows itself.

Example: `order` calls `stock`, `stock` calls `order`.

Use instead: let one of them publish an event, or move what both need into a third.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.layers.api import Operation, Rpc
from cloudsync_gen.model.layers.application import Command, Query, Service
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule


def callee(model: Model, operation: str) -> str:
    """Id of the service behind an operation, or an empty string."""
    found = model.get(Operation, operation) or model.get(Rpc, operation)
    performed = (found.command if found else None) or ""
    what = model.get(Command, performed) or model.get(Query, performed)
    return what.service if what else ""


def check(model: Model) -> Iterator[Diagnostic]:
    graph: defaultdict[str, set[str]] = defaultdict(set)
    for service in model.all(Service):
        for call in service.calls:
            target = callee(model, call.operation)
            if target and target != service.id:
                graph[service.id].add(target)
    circles = _components(graph)
    for service in model.all(Service):
        for index, call in enumerate(service.calls):
            target = callee(model, call.operation)
            if target == service.id or service.id not in circles:
                continue
            if circles.get(target) == circles[service.id]:
                members = sorted(each for each, c in circles.items() if c == circles[target])
                yield RULE.at(
                    model.ref(service.id, "calls", index, "operation"),
                    f"this call closes a circle of {', '.join(f'`{m}`' for m in members)}",
                    "turn one of the calls into an event",
                    element=service.id,
                    facts=(call.operation,),
                )


def _components(graph: Mapping[str, set[str]]) -> dict[str, int]:
    """Node -> number of its circle, for nodes that lie on one (Tarjan's algorithm, without
    recursion).
    """
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    circles: dict[str, int] = {}
    for root in sorted(graph):
        work = [(root, iter(sorted(graph.get(root, ()))))] if root not in order else []
        if work:
            order[root] = low[root] = len(order)
            stack.append(root)
        while work:
            node, rest = work[-1]
            child = next(rest, None)
            if child is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == order[node]:
                    _close(node, stack, order, circles)
            elif child not in order:
                order[child] = low[child] = len(order)
                stack.append(child)
                work.append((child, iter(sorted(graph.get(child, ())))))
            elif child in stack:
                low[node] = min(low[node], order[child])
    return circles


def _close(node: str, stack: list[str], order: Mapping[str, int], circles: dict[str, int]) -> None:
    members = []
    while True:
        member = stack.pop()
        members.append(member)
        if member == node:
            break
    if len(members) > 1:
        circles.update(dict.fromkeys(members, order[node]))


RULE = Rule(code="DDD003", name="call-cycle", family="domain-driven design", check=check)
