"""Topics, queues, event logs and sagas of the model, as they concern one service."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cloudsync_gen.model.event_names import event_type
from cloudsync_gen.model.exchanges import kept_by, participants
from cloudsync_gen.model.ids import name_of
from cloudsync_gen.model.layers.application import Command, Event, Saga, SagaStep
from cloudsync_gen.model.layers.datastore import Keyspace, WideTable
from cloudsync_gen.model.layers.technology import Queue, Topic
from cloudsync_gen.model.system import Model
from cloudsync_gen.model.values import milliseconds
from cloudsync_gen.naming import camel
from cloudsync_gen.targets.service.consumers import call_of
from cloudsync_gen.targets.service.facts import ServiceFacts
from cloudsync_gen.targets.service.flow_views import (
    CallView,
    FlowsView,
    QueueView,
    SagaView,
    StepView,
    WorkView,
)
from cloudsync_gen.targets.service.views import MethodView

SNAPSHOT_EVERY = 50
"""Events between two snapshots of an aggregate whose keyspace has a table for them."""

_EVENT_LOG = frozenset(("event_id", "sequence", "occurred_at"))
_SNAPSHOTS = frozenset(("sequence", "state", "taken_at"))
_ANY_AGGREGATE = "aggregate_type"


def flows_of(facts: ServiceFacts, methods: tuple[MethodView, ...]) -> FlowsView:
    """How work reaches the service and leaves it."""
    by_name = {method.name: method for method in methods}
    return FlowsView(
        dead_letters=_dead_letters(facts),
        queues=tuple(_queues(facts)),
        work=tuple(_work(facts, by_name)),
        streams=_streams(facts),
        sagas=tuple(_sagas(facts, by_name)),
    )


def _dead_letters(facts: ServiceFacts) -> dict[str, str]:
    model, found = facts.model, {}
    for heard in kept_by(model, facts.service):
        topic = model.get(Topic, heard)
        dead = model.get(Topic, topic.dead_letter or "") if topic else None
        if topic is not None and dead is not None:
            found[topic.topic] = dead.topic
    for use in facts.service.queues:
        queue = model.get(Queue, use.queue)
        lost = model.get(Queue, queue.dead_letter or "") if queue else None
        if queue is not None and lost is not None:
            found[queue.queue] = lost.queue
    return dict(sorted(found.items()))


def _queues(facts: ServiceFacts) -> Iterator[QueueView]:
    """By name: those used, and where their messages go in the end."""
    prefetch: dict[str, int] = {}
    for use in facts.service.queues:
        prefetch[use.queue] = max(use.prefetch, prefetch.get(use.queue, 0))
    pending = [*prefetch, *(each.queue for each in facts.service.sends)]
    found: dict[str, Queue] = {}
    while pending:
        queue = facts.model.get(Queue, pending.pop())
        if queue is not None and queue.id not in found:
            found[queue.id] = queue
            pending += [queue.dead_letter] if queue.dead_letter else []
    for queue in sorted(found.values(), key=lambda each: each.queue):
        lost = facts.model.get(Queue, queue.dead_letter or "")
        yield QueueView(
            name=queue.queue,
            kind=queue.kind,
            delivery_limit=queue.delivery_limit,
            ttl=milliseconds(queue.message_ttl) / 1000 if queue.message_ttl else None,
            max_length=queue.max_length,
            dead_letter=lost.queue if lost else "",
            prefetch=prefetch.get(queue.id, 0),
        )


def _work(facts: ServiceFacts, methods: Mapping[str, MethodView]) -> Iterator[WorkView]:
    """Messages hold the command's arguments by name."""
    for use in facts.service.queues:
        queue = facts.model.get(Queue, use.queue)
        command = facts.model.get(Command, use.command)
        method = methods.get(facts.methods.get(use.command, ""))
        if queue is not None and command is not None and method is not None:
            call = CallView(
                method=method.name,
                request=method.request,
                fields=tuple((each.name, camel(each.name)) for each in method.fields),
            )
            yield WorkView(
                queue=queue.queue,
                command=name_of(command.id),
                attempts=queue.delivery_limit or 0,
                call=call,
            )


