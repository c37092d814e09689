"""The faults that a bus commits on purpose, and what it promises all the same."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from cloudsync_chassis.events.bus import InProcessBus
from cloudsync_chassis.events.envelope import Event
from cloudsync_chassis.events.faulty_bus import FaultyBus, LostError
from cloudsync_chassis.ids import uuid7
from cloudsync_chassis.settings import Settings

TOPIC = "shop.orders.v1"
Told = Callable[..., None]


@pytest.fixture
def sound() -> InProcessBus:
    return InProcessBus(wait=0.01)


@pytest.fixture
def plan(tmp_path: Path) -> Told:
    def told(service: str = "shop", **shares: float) -> None:
        document = {"seed": 3, "longest": 0.1, "services": {service: shares}}
        (tmp_path / "faults.json").write_text(json.dumps(document), "utf-8")

    return told


@pytest.fixture
def bus(sound: InProcessBus, tmp_path: Path) -> FaultyBus:
    return FaultyBus(sound, tmp_path / "faults.json", "shop")


def event(subject: str, sequence: int = 1) -> Event:
    return Event(
        id=uuid7(),
        type="Counted",
        source="/shop",
        topic=TOPIC,
        subject=subject,
        time=datetime.now(UTC),
        sequence=sequence,
    )


async def drained(bus: FaultyBus, count: int) -> list[Event]:
    """So many different events, each acknowledged as it is handled, as a consumer does."""
    found: list[Event] = []
    async with asyncio.timeout(20):
        while len({each.id for each in found}) < count:
            for each in await bus.fetch("g", [TOPIC], 10):
                found.append(each.event)
                await bus.acknowledge("g", [each])
    return found


async def test_without_a_file_or_for_others_nothing_goes_wrong(bus: FaultyBus, plan: Told) -> None:
    sent = [event(f"k{n}") for n in range(5)]
    await bus.publish(sent[:2])
    plan(service="another", drop=1, duplicate=1, reorder=1)
    await bus.publish(sent[2:])
    assert await drained(bus, 5) == sent


async def test_what_is_published_is_lost_or_only_the_answer(
    bus: FaultyBus, sound: InProcessBus, plan: Told
) -> None:
    plan(drop=1)
    with pytest.raises(LostError):
        await bus.publish([event("k")])
    assert sound.log == []
    plan(drop=0, duplicate=1)
    with pytest.raises(LostError):
        await bus.publish([event("k")])
    assert len(sound.log) == 1


async def test_a_delivery_that_is_lost_comes_again_with_what_follows(
    bus: FaultyBus, plan: Told
) -> None:
    sent = [event("k", n) for n in range(40)]
    await bus.publish(sent)
    plan(drop=0.3)
    assert await drained(bus, 40) == sent
    plan()
    await bus.publish([event("k", 41)])
    plan(drop=1)
    assert await bus.fetch("g", [TOPIC], 10) == []


async def test_a_delivery_comes_twice(bus: FaultyBus, plan: Told) -> None:
    sent = [event("k", n) for n in range(3)]
    await bus.publish(sent)
    plan(duplicate=1.0)
    assert await drained(bus, 3) == [each for each in sent for _ in range(2)]
    assert await bus.fetch("g", [TOPIC], 10) == []


async def test_order_is_kept_within_an_aggregate_alone(bus: FaultyBus, plan: Told) -> None:
    sent = [event(f"k{n % 3}", n) for n in range(60)]
    await bus.publish(sent)
    plan(reorder=0.5)
    found = await drained(bus, 60)
    assert found != sent
    assert {each.id for each in found} == {each.id for each in sent}
    for key in ("k0", "k1", "k2"):
        mine = [each.sequence for each in found if each.subject == key]
        assert mine == sorted(mine)


async def test_nothing_is_acknowledged_before_what_it_overtook(bus: FaultyBus, plan: Told) -> None:
    sent = [event("a"), event("b")]
    await bus.publish(sent)
    plan(reorder=1)
    first, second = await bus.fetch("g", [TOPIC], 10)
    assert [first.event, second.event] == [sent[1], sent[0]]
    await bus.acknowledge("g", [first])
    plan()
    assert [each.event for each in await bus.fetch("g", [TOPIC], 10)] == sent


async def test_it_takes_longer(bus: FaultyBus, plan: Told) -> None:
    plan(slow=1)
    began = asyncio.get_running_loop().time()
    for _ in range(5):
        await bus.publish([event("k")])
    assert 0.01 < asyncio.get_running_loop().time() - began < 5


async def test_the_seed_decides(sound: InProcessBus, plan: Told, tmp_path: Path) -> None:
    plan(reorder=0.5, duplicate=0.3)
    await sound.publish([event(f"k{n}") for n in range(20)])
    runs = []
    for group in ("one", "other"):
        bus = FaultyBus(sound, tmp_path / "faults.json", "shop")
        runs.append([each.event.id for each in await bus.fetch(group, [TOPIC], 20)])
    assert runs[0] == runs[1]
    assert len(runs[0]) > 20


async def test_what_is_no_plan_is_refused(bus: FaultyBus, plan: Told) -> None:
    plan(drop=2.0)
    with pytest.raises(ValidationError):
        await bus.publish([event("k")])


def test_production_has_no_faults_on_purpose(tmp_path: Path) -> None:
    needed: dict[str, Any] = {
        f"{name}_key_file": tmp_path / name for name in ("field", "index", "cursor", "audit")
    }
    needed |= {"database_url": "postgresql+psycopg://", "jwks_url": "https://keys.invalid/"}
    assert Settings(environment="production", **needed).bus_faults is None
    with pytest.raises(ValidationError, match="bus_faults are not for production"):
        Settings(environment="production", bus_faults=tmp_path / "faults.json", **needed)
