"""A saga as a sequence of messages between services: what each step waits for, does and undoes."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from cloudsync_gen.engine.emit import mermaid
from cloudsync_gen.model.ids import name_of
from cloudsync_gen.model.layers.application import Command, Event, Saga, SagaStep
from cloudsync_gen.model.system import Model
from cloudsync_gen.report.d2 import quoted


class Message(Struct, frozen=True, kw_only=True):
    """From one participant to another, or to itself; `dashed` where something is undone."""

    source: str
    target: str
    label: str
    dashed: bool = False


class Sequence(Struct, frozen=True, kw_only=True):
    """Participants (ids of services) in the order in which they take part, and their messages."""

    saga: str
    title: str
    participants: tuple[str, ...]
    messages: tuple[Message, ...]


def sequence(model: Model, saga: Saga) -> Sequence:
    """The way to the end, and below it every compensation in the order that the model declares."""
    messages = [*_forward(model, saga), *_back(saga)]
    ends = (end for each in messages for end in (each.source, each.target))
    return Sequence(
        saga=saga.id,
        title=saga.name,
        participants=tuple(dict.fromkeys(ends)),
        messages=tuple(messages),
    )


def _forward(model: Model, saga: Saga) -> Iterator[Message]:
    before = _producer(model, saga.trigger) or saga.steps[0].service
    for step in saga.steps:
        cause = step.on or ""
        source = _producer(model, cause) or before
        label = _event(model, cause) if cause else "then"
        yield Message(source=source, target=step.service, label=label)
        yield Message(source=step.service, target=step.service, label=_step(step))
        before = step.service
    done = _producer(model, saga.completes_on) or before
    yield Message(source=done, target=done, label=f"{_event(model, saga.completes_on)}: complete")


def _back(saga: Saga) -> Iterator[Message]:
    for step in saga.steps:
        if step.compensation:
            label = f"undo {step.name}: {name_of(step.compensation)}"
            yield Message(source=step.service, target=step.service, label=label, dashed=True)


def _step(step: SagaStep) -> str:
    return f"{step.name}: {name_of(step.command)} (within {step.timeout})"


def _event(model: Model, event: str) -> str:
    found = model.get(Event, event)
    return found.name if found else name_of(event)


def _producer(model: Model, cause: str) -> str | None:
    found = model.get(Event, cause) or model.get(Command, cause)
    return found.service if found else None


def mermaid_lines(view: Sequence) -> Iterator[str]:
    """A Mermaid sequence diagram. Participants are numbered, so that no id can be a keyword."""
    numbers = {each: f"p{number}" for number, each in enumerate(view.participants)}
    yield "sequenceDiagram"
    for each in view.participants:
        yield f"  participant {numbers[each]} as {mermaid(name_of(each))}"
    for message in view.messages:
        arrow = "-->>" if message.dashed else "->>"
        ends = f"{numbers[message.source]}{arrow}{numbers[message.target]}"
        yield f"  {ends}: {mermaid(message.label)}"


def d2_lines(view: Sequence) -> Iterator[str]:
    """The same for d2."""
    numbers = {each: f"p{number}" for number, each in enumerate(view.participants)}
    yield "shape: sequence_diagram"
    for each in view.participants:
        yield f"{numbers[each]}: {quoted(name_of(each))}"
    for message in view.messages:
        style = " {style.stroke-dash: 4}" if message.dashed else ""
        ends = f"{numbers[message.source]} -> {numbers[message.target]}"
        yield f"{ends}: {quoted(message.label)}{style}"
