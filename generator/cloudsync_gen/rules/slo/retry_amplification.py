"""One request may become too many.

What it does: multiplies the attempts (one and `retries`) of calls along each chain of services, and
reports the call with which the product comes above 16.

Why: when the last service of a chain is slow, every caller repeats its own repeats: three attempts
on each of three levels are 27 requests for one, which keep the slow one from ever recovering. What
is sent again because a kept connection was closed needs no place in this product: it follows no
slow answer, takes one of these retries where there are any, and is paid for as they are, by a tenth
of all calls at most.

Example: `retries: 2` for calls from A to B, from B to C, and from C to D.

Use instead: retries at one level, as far out as possible; `retries: 0` below.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.ids import name_of
from cloudsync_gen.model.layers.application import Service
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._calls import callee
from cloudsync_gen.rules._rule import Rule

_MOST = 16
"""One retry on each of four levels."""

_DEEPEST = 20
"""Longer chains are circles, which another rule reports."""


def check(model: Model) -> Iterator[Diagnostic]:
    calls = {
        service.id: [
            (index, callee(model, call.operation), 1 + call.retries)
            for index, call in enumerate(service.calls)
        ]
        for service in model.all(Service)
    }
    before = _attempts(calls)
    for service, made in calls.items():
        attempts, chain = before[service]
        for index, called, tries in made:
            if attempts <= _MOST < attempts * tries:
                names = " -> ".join(map(name_of, (*chain, called)))
                yield RULE.at(
                    model.ref(service, "calls", index, "retries"),
                    f"one request may become {attempts * tries} here: {names}",
                    f"bring the product of attempts along this chain to {_MOST} or below",
                    element=service,
                    facts=(called,),
                )


def _attempts(calls: dict[str, list[tuple[int, str, int]]]) -> dict[str, tuple[int, list[str]]]:
    """How often a service may be asked for one request, at worst, and by which chain."""
    found = {service: (1, [service]) for service in calls}
    for _ in range(_DEEPEST):
        changed = False
        for service, made in calls.items():
            attempts, chain = found[service]
            for _, called, tries in made:
                known = called in found and called not in chain
                if known and found[called][0] < attempts * tries:
                    found[called] = (attempts * tries, [*chain, called])
                    changed = True
        if not changed:
            break
    return found


RULE = Rule(
    code="SLO007",
    name="retry-amplification",
    family="SLI/SLO/SLA definitions",
    check=check,
)
