"""SIGKILL between commit, publish and acknowledge: nothing is lost, nothing is handled twice."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa

from cloudsync_chassis.ids import uuid7
from cloudsync_chassis.store.database import Database
from purchase import EFFECTS, Trader

HERE = Path(__file__).parent
KILLS = int(os.environ.get("CHASSIS_TEST_KILLS", "8"))
POINTS = (
    *("before-publish", "after-publish", "before-commit", "after-commit"),
    *("before-acknowledge", "after-acknowledge"),
)


def program(name: str, *arguments: str) -> subprocess.Popen[bytes]:
    source = HERE.parent / "src"
    return subprocess.Popen(
        [sys.executable, str(HERE / name), *arguments],
        env={**os.environ, "PYTHONPATH": f"{source}{os.pathsep}{HERE}"},
        stdout=subprocess.DEVNULL,
    )


async def effects(path: Path) -> list[tuple[UUID, str]]:
    database = Database(f"sqlite+aiosqlite:///{path}")
    async with database.transaction(write=False) as connection:
        rows = (await connection.execute(sa.select(EFFECTS).order_by(EFFECTS.c.number))).all()
    await database.dispose()
    return [(row.order_id, row.what) for row in rows]


def test_no_event_is_lost_and_none_handled_twice_however_often_the_process_is_killed(
    tmp_path: Path,
) -> None:
    chance, orders, killed = random.Random(20), 40, Counter[str]()
    for _ in range(KILLS):
        point, when = chance.choice(POINTS), chance.randint(1, 3)
        process = program("crasher.py", str(tmp_path), str(orders), point, str(when))
        assert process.wait(60) in (0, -signal.SIGKILL)
        killed[point] += process.returncode == -signal.SIGKILL
    assert killed.total() >= KILLS // 2, "most runs must end by being killed"
    assert len(killed) > 2
    assert program("crasher.py", str(tmp_path), str(orders), "never", "0").wait(60) == 0
    found = asyncio.run(effects(tmp_path / "counter" / "store.sqlite"))
    made = [order for order, what in found if what == "made"]
    handled = [order for order, what in found if what == "handled"]
    assert len(made) == len(set(made)) == orders
    assert len(handled) == len(set(handled)), "handled twice"
    assert set(handled) == set(made), "lost"


@pytest.mark.parametrize("trouble", [{}, {"pay": "refuse"}], ids=["completes", "undone"])
async def test_a_saga_ends_well_though_both_services_are_killed(
    tmp_path: Path, trouble: dict[str, str]
) -> None:
    chance, tenant = random.Random(7), uuid7()
    orders = [uuid7() for _ in range(8)]
    first = Trader("shop", tmp_path, trouble)
    await first.runtime.prepare_database()
    for order in orders:
        await first.place(order, tenant)
    await first.runtime.database.dispose()
    for _ in range(KILLS):
        services = [
            program("purchase.py", name, str(tmp_path), *trouble.values())
            for name in ("shop", "store")
        ]
        await asyncio.sleep(chance.uniform(0.8, 1.6))
        for each in services:
            each.kill()
            each.wait()
    shop, store = Trader("shop", tmp_path, trouble), Trader("store", tmp_path, trouble)
    for each in (shop, store):
        await each.runtime.start()
    wanted = {
        "shop": ["place", "undo place"] if trouble else ["place", "pay"],
        "store": ["reserve", "undo reserve"] if trouble else ["reserve", "pack", "send"],
    }
    async with asyncio.timeout(60):
        while len(await store.effects()) < len(orders) * len(wanted["store"]):
            await asyncio.sleep(0.1)
        while len(await shop.effects()) < len(orders) * len(wanted["shop"]):
            await asyncio.sleep(0.1)
    await asyncio.sleep(0.5)
    for each in (shop, store):
        await each.runtime.stop()
        name = each.runtime.spec.name
        done = await effects(tmp_path / name / "store.sqlite")
        for order in orders:
            assert [what for which, what in done if which == order] == wanted[name]


COMMITTED = (
    ("store", "Reserved", ()),
    ("shop", "Paid", ()),
    ("store", "Sent", ()),
    ("store", "saga.told", ()),
    ("shop", "Refused", ("refuse",)),
    ("shop", "saga.told", ("refuse",)),
)


@pytest.mark.parametrize(("name", "kind", "words"), COMMITTED)
async def test_a_saga_ends_well_though_a_service_is_killed_between_commit_and_publication(
    tmp_path: Path, name: str, kind: str, words: tuple[str, ...]
) -> None:
    """What a step wrote is there, nobody has heard of it yet, and nothing is done a second time."""
    order = uuid7()
    first = Trader("shop", tmp_path, {})
    await first.runtime.prepare_database()
    await first.place(order, uuid7())
    await first.runtime.database.dispose()
    other = "shop" if name == "store" else "store"
    doomed = program("purchase.py", name, str(tmp_path), *words, f"kill={kind}")
    companion = program("purchase.py", other, str(tmp_path), *words)
    try:
        assert await asyncio.to_thread(doomed.wait, 30) == -signal.SIGKILL
    finally:
        companion.kill()
        companion.wait()
    trouble = {"pay": "refuse"} if words else {}
    traders = [Trader(each, tmp_path, trouble) for each in ("shop", "store")]
    for each in traders:
        await each.runtime.start()
    wanted = (
        [["place", "undo place"], ["reserve", "undo reserve"]]
        if words
        else [["place", "pay"], ["reserve", "pack", "send"]]
    )
    async with asyncio.timeout(30):
        while [await each.effects() for each in traders] != wanted:
            await asyncio.sleep(0.1)
    await asyncio.sleep(0.5)
    assert [await each.effects() for each in traders] == wanted
    for each in traders:
        await each.runtime.stop()
