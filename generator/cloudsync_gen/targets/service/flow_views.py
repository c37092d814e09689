"""What a service's tables of topics, queues, event logs and sagas are rendered from."""

from __future__ import annotations

from msgspec import Struct


class CallView(Struct, frozen=True, kw_only=True):
    """A command called with parts of a payload; `property` is empty for the whole of it.

    Without a `request` it is called with the event itself.
    """

    method: str
    request: str
    fields: tuple[tuple[str, str], ...]

    @property
    def mapping(self) -> dict[str, str]:
        """The fields by name."""
        return dict(self.fields)


class QueueView(Struct, frozen=True, kw_only=True):
    """A queue that the service takes from, sends to or lets messages die in; `ttl` in seconds."""

    name: str
    kind: str
    delivery_limit: int | None
    ttl: float | None
    max_length: int | None
    dead_letter: str
    prefetch: int


class WorkView(Struct, frozen=True, kw_only=True):
    """A command taken from a queue; `attempts` is 0 where the queue does not say."""

    queue: str
    command: str
    attempts: int
    call: CallView


class StepView(Struct, frozen=True, kw_only=True):
    """A step of a saga; `undo` calls its compensation, if the step's own data are enough.

    Of another service's step only what all have to know is given: `mine` is false.
    """

    name: str
    service: str
    mine: bool
    command: str
    on: str
    outcomes: tuple[str, ...]
    compensation: str
    undone_on: tuple[str, ...]
    timeout: float
    optional: bool
    repeatable: bool
    key: str
    undo: CallView | None

    @property
    def row(self) -> tuple[str, ...]:
        """What others have to know: name, service, key and, where there is one, compensation."""
        told = (self.name, self.service, self.key, self.compensation)
        return told if self.compensation else told[:3]


class SagaView(Struct, frozen=True, kw_only=True):
    """A saga in which the service has steps, or which its events begin or end.

    `awaited`: numbers of the steps without which it is not complete. `decided_by`: that of its
    pivot, where the model names it.
    """

    name: str
    topic: str
    trigger: str
    completes_on: str
    fails_on: tuple[str, ...]
    deadline: float
    awaited: tuple[int, ...]
    decided_by: int | None
    steps: tuple[StepView, ...]


class FlowsView(Struct, frozen=True, kw_only=True):
    """How work reaches a service and leaves it.

    `dead_letters`: topic or queue → where what fails goes. `streams`: aggregates with an event log
    → events between two snapshots, 0 for none.
    """

    dead_letters: dict[str, str]
    queues: tuple[QueueView, ...]
    work: tuple[WorkView, ...]
    streams: dict[str, int]
    sagas: tuple[SagaView, ...]

    @property
    def piled_as_usual(self) -> bool:
        """Whether all dead letters lie where the chassis would put them by itself."""
        return all(pile == f"{name}.dlq" for name, pile in self.dead_letters.items())

    @property
    def undos(self) -> tuple[tuple[str, str, CallView], ...]:
        """(saga, step, call) of the compensations that need no event."""
        return tuple(
            (saga.name, step.name, step.undo)
            for saga in self.sagas
            for step in saga.steps
            if step.undo is not None
        )
