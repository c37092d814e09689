"""A caller gives up before the callee is due to answer.

What it does: compares the time-out of each call with the latency that the called operation aims at
(`x-apm-sla-target-latency`).

Why: the callee keeps its promise and the call fails all the same; what was meant for the worst case
becomes the rule.

Example: `timeout: 40ms` for an operation with `x-apm-sla-target-latency: 60ms`.

Use instead: a time-out above the target, or a faster operation.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.layers.api import Operation
from cloudsync_gen.model.layers.application import Service
from cloudsync_gen.model.system import Model
from cloudsync_gen.model.values import milliseconds
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    for service in model.all(Service):
        for index, call in enumerate(service.calls):
            operation = model.get(Operation, call.operation)
            target = operation.sla_target_latency if operation else None
            if operation is None or target is None:
                continue
            if milliseconds(call.timeout) < milliseconds(target):
                place = model.ref(operation.id, "x-apm-sla-target-latency")
                yield RULE.at(
                    model.ref(service.id, "calls", index, "timeout"),
                    f"`{operation.id}` aims at {target}, the caller waits {call.timeout}",
                    f"wait {target} or longer",
                    element=service.id,
                    related=(Related(place, "the target"),),
                    facts=(operation.id,),
                )


RULE = Rule(
    code="SLO006",
    name="timeout-below-target",
    family="SLI/SLO/SLA definitions",
    check=check,
)
