"""Replay: what was missed is handled, what was handled is not handled again."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

import bookshop
from cloudsync_chassis import serve
from cloudsync_chassis.events.envelope import Event
from cloudsync_chassis.events.sqlite_bus import SqliteBus
from cloudsync_chassis.ids import uuid7
from cloudsync_chassis.problem import NOT_FOUND
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.testing import Running, isolated, running

TOPIC = "shop.market.price.v1"


def suggestion(book: str, organization: UUID, price: int) -> Event:
    return Event(
        id=uuid7(),
        type="PriceSuggested",
        source="/market-service",
        topic=TOPIC,
        subject=book,
        time=datetime.now(UTC),
        organization_id=organization,
        data={"bookId": book, "priceMinor": price},
    )


def command(monkeypatch: pytest.MonkeyPatch, state: Path, *arguments: str) -> int:
    for name, value in (("STATE_DIR", str(state)), ("BUS", "sqlite")):
        monkeypatch.setenv(f"BOOK_SERVICE_{name}", value)
    build: Any = None
    return serve.main(bookshop.SERVICE, bookshop.BookSettings, build, ["replay", *arguments])


async def listed(shop: Running, clerk: Any) -> str:
    body = {"title": "Emma", "priceMinor": 700}
    answer = await shop.http.post("/v1/books", json=body, headers=clerk.headers)
    return str(answer.json()["id"])


def test_replayed_events_meet_the_inbox_and_dead_letters_get_another_chance(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = bookshop.BookSettings(**{**isolated(tmp_path), "bus": "sqlite"})
    began = datetime.now(UTC) - timedelta(seconds=1)

    async def serve_until(wanted: int, events: list[Event], refuse: bool = False) -> list[int]:
        runtime = Runtime(bookshop.SERVICE, settings)
        service = bookshop.Books(runtime)
        usual, seen = service.on_price_suggested, []

        async def handle(ctx: Any, event: Any) -> None:
            seen.append(event.data.price_minor)
            if refuse:
                raise NOT_FOUND()
            await usual(ctx, event)

        monkeypatch.setattr(service, "on_price_suggested", handle)
        async with running(bookshop.build(runtime, service)) as shop:
            if not made:
                made.append(shop.caller("clerk"))
                made.append(await listed(shop, made[0]))
            book = made[1]
            await runtime.bus.publish([replace(each, subject=book) for each in events])
            async with asyncio.timeout(10):
                while len(seen) < wanted:
                    await asyncio.sleep(0.02)
            await asyncio.sleep(0.3)
        return seen

    made: list[Any] = []

    async def first() -> list[int]:
        await serve_until(0, [])
        events = [suggestion(made[1], made[0].organization, price) for price in (1, 2)]
        assert await serve_until(2, events) == [1, 2]
        return await serve_until(1, [suggestion(made[1], made[0].organization, 3)], refuse=True)

    assert asyncio.run(first()) == [3]
    since = ("--topic", TOPIC, "--since", began.isoformat())
    assert command(monkeypatch, tmp_path, *since) == 0
    assert "3 events" in capsys.readouterr().out
    assert asyncio.run(serve_until(1, [])) == [3], "only what never was handled"
    assert command(monkeypatch, tmp_path, *since, "--dead-letters") == 0
    assert "1 events" in capsys.readouterr().out
    assert asyncio.run(serve_until(0, [])) == [], "the replay has handled it already"
    assert command(monkeypatch, tmp_path, *since, "--dead-letters") == 0
    assert "0 events" in capsys.readouterr().out


def test_an_instant_without_an_offset_is_no_instant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SystemExit) as ended:
        command(monkeypatch, tmp_path, "--topic", TOPIC, "--since", "2026-01-01T00:00:00")
    assert ended.value.code == serve.WRONG_USAGE


async def test_only_the_groups_own_dead_letters_come_back(tmp_path: Path) -> None:
    from cloudsync_chassis.events.envelope import Failure
    from cloudsync_chassis.events.replay import revive

    bus = SqliteBus(tmp_path / "bus.sqlite", wait=0.1)
    await bus.start()
    event = suggestion(str(uuid7()), uuid7(), 1)
    piles = [
        replace(event, topic="dead", failure=Failure(TOPIC, group, "RuntimeError"))
        for group in ("a", "b")
    ]
    await bus.publish(piles)
    since = datetime.now(UTC) - timedelta(hours=1)
    assert await revive(bus, "a", "dead", since) == 1
    assert await revive(bus, "a", "dead", since) == 0
    assert await revive(bus, "b", "dead", since) == 1
    back = await bus.fetch("x", [TOPIC], 10)
    assert [each.event for each in back] == [event, event]
    await bus.stop()
