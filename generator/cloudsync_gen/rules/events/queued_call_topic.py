"""A call that is to be made later has nowhere to wait, or no place of its own.

What it does: for calls with `fallback: {kind: queue}`, looks for a `topic`, and reports one that
also carries events, a saga or calls of another service, that is kept for less time than `maxAge`,
or that stands beside a fallback of another kind.

Why: only the caller takes its calls from there, in their order; what lies between them holds them
up, and what is gone before its time is a call that nobody makes.

Example: `fallback: {kind: queue, maxAge: 24h}` without `topic`.

Use instead: `topic: technology.topic.order-payment-calls`, a topic of the caller's own.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.layers.application import Call, Service
from cloudsync_gen.model.layers.technology import Topic
from cloudsync_gen.model.system import Model
from cloudsync_gen.model.values import milliseconds
from cloudsync_gen.rules._rule import Rule

_OTHER_USES = ("event-topic", "saga-topic", "topic-dead-letter")


def check(model: Model) -> Iterator[Diagnostic]:
    for service in model.all(Service):
        for index, call in enumerate(service.calls):
            message, hint = _fault(model, service, call)
            if message:
                yield RULE.at(
                    model.ref(service.id, "calls", index, "fallback"),
                    message,
                    hint,
                    element=service.id,
                    facts=(call.operation,),
                )


def _fault(model: Model, service: Service, call: Call) -> tuple[str, str]:
    fallback = call.fallback
    if fallback.kind != "queue":
        said = fallback.topic is not None
        return (
            ("only calls that are queued wait on a topic", "leave `topic` out") if said else _NONE
        )
    if fallback.topic is None:
        return "the call is to be made later, but has no `topic` to wait on", "name one"
    topic = model.get(Topic, fallback.topic)
    if topic is None:
        return _NONE
    others = [each for kind in _OTHER_USES for each in model.origins(topic.id, kind)]
    others += [e for e in model.origins(topic.id, "queued-calls-topic") if e < service.id]
    if others:
        message = f"`{topic.id}` also carries what belongs to `{others[0]}`"
        return message, "give the caller a topic of its own"
    if fallback.max_age and milliseconds(topic.retention) < milliseconds(fallback.max_age):
        message = f"`{topic.id}` is kept for {topic.retention}, the call for {fallback.max_age}"
        return message, f"keep the topic for {fallback.max_age} or longer"
    return _NONE


_NONE = ("", "")


RULE = Rule(code="EVT011", name="queued-call-topic", family="event-driven patterns", check=check)
