"""The copies of services cannot make themselves known as a registry says.

What it does: at most one service has a `registry`; it has calls to `register` and to `renew`, all
of them to operations of that service's own, and each sends properties that the operation's request
has. Copies renew at most once a second.

Why: every copy of every service would tell two registries, or none, and learn it at its start.

Example: a `registry` whose only call is `renew`; `sends: {serviceNam: "{service}"}`.

Use instead: one registry with a call for each step, and the names that its requests have.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.layers.application import Service
from cloudsync_gen.model.provided import Registry
from cloudsync_gen.model.system import Model
from cloudsync_gen.model.values import milliseconds
from cloudsync_gen.rules._calls import asked, callee
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.source import Pointer, named

_SECOND = 1000

Faults = Iterator[tuple[Pointer, str, str]]


def check(model: Model) -> Iterator[Diagnostic]:
    found = [each for each in model.all(Service) if each.registry is not None]
    for position, service in enumerate(found):
        if service.registry is None:
            continue
        faults = [*_of_form(service.registry), *_of_calls(model, service, service.registry)]
        if position:
            hint = "let one service be the registry"
            faults.append(((), f"`{found[0].id}` is a registry already", hint))
        for pointer, message, hint in faults:
            yield RULE.at(
                model.ref(service.id, "registry", *pointer),
                message,
                hint,
                element=service.id,
                facts=named(pointer),
            )


def _of_form(registry: Registry) -> Faults:
    steps = {each.step for each in registry.calls}
    for wanted in ("register", "renew"):
        if wanted not in steps:
            yield ("calls",), f"no call is there to {wanted}", f"name one with `step: {wanted}`"
    if milliseconds(registry.every) < _SECOND:
        yield ("every",), "copies renew at most once a second", "say `1s` or more"


def _of_calls(model: Model, service: Service, registry: Registry) -> Faults:
    for index, call in enumerate(registry.calls):
        owner = callee(model, call.operation)
        if owner and owner != service.id:
            hint = f"name an operation of `{service.id}`"
            yield ("calls", index, "operation"), f"it belongs to `{owner}`", hint
        elif owner:
            for name in sorted(set(call.sends) - asked(model, call.operation)):
                hint = "send what the request has"
                yield ("calls", index, "sends", name), f"the request has no `{name}`", hint


RULE = Rule(code="DDD027", name="registry-form", family="domain-driven design", check=check)
