"""Who publishes to a topic and who hears it: events, logs of sagas, queued calls."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cloudsync_gen.model.layers.api import GraphqlApi, RootField
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


def followed_by(model: Model, service: Service) -> Iterator[str]:
    """Ids of the events that the subscriptions of a service's schema follow."""
    own = {each.document for each in model.where(GraphqlApi, "service", service.id)}
    for field in model.all(RootField) if own else ():
        if field.follows is not None and field.document in own:
            yield field.follows


def followers(model: Model, event: str) -> Iterator[str]:
    """Services whose subscriptions follow an event."""
    schemas = {each.document: each.service for each in model.all(GraphqlApi)}
    for origin in model.origins(event, "field-follows"):
        field = model.get(RootField, origin)
        service = schemas.get(field.document) if field is not None else None
        if service is not None:
            yield service


def handled_by(model: Model, service: Service) -> set[str]:
    """Ids of the events that a service handles, named or collected."""
    named = {each.event for each in service.consumes}
    collected = {event.id for event, _ in collected_by(model, service)}
    return named | collected


def consumed_by(model: Model, service: Service) -> list[str]:
    """Ids of the events that a service takes in, handled or followed, each once; sorted."""
    return sorted(handled_by(model, service) | {*followed_by(model, service)})


def heard_by(model: Model, service: Service) -> Iterator[str]:
    """Topics that a service reads."""
    yield from _topics(model, followed_by(model, service))
    yield from kept_by(model, service)


def kept_by(model: Model, service: Service) -> Iterator[str]:
    """Topics whose messages a service handles, so that one which it cannot is a dead letter."""
    yield from _topics(model, sorted(handled_by(model, service)))
    yield from logs_of(model, service)
    yield from queued_calls_of(service)


def _topics(model: Model, events: Iterable[str]) -> Iterator[str]:
    for each in events:
        event = model.get(Event, each)
        if event is not None:
            yield event.topic
