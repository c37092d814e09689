"""What a service calls may take longer than its own caller waits.

What it does: for each call, takes the calls that the called command or query makes in turn: those
that name it in `during`, and those that name nothing, which any may make. Each of these, at worst
(its time-out once and for every retry, pauses not counted), has to fit into the caller's time-out,
and so do those that name it one after the other, the question for flags that steer it among them.
Calls that are queued (`fallback: {kind: queue}`) keep nobody waiting.

Why: the caller gives up and asks again while the first request still works on, so that the slower
the last service of a chain is, the more it is given to do.

Example: a call with `timeout: 100ms` to an operation whose service calls another with
`timeout: 80ms` and `retries: 1`.

Use instead: a shorter time-out or fewer retries below, a longer one above, or `during` where the
inner call is made for something else.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.effects import carried_by
from cloudsync_gen.model.ids import name_of
from cloudsync_gen.model.layers.application import Call, Service
from cloudsync_gen.model.providers import asked_of_providers
from cloudsync_gen.model.system import Model
from cloudsync_gen.model.values import milliseconds
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.source import Pointer


def check(model: Model) -> Iterator[Diagnostic]:
    for service in model.all(Service):
        for index, call in enumerate(service.calls):
            if call.fallback.kind == "queue":
                continue
            inner = _slowest(model, call)
            if inner is None:
                continue
            callee, at, longest, operations = inner
            place = model.ref(callee, *at)
            yield RULE.at(
                model.ref(service.id, "calls", index, "timeout"),
                f"`{name_of(call.operation)}` may wait {longest}ms for {operations} in turn,"
                f" its caller waits {call.timeout}",
                "wait longer here or less there, or say in `during` what the inner call is for",
                element=service.id,
                related=(Related(place, "what it may wait for"),),
                facts=(call.operation,),
            )


def _slowest(model: Model, call: Call) -> tuple[str, Pointer, int, str] | None:
    """(service, place in it, milliseconds, operations) of what outlasts a call."""
    performed = carried_by(model, call.operation)
    callee = model.get(Service, performed.service) if performed else None
    if performed is None or callee is None:
        return None
    known = 0
    place: Pointer = ()
    names: list[str] = []
    for at, inner in enumerate(callee.calls):
        if inner.fallback.kind == "queue":
            continue
        longest = milliseconds(inner.timeout) * (1 + inner.retries)
        if performed.id in inner.during:
            known, place = known + longest, ("calls", at, "timeout")
            names.append(f"`{name_of(inner.operation)}`")
        elif not inner.during and longest > milliseconds(call.timeout):
            return callee.id, ("calls", at, "timeout"), longest, f"`{name_of(inner.operation)}`"
    for asked in asked_of_providers(model, callee):
        if performed.id in asked.during:
            known += milliseconds(asked.call.timeout) * (1 + asked.call.retries)
            place = asked.pointer
            names.append(f"`{name_of(asked.call.operation)}`")
    if known > milliseconds(call.timeout):
        return callee.id, place, known, " and ".join(names)
    return None


RULE = Rule(
    code="SLO008",
    name="call-outlasts-caller",
    family="SLI/SLO/SLA definitions",
    check=check,
)
