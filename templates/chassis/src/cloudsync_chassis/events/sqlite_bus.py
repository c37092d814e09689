"""The embedded bus between processes: one SQLite file in the state folder."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from cloudsync_chassis.events.bus import Delivery, Tail
from cloudsync_chassis.events.envelope import Event
from cloudsync_chassis.store.columns import Json, sql
from cloudsync_chassis.store.database import Database

metadata = sa.MetaData()

log = sa.Table(
    "log",
    metadata,
    sa.Column("position", sa.Integer(), primary_key=True, autoincrement=True),
    sa.Column("topic", sql("text"), nullable=False),
    sa.Column("event", Json(), nullable=False),
    sa.Index("log_topic", "topic", "position"),
    sqlite_autoincrement=True,
)

offsets = sa.Table(
    "offsets",
    metadata,
    sa.Column("consumers", sql("text"), primary_key=True),
    sa.Column("topic", sql("text"), primary_key=True),
    sa.Column("position", sa.Integer(), nullable=False),
)


_PLACED = insert(offsets)
_PLACE = (offsets.c.consumers, offsets.c.topic)
_MOVE = _PLACED.on_conflict_do_update(
    index_elements=_PLACE, set_={"position": _PLACED.excluded.position}
)
_ADVANCE = _PLACED.on_conflict_do_update(
    index_elements=_PLACE,
    set_={"position": _PLACED.excluded.position},
    where=offsets.c.position < _PLACED.excluded.position,
)
"""Of two copies of a service the slower one does not move the group back."""


_TOGETHER = 200
"""Events that a tail reads at once."""


class SqliteBus:
    """While nothing comes it looks every `pause` seconds whether somebody has written to the file,
    for at most `wait` seconds a fetch, each of which looks into it.
    """

    is_log = True

    def __init__(self, path: Path, pause: float = 0.05, wait: float = 1.0) -> None:
        self._database = Database(f"sqlite+aiosqlite:///{path}", pool=2)
        self._path = path
        self._files = (path, path.with_name(f"{path.name}-wal"))
        self._looks: dict[tuple[str, ...], sa.Select[tuple[int, Any]]] = {}
        self._pause = pause
        self._wait = wait

    async def start(self) -> None:
        """See `Bus.start`."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        await self._database.create_all(metadata)

    async def stop(self) -> None:
        """See `Bus.stop`."""
        await self._database.dispose()

    async def publish(self, events: Sequence[Event]) -> None:
        """See `Bus.publish`."""
        rows: list[dict[str, object]] = [
            {"topic": event.topic, "event": event.to_json()} for event in events
        ]
        if rows:
            await self._write(sa.insert(log), rows)

    async def fetch(self, group: str, topics: Sequence[str], limit: int) -> list[Delivery]:
        """See `Bus.fetch`."""
        return await self._found(partial(self._next, group, topics, limit))

    async def acknowledge(self, group: str, deliveries: Sequence[Delivery]) -> None:
        """See `Bus.acknowledge`."""
        last = {each.event.topic: each.offset for each in sorted(deliveries, key=_offset)}
        if last:
            await self._write(_ADVANCE, [_place(group, *each) for each in last.items()])

    async def rewind(self, group: str, topic: str, since: datetime) -> int:
        """See `Bus.rewind`."""
        statement = sa.select(log.c.position, log.c.event).where(log.c.topic == topic)
        async with self._database.transaction(write=False) as connection:
            rows = (await connection.execute(statement.order_by(log.c.position))).all()
        ahead = [at for at, row in enumerate(rows) if Event.from_json(row.event).time >= since] or [
            len(rows)
        ]
        position = rows[ahead[0] - 1].position if ahead[0] else 0
        await self._write(_MOVE, [_place(group, topic, position)])
        return len(rows) - ahead[0]

    async def tail(self, topics: Sequence[str]) -> Tail:
        """See `Bus.tail`."""
        async with self._database.transaction(write=False) as connection:
            last = (await connection.execute(sa.select(sa.func.max(log.c.position)))).scalar()
        return _Tail(self, topics, last or 0)

    async def after(self, topics: Sequence[str], position: int) -> list[Delivery]:
        """Events of the topics beyond a position; empty if none comes within a moment."""
        statement = (
            sa.select(log.c.position, log.c.event)
            .where(log.c.topic.in_(topics), log.c.position > position)
            .order_by(log.c.position)
            .limit(_TOGETHER)
        )

        async def look() -> list[Delivery]:
            async with self._database.transaction(write=False) as connection:
                rows = (await connection.execute(statement)).all()
            return [Delivery(row.position, Event.from_json(row.event)) for row in rows]

        return await self._found(look)

    async def _found(self, look: Callable[[], Awaitable[list[Delivery]]]) -> list[Delivery]:
        """What a look finds, once somebody has written if nothing is there yet."""
        until = time.monotonic() + self._wait
        while True:
            before = self._written()
            found = await look()
            if found or time.monotonic() >= until:
                return found
            await asyncio.sleep(self._pause)
            while self._written() == before and time.monotonic() < until:
                await asyncio.sleep(self._pause)

    def _written(self) -> list[tuple[int, int]]:
        """What differs once somebody has written; of two in one tick of the file system's clock it
        may miss the second, which the next fetch finds.
        """
        found = []
        for each in self._files:
            try:
                seen = each.stat()
            except FileNotFoundError:
                continue
            found.append((seen.st_mtime_ns, seen.st_size))
        return found

    async def _next(self, group: str, topics: Sequence[str], limit: int) -> list[Delivery]:
        of_group = {"group": group, "most": limit}
        async with self._database.transaction(write=False) as connection:
            rows = (await connection.execute(self._look(tuple(topics)), of_group)).all()
        return [Delivery(row.position, Event.from_json(row.event)) for row in rows]

    def _look(self, topics: tuple[str, ...]) -> sa.Select[tuple[int, Any]]:
        """What a group has not acknowledged of these topics; made once."""
        if topics not in self._looks:
            ours = offsets.c.consumers == sa.bindparam("group")
            self._looks[topics] = (
                sa.select(log.c.position, log.c.event)
                .outerjoin(offsets, sa.and_(offsets.c.topic == log.c.topic, ours))
                .where(log.c.topic.in_(topics))
                .where(log.c.position > sa.func.coalesce(offsets.c.position, 0))
                .order_by(log.c.position)
                .limit(sa.bindparam("most"))
            )
        return self._looks[topics]

    async def _write(self, statement: sa.Insert, rows: list[dict[str, object]]) -> None:
        async with self._database.transaction(write=True) as connection:
            await connection.execute(statement, rows)


class _Tail:
    """Reads beyond the last position that it has seen."""

    def __init__(self, bus: SqliteBus, topics: Sequence[str], position: int) -> None:
        self._bus = bus
        self._topics = tuple(topics)
        self._position = position

    async def events(self) -> list[Event]:
        """See `Tail.events`."""
        found = await self._bus.after(self._topics, self._position)
        if found:
            self._position = found[-1].offset
        return [each.event for each in found]

    async def close(self) -> None:
        """Nothing to close."""


def _offset(delivery: Delivery) -> int:
    return delivery.offset


def _place(group: str, topic: str, position: int) -> dict[str, object]:
    return {"consumers": group, "topic": topic, "position": position}
