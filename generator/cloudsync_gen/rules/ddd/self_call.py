"""A service calls an operation of its own over the network.

What it does: reports a call edge whose operation belongs to the calling service.

Why: a request that waits for a second one to the same pool can exhaust it by itself.

Example: `application.service.order` calls `api.operation.order-get-order`.

Use instead: the handler's method; it is in the same process.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.layers.application import Service
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._calls import callee
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    for service in model.all(Service):
        for index, call in enumerate(service.calls):
            if callee(model, call.operation) == service.id:
                yield RULE.at(
                    model.ref(service.id, "calls", index, "operation"),
                    f"`{service.id}` calls itself",
                    "call the handler's method instead",
                    element=service.id,
                    facts=(call.operation,),
                )


RULE = Rule(code="DDD004", name="self-call", family="domain-driven design", check=check)