def _streams(facts: ServiceFacts) -> dict[str, int]:
    """Aggregates for which the service writes an event log.

    The model has no word for it; it is a wide table with a row per event and no entity behind it,
    which is told by its columns: for all aggregates of the service where a column names their
    type, else for the one whose id begins its key.
    """
    keyspaces = {each.id for each in facts.model.where(Keyspace, "service", facts.service.id)}
    tables = [each for each in facts.model.all(WideTable) if each.keyspace in keyspaces]
    every = SNAPSHOT_EVERY if any(each.columns.keys() >= _SNAPSHOTS for each in tables) else 0
    found: dict[str, int] = {}
    for table in tables:
        if not table.columns.keys() >= _EVENT_LOG:
            continue
        for aggregate in map(name_of, facts.aggregates):
            own = f"{aggregate.replace('-', '_')}_id" in table.partition_key
            if own or _ANY_AGGREGATE in table.columns:
                found[aggregate] = every
    return dict(sorted(found.items()))


def _sagas(facts: ServiceFacts, methods: Mapping[str, MethodView]) -> Iterator[SagaView]:
    model, me = facts.model, facts.service.id
    for saga in model.all(Saga):
        if me not in participants(model, saga):
            continue
        topic = model.get(Topic, saga.topic)
        yield SagaView(
            name=name_of(saga.id),
            topic=topic.topic if topic else "",
            trigger=_type(facts, saga.trigger),
            completes_on=_type(facts, saga.completes_on),
            fails_on=tuple(_type(facts, each) for each in saga.fails_on),
            deadline=milliseconds(saga.deadline) / 1000,
            awaited=_awaited(model, saga),
            decided_by=next((at for at, step in enumerate(saga.steps) if step.pivot), None),
            steps=tuple(_step(facts, saga, step, methods) for step in saga.steps),
        )


def _awaited(model: Model, saga: Saga) -> tuple[int, ...]:
    """The last step that announces the end of the saga, and those that are awaited beside it."""
    waiting = [at for at, step in enumerate(saga.steps) if step.awaited]
    ends = [
        at
        for at, step in enumerate(saga.steps)
        if (command := model.get(Command, step.command)) and saga.completes_on in command.emits
    ]
    return tuple(dict.fromkeys((*ends[-1:], *waiting))) if waiting and ends else ()


def _step(
    facts: ServiceFacts, saga: Saga, step: SagaStep, methods: Mapping[str, MethodView]
) -> StepView:
    listens = [
        each.event
        for each in facts.service.consumes
        if step.compensation is not None and each.command == step.compensation
    ]
    mine = step.service == facts.service.id
    command = facts.model.get(Command, step.command)
    return StepView(
        name=step.name,
        service=name_of(step.service),
        mine=mine,
        command=name_of(step.command),
        on=_type(facts, step.on) if step.on else "",
        outcomes=tuple(_type(facts, each) for each in _outcomes(facts, saga, step)),
        compensation=name_of(step.compensation) if step.compensation else "",
        undone_on=tuple(_type(facts, each) for each in listens) if mine else (),
        timeout=milliseconds(step.timeout) / 1000,
        optional=step.optional,
        repeatable=command is not None and command.idempotency == "natural",
        key=step.idempotency_key,
        undo=_undo(facts, saga, step, methods) if mine else None,
    )


def _outcomes(facts: ServiceFacts, saga: Saga, step: SagaStep) -> list[str]:
    """Of what the command announces: what the saga goes on by. A step that nobody waits for is done
    once it has been carried out, whether or not there was anything to announce.
    """
    command = facts.model.get(Command, step.command)
    announced = [each for each in (command.emits if command else ()) if each not in saga.fails_on]
    onward = {saga.trigger, saga.completes_on, *(each.on for each in saga.steps)}
    return [each for each in announced if each in onward]


def _undo(
    facts: ServiceFacts, saga: Saga, step: SagaStep, methods: Mapping[str, MethodView]
) -> CallView | None:
    event = facts.model.get(Event, step.on or saga.trigger)
    command = facts.model.get(Command, step.compensation or "")
    if event is None or command is None:
        return None
    return call_of(facts, event, command, methods, whole=_fits(facts, event, command))


def _fits(facts: ServiceFacts, event: Event, command: Command) -> bool:
    """Whether an event's data have all that a command's input must have, in the same form."""
    if command.input is None:
        return False
    wanted, there = facts.schema(command.input), facts.schema(event.payload)
    known = there.get("properties", {})
    needed = wanted.get("required", ())
    forms = wanted.get("properties", {})
    surely = set(there.get("required", ()))
    return all(each in surely and known[each] == forms[each] for each in needed)


def _type(facts: ServiceFacts, event: str) -> str:
    found = facts.model.get(Event, event)
    return event_type(facts.model, found) if found else ""
