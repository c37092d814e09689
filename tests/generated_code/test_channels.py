"""Every consumer of every channel receives events made as the published contract has them."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from random import Random

import pytest
from cloudsync_chassis import problem
from cloudsync_chassis.client.errors import RefusedError
from cloudsync_chassis.client.queue import CALL_UNKNOWN, QUEUED
from cloudsync_chassis.events.envelope import Event
from cloudsync_chassis.events.sqlite_bus import SqliteBus
from cloudsync_chassis.problem import UNAVAILABLE, ProblemType
from cloudsync_chassis.sagas.words import TOLD

from cloudsync_gen.model.event_names import event_type
from cloudsync_gen.model.exchanges import consumed_by, followed_by, handled_by
from cloudsync_gen.model.ids import name_of
from cloudsync_gen.model.layers.application import Command, Service
from cloudsync_gen.model.layers.application import Event as Declared
from cloudsync_gen.model.system import Model
from demo.system import Running, running
from support.channels import Message, event, messages
from support.effort import Effort

ROOT = Path(__file__).parents[2]
SEED = 24
PATIENCE = 240.0
KEPT = "kept for another attempt"

REFUSALS = (
    KEPT,
    CALL_UNKNOWN.slug,  # the calls of examples lead nowhere
    UNAVAILABLE.slug,  # what is told of something has overtaken what makes it known
    RefusedError.__name__,  # another service does not know it
)
"""What may become of an event of things that nobody knows, beside what its service declares."""

Told = dict[tuple[str, str], str]
"""Service, id of an event → what became of it."""


def _sample(effort: Effort, found: Sequence[Message]) -> list[str]:
    names = sorted({name for each in found for name in each.receivers})
    return names if effort.full else sorted(Random(SEED).sample(names, 2))


@pytest.fixture(scope="module")
def published() -> list[Message]:
    return list(messages(ROOT / "contracts" / "asyncapi"))


@pytest.fixture(scope="module")
def system(
    tmp_path_factory: pytest.TempPathFactory, effort: Effort, published: list[Message]
) -> Iterator[Running]:
    """The receivers, or some of them beside stand-ins."""
    folder = tmp_path_factory.mktemp("channels")
    with running(folder, _sample(effort, published), traced=False) as found:
        yield found


def test_the_contracts_name_every_consumer_of_the_model(
    system: Running, published: list[Message]
) -> None:
    """A channel that a contract forgets would not be tried."""
    model = system.model
    consumed = {(s.id, each) for s in model.all(Service) for each in consumed_by(model, s)}
    types = {each.id: event_type(model, each) for each in model.all(Declared)}
    meant = {(name_of(service), types[each]) for service, each in consumed}
    told = {(name, each.type) for each in published for name in each.receivers}
    assert {each for each in told if each[1] not in (QUEUED, TOLD)} == meant


async def test_every_consumer_handles_what_its_channels_carry(
    system: Running, published: list[Message]
) -> None:
    """Each event has been handled, or refused in words that the service declares; none is lost, and
    none ends in an exception that nobody thought of. Who only follows one has nothing to handle:
    what its listeners are told is tried in test_graphql_services.py.
    """
    up = system.supervisor.all.keys()
    sent = [
        (each, event(each, data))
        for each in published
        if each.receivers & up
        for data in (each.example, each.least)
    ]
    await _publish(system, [each for _, each in sent])
    followed = set(_only_followed(system.model))
    expected = {
        (name, str(each.id)): f"{name}: {message.type}"
        for message, each in sent
        for name in message.receivers & up
        if (name, message.type) not in followed
    }
    told: Told = {}

    def all_told() -> bool:
        told.update(_outcomes(system))
        return expected.keys() <= told.keys()

    try:
        system.until("the last event", all_told, PATIENCE)
    finally:
        lost = sorted(what for each, what in expected.items() if each not in told)
        assert lost == []
    odd = sorted(
        f"{what} {told[each]}"
        for each, what in expected.items()
        if told[each] not in {"handled", *REFUSALS} | _declared(system, each[0])
    )
    assert odd == []
    assert _unwritten(system) == []
    assert Counter(told[each] for each in expected)["handled"] > len(expected) / 2


def _only_followed(model: Model) -> Iterator[tuple[str, str]]:
    """Services, and types of events that subscriptions of theirs follow and nothing else takes."""
    types = {each.id: event_type(model, each) for each in model.all(Declared)}
    for service in model.all(Service):
        for each in {*followed_by(model, service)} - handled_by(model, service):
            yield name_of(service.id), types[each]


def _unwritten(system: Running) -> list[str]:
    """Events for which a service says that nobody has written what it does with them."""
    found = []
    for name, each in system.supervisor.all.items():
        for line in each.log.read_text("utf-8", "replace").splitlines():
            if '"event_not_handled"' in line:
                found.append(f"{name}: {json.loads(line)['operation']}")
    return sorted(set(found))


async def _publish(system: Running, events: Sequence[Event]) -> None:
    bus = SqliteBus(system.state / "bus.sqlite")
    await bus.start()
    try:
        await bus.publish(events)
    finally:
        await bus.stop()


def _outcomes(system: Running) -> Iterator[tuple[tuple[str, str], str]]:
    for name in system.supervisor.all:
        for (identity,) in system.rows(name, "select event_id from inbox where consumer = ?", name):
            yield (name, identity), "handled"
        for (kept,) in system.rows(name, "select event from saga_repeats"):
            yield (name, json.loads(kept)["id"]), KEPT
    with closing(sqlite3.connect(system.state / "bus.sqlite")) as bus:
        rows = bus.execute("select event from log where event like '%failedgroup%'").fetchall()
    for (text,) in rows:
        dead = json.loads(text)
        yield (dead["failedgroup"], dead["id"]), dead["failedreason"]


def _declared(system: Running, service: str) -> set[str]:
    """Refusals that the commands of a service declare, and those of every service."""
    own = {
        error.slug
        for each in system.model.all(Command)
        if name_of(each.service) == service
        for error in each.errors
    }
    common = (each for each in vars(problem).values() if isinstance(each, ProblemType))
    return own | {each.slug for each in common if each.status < 500}
