"""What services tell each other through the library that they share: sagas, queued calls."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from cloudsync_gen.model.exchanges import participants, queued_calls_of
from cloudsync_gen.model.layers.application import Event, Saga, Service
from cloudsync_gen.model.layers.technology import Topic
from cloudsync_gen.model.system import Model

SAGA_WORDS = ("started", "done", "failed", "undone", "completed")


class Exchange(Struct, frozen=True, kw_only=True):
    """A topic of messages of one type; `message` names it among the document's messages."""

    topic: Topic
    message: str
    senders: tuple[str, ...]
    receivers: tuple[str, ...]


def exchanges_of(model: Model, domain: str) -> Iterator[Exchange]:
    """Logs of the sagas that a domain's events begin, and the queued calls of its services."""
    for saga in model.all(Saga):
        trigger = model.get(Event, saga.trigger)
        owner = model.get(Service, trigger.service) if trigger else None
        topic = model.get(Topic, saga.topic)
        if owner is not None and owner.domain == domain and topic is not None:
            all_of_them = tuple(sorted(participants(model, saga)))
            yield Exchange(
                topic=topic, message="SagaTold", senders=all_of_them, receivers=all_of_them
            )
    for service in model.all(Service):
        if service.domain != domain:
            continue
        for each in sorted(set(queued_calls_of(service))):
            topic, one = model.get(Topic, each), (service.id,)
            if topic is not None:
                yield Exchange(topic=topic, message="CallQueued", senders=one, receivers=one)


def _object(required: tuple[str, ...], properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "required": list(required), "properties": properties}


_TEXT = {"type": "string", "minLength": 1}
_NAMED = {"type": "object", "additionalProperties": True}

DATA: dict[str, tuple[str, str, dict[str, Any]]] = {
    "SagaTold": (
        "saga.told",
        "How a run of the saga stands; the subject is the run.",
        _object(
            ("word",),
            {
                "word": {"type": "string", "enum": list(SAGA_WORDS)},
                "step": {"type": "integer", "minimum": 0, "description": "Counted from 0."},
                "reason": {**_TEXT, "description": "Why the run failed: an event or a step."},
                "keys": {
                    "type": "object",
                    "additionalProperties": {"type": "string"},
                    "description": "Properties of events by which the run is known.",
                },
            },
        ),
    ),
    "CallQueued": (
        "call.queued",
        "A request that got no answer and is made later; the subject is the tenant.",
        _object(
            ("service", "operation", "method", "path"),
            {
                "service": {**_TEXT, "description": "The callee."},
                "operation": {**_TEXT, "description": "Of the callee's contract."},
                "method": {**_TEXT, "description": "Of HTTP; that of an RPC is its own name."},
                "path": {**_TEXT, "description": "A template, filled from the parameters."},
                "parameters": _NAMED,
                "query": _NAMED,
                "headers": _NAMED,
                "body": {"description": "JSON, or nothing."},
                "media": {**_TEXT, "description": "Media type of the body."},
                "repeatable": {"type": "boolean", "description": "Whether a retry is harmless."},
            },
        ),
    ),
}
"""Message -> CloudEvents type, what it says, JSON Schema of its data."""
