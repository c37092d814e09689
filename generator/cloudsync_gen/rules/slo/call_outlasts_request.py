"""A call may take longer than the request within which it is made.

What it does: compares each call, and each by which a provider is asked, at worst (its time-out once
and for every retry, pauses not counted) with the 10 seconds after which services give up a request
of their own (`REQUEST_TIMEOUT`).

Why: the fallback is never reached: who asked is told that the service took too long, whatever the
model says should happen when the callee does.

Example: `timeout: 80s`.

Use instead: `timeout: 80ms`; what takes longer than that is a command on a queue.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.layers.application import Call, Service
from cloudsync_gen.model.provided import ProviderCall
from cloudsync_gen.model.system import Model
from cloudsync_gen.model.values import milliseconds
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.source import Pointer

REQUEST_SECONDS = 10
"""For how long services work on a request (held against the chassis by a test)."""


def check(model: Model) -> Iterator[Diagnostic]:
    for service in model.all(Service):
        for pointer, call in _waited_for(service):
            longest = milliseconds(call.timeout) * (1 + call.retries)
            if longest >= REQUEST_SECONDS * 1000:
                yield RULE.at(
                    model.ref(service.id, *pointer, "timeout"),
                    f"this call may take {longest / 1000:g}s, a request {REQUEST_SECONDS}s in all",
                    "wait for less, try less often, or send a command instead",
                    element=service.id,
                    facts=(call.operation,),
                )


def _waited_for(service: Service) -> Iterator[tuple[Pointer, Call | ProviderCall]]:
    """Its calls, and those by which others ask it as a provider; nobody waits for a stream."""
    for index, call in enumerate(service.calls):
        yield ("calls", index), call
    if service.flag_provider is not None:
        yield ("flagProvider", "evaluate"), service.flag_provider.evaluate
    if service.configuration_provider is not None:
        yield ("configurationProvider", "get"), service.configuration_provider.get
    if service.secret_provider is not None and service.secret_provider.prove is not None:
        yield ("secretProvider", "prove"), service.secret_provider.prove


RULE = Rule(
    code="SLO009",
    name="call-outlasts-request",
    family="SLI/SLO/SLA definitions",
    check=check,
)
