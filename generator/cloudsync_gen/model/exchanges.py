"""Who publishes to a topic and who hears it: events, logs of sagas, queued calls."""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.model.layers.application import Event, Saga
from cloudsync_gen.model.layers.service import Collecting, Service
from cloudsync_gen.model.system import Model


def participants(model: Model, saga: Saga) -> frozenset[str]:
    """Services that read and write a saga's log: those with steps, and those whose events begin or
    end it.
    """
    ends = (model.get(Event, each) for each in (saga.trigger, saga.completes_on, *saga.fails_on))
    return frozenset(
        [*(step.service for step in saga.steps), *(each.service for each in ends if each)]
    )


def logs_of(model: Model, service: Service) -> Iterator[str]:
    """Topics of the sagas in which a service takes part."""
    for saga in model.all(Saga):
        if service.id in participants(model, saga):
            yield saga.topic


def queued_calls_of(service: Service) -> Iterator[str]:
    """Topics on which a service keeps calls that it makes later; it alone reads them."""
    for call in service.calls:
        if call.fallback.kind == "queue" and call.fallback.topic is not None:
            yield call.fallback.topic


def collected_by(model: Model, service: Service) -> Iterator[tuple[Event, Collecting]]:
    """Events that a service takes in without naming them, of other services alone."""
    for each in service.collects:
        for event in model.all(Event):
            producer = model.get(Service, event.service)
            if producer is None or producer.id == service.id:
                continue
            if not each.domains or producer.domain in each.domains:
                yield event, each


def consumed_by(model: Model, service: Service) -> list[str]:
    """Ids of the events that a service takes in, named or collected, each once; sorted."""
    named = {each.event for each in service.consumes}
    return sorted(named | {event.id for event, _ in collected_by(model, service)})


def heard_by(model: Model, service: Service) -> Iterator[str]:
    """Topics that a service reads."""
    for each in consumed_by(model, service):
        event = model.get(Event, each)
        if event is not None:
            yield event.topic
    yield from logs_of(model, service)
    yield from queued_calls_of(service)
