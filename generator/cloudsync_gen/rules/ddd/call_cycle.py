"""Services call each other in a circle.

What it does: reports every call edge that closes a cycle of services, and every flag or setting
because of which a service asks a provider that depends on it.

Why: services in a circle can neither be deployed nor recover one after the other, and a slow one
slows itself.

Example: `order` calls `stock`, `stock` calls `order`.

Use instead: let one of them publish an event, or move what both need into a third.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.layers.application import Service
from cloudsync_gen.model.providers import Asked, asked_of_providers
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._calls import callee
from cloudsync_gen.rules._circles import circles
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    graph: defaultdict[str, set[str]] = defaultdict(set)
    for service in model.all(Service):
        for call in service.calls:
            target = callee(model, call.operation)
            if target and target != service.id:
                graph[service.id].add(target)
        for _, target in _asked(model, service):
            graph[service.id].add(target)
    found = circles(graph)
    for service in model.all(Service):
        circle = found.get(service.id, ())
        for index, call in enumerate(service.calls):
            target = callee(model, call.operation)
            if target in circle and target != service.id:
                yield RULE.at(
                    model.ref(service.id, "calls", index, "operation"),
                    f"this call closes a circle of {', '.join(f'`{m}`' for m in circle)}",
                    "turn one of the calls into an event",
                    element=service.id,
                    facts=(call.operation,),
                )
        for asked, target in _asked(model, service):
            if target in circle:
                yield RULE.at(
                    model.ref(service.id, *asked.pointer),
                    f"asking for this closes a circle of {', '.join(f'`{m}`' for m in circle)}",
                    "let what providers are built on do without them",
                    element=service.id,
                    facts=(asked.call.operation,),
                )


def _asked(model: Model, service: Service) -> Iterator[tuple[Asked, str]]:
    """What is asked of providers, with the provider."""
    for each in asked_of_providers(model, service):
        target = callee(model, each.call.operation)
        if target and target != service.id:
            yield each, target


RULE = Rule(code="DDD003", name="call-cycle", family="domain-driven design", check=check)
