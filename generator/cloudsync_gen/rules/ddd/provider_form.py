"""Services cannot ask a provider as it says.

What it does: at most one service is the provider of flags, of configuration, and of secrets. The
RPCs by which it is asked are its own, those that are watched are streams and no others are, and
each sends properties that the request has. What is read of an answer is there: the value, the lists
and their parts. A flag provider that is watched names the mark by which a change is told.

Why: every service that is steered by flags or follows configuration would learn at its start that
it cannot ask, and go by its defaults for ever.

Example: a `flagProvider` that sends `keey: "{key}"`, or a `configurationProvider` whose `watch` is
no stream.

Use instead: one provider of each kind, with the names that its requests and answers have.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.layers.api import Rpc
from cloudsync_gen.model.layers.application import Service
from cloudsync_gen.model.provided import ConfigurationProvider, FlagProvider, SecretProvider
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._calls import answered, asked, callee, parts_answered
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.source import Pointer, named

Faults = Iterator[tuple[Pointer, str, str]]
Named = tuple[Pointer, str, dict[str, str], bool]
"""Where an RPC is named, which, what is sent to it, whether it is watched."""


def check(model: Model) -> Iterator[Diagnostic]:
    first: dict[str, str] = {}
    for service in model.all(Service):
        for kind, faults in _of(model, service):
            known = first.setdefault(kind, service.id)
            if known != service.id:
                hint = "let one service be the provider"
                yield _at(model, service, (kind,), f"`{known}` is one already", hint)
            for pointer, message, hint in faults:
                yield _at(model, service, (kind, *pointer), message, hint)


def _at(model: Model, service: Service, at: Pointer, message: str, hint: str) -> Diagnostic:
    place = model.ref(service.id, *at)
    return RULE.at(place, message, hint, element=service.id, facts=named(at))


def _of(model: Model, service: Service) -> Iterator[tuple[str, Faults]]:
    if service.flag_provider is not None:
        yield "flagProvider", _of_flags(model, service, service.flag_provider)
    if service.configuration_provider is not None:
        yield "configurationProvider", _of_settings(model, service, service.configuration_provider)
    if service.secret_provider is not None:
        yield "secretProvider", _of_secrets(model, service, service.secret_provider)


def _of_flags(model: Model, service: Service, told: FlagProvider) -> Faults:
    evaluate, watch = told.evaluate, told.watch
    yield from _of_call(model, service, (("evaluate",), evaluate.operation, evaluate.sends, False))
    yield from _of_answer(model, evaluate.operation, {("value",): told.value})
    if watch is not None:
        yield from _of_call(model, service, (("watch",), watch.operation, watch.sends, True))
        if told.mark is None:
            hint = "name the property of what is watched that differs then"
            yield ("watch",), "nothing says when the rules have changed", hint
        else:
            yield from _of_answer(model, watch.operation, {("mark",): told.mark})


def _of_settings(model: Model, service: Service, told: ConfigurationProvider) -> Faults:
    for name, call, watched in (("watch", told.watch, True), ("get", told.get, False)):
        yield from _of_call(model, service, ((name,), call.operation, call.sends, watched))
    yield from _of_answer(model, told.watch.operation, {("entries",): told.entries})
    known = parts_answered(model, told.watch.operation, told.entries)
    for name in ("key", "value", "checksum"):
        if known and getattr(told, name) not in known:
            hint = f"`{told.entries}` have {', '.join(f'`{each}`' for each in sorted(known))}"
            yield (name,), f"`{told.entries}` have no `{getattr(told, name)}`", hint


def _of_secrets(model: Model, service: Service, told: SecretProvider) -> Faults:
    yield from _of_call(model, service, (("get",), told.get, told.sends, False), sent=("sends",))
    names: dict[Pointer, str] = {
        ("value",): told.value,
        ("until",): told.until,
        ("version",): told.version,
        **{("proof", fact): name for fact, name in told.proof.items()},
    }
    yield from _of_answer(model, told.get, names)
    if told.prove is not None:
        prove = told.prove
        yield from _of_call(model, service, (("prove",), prove.operation, prove.sends, False))


def _of_call(model: Model, service: Service, named: Named, sent: Pointer | None = None) -> Faults:
    pointer, operation, sends, watched = named
    where = (*pointer, "operation") if sent is None else pointer
    owner = callee(model, operation)
    if not owner:
        return
    if owner != service.id:
        yield where, f"it belongs to `{owner}`", f"name an RPC of `{service.id}`"
        return
    rpc = model.get(Rpc, operation)
    if rpc is not None and rpc.server_streaming != watched:
        hint = "name a stream to watch, and an RPC with one answer to ask"
        yield where, "it is no stream" if watched else "it is a stream", hint
    known = asked(model, operation)
    for name in sorted(sends):
        if name.partition(".")[0] not in known:
            at = (*(sent or (*pointer, "sends")), name)
            yield at, f"the request has no `{name}`", "send what the request has"


def _of_answer(model: Model, operation: str, names: dict[Pointer, str]) -> Faults:
    known = answered(model, operation)
    for pointer, name in names.items():
        if known and name not in known:
            hint = f"it has {', '.join(f'`{each}`' for each in sorted(known))}"
            yield pointer, f"the answer has no `{name}`", hint


RULE = Rule(code="DDD033", name="provider-form", family="domain-driven design", check=check)
