"""The event store: streams with optimistic concurrency, and snapshots of what they add up to."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

import sqlalchemy as sa
from pydantic import BaseModel
from pydantic_core import to_jsonable_python
from sqlalchemy.exc import IntegrityError

from cloudsync_chassis import ids
from cloudsync_chassis.context import Context
from cloudsync_chassis.problem import VERSION_CONFLICT
from cloudsync_chassis.store.engine import AsyncConnection
from cloudsync_chassis.store.statements import brief
from cloudsync_chassis.store.system import stream_events as log
from cloudsync_chassis.store.system import stream_snapshots as snapshots

S = TypeVar("S", bound=BaseModel)

_ONE_AT_A_TIME = 0x636C_6F75_6473
"""Key of PostgreSQL's advisory lock: appends commit in the order of their positions."""

_ADD = sa.insert(log).returning(log.c.position)


def _of(table: sa.Table) -> sa.ColumnElement[bool]:
    """The events or snapshots of the stream that `_place` tells."""
    return sa.and_(
        *(table.c[name] == sa.bindparam(f"of_{name}", type_=table.c[name].type) for name in _STREAM)
    )


_STREAM = ("organization_id", "kind", "stream")
_GIVEN = (*_STREAM, "event_id", "type", "data", "occurred_at")
_COUNTED = sa.func.coalesce(sa.func.max(log.c.version), 0)
_VERSION = brief(sa.select(_COUNTED).where(_of(log)))
_EXTEND = brief(
    sa.insert(log)
    .from_select(
        [*_GIVEN, "version"],
        sa.select(
            *(sa.bindparam(f"new_{name}", type_=log.c[name].type) for name in _GIVEN),
            _COUNTED + 1,
        ).where(_of(log)),
    )
    .returning(log.c.version)
)
"""Adds an event behind the last of a stream: looks for its place and takes it at once."""

_FOLLOWING = (
    sa.select(log)
    .where(_of(log), log.c.version > sa.bindparam("after", type_=log.c.version.type))
    .order_by(log.c.version)
)
_LATEST = (
    sa.select(snapshots.c.version, snapshots.c.state)
    .where(_of(snapshots))
    .order_by(snapshots.c.version.desc())
    .limit(1)
)


@dataclass(frozen=True, slots=True)
class Fact:
    """An event before it has a place; `data` is JSON."""

    type: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """An event at its place: the `version`-th of its stream, at `position` of the whole store."""

    position: int
    organization_id: UUID
    kind: str
    stream: UUID
    version: int
    event_id: UUID
    type: str
    data: Mapping[str, Any]
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A stream's state after its `version`-th event, as JSON; version 0: nothing was kept."""

    version: int
    state: Mapping[str, Any]


class EventStore:
    """Streams of the caller's tenant, within the running operation's transaction.

    `appended` is told how long it took to add to a stream, by its kind.
    """

    def __init__(self) -> None:
        self.appended: Callable[[str, float], None] = lambda kind, seconds: None

    async def append(
        self, ctx: Context, kind: str, stream: UUID, expected: int, facts: Sequence[Fact]
    ) -> int:
        """Add events to a stream that has `expected` of them; the last one's position.

        The position is what a read model must have reached to show them (`Projector.caught_up`).

        Raises:
            Problem: `version-conflict`: the stream has more or fewer events.
        """
        await self._in_turn(ctx)
        if await self.version(ctx, kind, stream) != expected:
            raise VERSION_CONFLICT()
        return await self._write(ctx, kind, stream, expected, facts)

    async def extend(self, ctx: Context, kind: str, stream: UUID, fact: Fact) -> int:
        """Add an event to a stream, however many it has; how many those are then.

        Raises:
            Problem: `version-conflict`: another has come at the same moment.
        """
        await self._in_turn(ctx)
        began = time.perf_counter()
        row = _row(ctx, kind, stream, fact)
        added = {f"new_{name}": each for name, each in row.items()}
        connection = await ctx.unit.connection()
        try:
            found = await connection.execute(_EXTEND, {**added, **_place(ctx, kind, stream)})
        except IntegrityError as error:
            raise VERSION_CONFLICT() from error
        self.appended(kind, time.perf_counter() - began)
        return int(found.scalar_one())

    async def _in_turn(self, ctx: Context) -> None:
        """Positions are given in the order of commits."""
        connection = await ctx.unit.connection()
        if connection.dialect.name == "postgresql":
            await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_ONE_AT_A_TIME)))

    async def _write(
        self, ctx: Context, kind: str, stream: UUID, behind: int, facts: Sequence[Fact]
    ) -> int:
        """The position of the last one."""
        began = time.perf_counter()
        connection = await ctx.unit.connection()
        position = 0
        for version, fact in enumerate(facts, behind + 1):
            row = {**_row(ctx, kind, stream, fact), "version": version}
            try:
                position = int((await connection.execute(_ADD, row)).scalar_one())
            except IntegrityError as error:
                raise VERSION_CONFLICT() from error
        self.appended(kind, time.perf_counter() - began)
        return position

    async def version(self, ctx: Context, kind: str, stream: UUID) -> int:
        """How many events the stream has."""
        found = (await ctx.unit.connection()).scalar(_VERSION, _place(ctx, kind, stream))
        return int(await found or 0)

    async def read(
        self, ctx: Context, kind: str, stream: UUID, after: int = 0
    ) -> tuple[Stored, ...]:
        """The stream's events that follow the `after`-th, in order."""
        wanted = {**_place(ctx, kind, stream), "after": after}
        rows = await (await ctx.unit.connection()).execute(_FOLLOWING, wanted)
        return tuple(Stored(**row) for row in rows.mappings())

    async def keep(self, ctx: Context, kind: str, stream: UUID, snapshot: Snapshot) -> None:
        """Keep a snapshot; one of the same version must not be there."""
        row = {
            "organization_id": ctx.tenant,
            "kind": kind,
            "stream": stream,
            "version": snapshot.version,
            "state": to_jsonable_python(dict(snapshot.state)),
            "taken_at": ctx.now,
        }
        await (await ctx.unit.connection()).execute(sa.insert(snapshots).values(row))

    async def latest(self, ctx: Context, kind: str, stream: UUID) -> Snapshot:
        """The newest snapshot."""
        found = (await ctx.unit.connection()).execute(_LATEST, _place(ctx, kind, stream))
        row = (await found).first()
        return Snapshot(row.version, row.state) if row else Snapshot(0, {})


@dataclass(frozen=True, slots=True)
class Loaded(Generic[S]):
    """A state and the number of events behind it; `position` of the last one, once appended."""

    state: S
    version: int
    position: int = 0


class EventSourced(Generic[S]):
    """Aggregates that are what their events add up to.

    `fold` gives the state that follows an event; a snapshot is kept at every `every`-th one. A
    `fold` that changed its mind is told apart by a new `kind`, or its snapshots are deleted.
    """

    def __init__(
        self,
        store: EventStore,
        kind: str,
        initial: S,
        fold: Callable[[S, Fact], S],
        every: int = 50,
    ) -> None:
        self._store = store
        self._kind = kind
        self._initial = initial
        self._fold = fold
        self._every = every

    async def load(self, ctx: Context, stream: UUID) -> Loaded[S]:
        """The present state: the newest snapshot and what followed; of a new stream the initial."""
        snapshot = await self._store.latest(ctx, self._kind, stream)
        state = self._initial
        if snapshot.version:
            state = type(self._initial).model_validate(dict(snapshot.state), strict=False)
        version = snapshot.version
        for stored in await self._store.read(ctx, self._kind, stream, snapshot.version):
            state, version = self._fold(state, Fact(stored.type, stored.data)), stored.version
        return Loaded(state, version)

    async def append(
        self, ctx: Context, stream: UUID, before: Loaded[S], facts: Sequence[Fact]
    ) -> Loaded[S]:
        """What the state is after more events.

        Raises:
            Problem: `version-conflict`: the stream has moved on since `before` was loaded.
        """
        position = await self._store.append(ctx, self._kind, stream, before.version, facts)
        state, version = before.state, before.version
        for fact in facts:
            state, version = self._fold(state, fact), version + 1
            if version % self._every == 0:
                kept = Snapshot(version, state.model_dump(mode="json", by_alias=True))
                await self._store.keep(ctx, self._kind, stream, kept)
        return Loaded(state, version, position)


class Journal:
    """The event log of aggregates whose state lies in their own store: what was announced of each.

    A snapshot of the entity is kept at every `every`-th event where that is not 0; `secret` fields
    are in no snapshot, as they are in no event.
    """

    def __init__(
        self, store: EventStore, kind: str, every: int = 0, secret: Sequence[str] = ()
    ) -> None:
        self._store = store
        self._kind = kind
        self._every = every
        self._secret = frozenset(secret)

    async def record(self, ctx: Context, entity: Mapping[str, Any], fact: Fact) -> None:
        """Add an event of an entity to its stream."""
        stream = UUID(str(entity["id"]))
        version = await self._store.extend(ctx, self._kind, stream, fact)
        if self._every and version % self._every == 0:
            state = {name: each for name, each in entity.items() if name not in self._secret}
            await self._store.keep(ctx, self._kind, stream, Snapshot(version, state))


async def after(
    connection: AsyncConnection, position: int, kinds: Sequence[str], limit: int
) -> tuple[Stored, ...]:
    """Events of all tenants that follow a position, in order: for projections."""
    statement = sa.select(log).where(log.c.position > position).order_by(log.c.position)
    if kinds:
        statement = statement.where(log.c.kind.in_(kinds))
    rows = await connection.execute(statement.limit(limit))
    return tuple(Stored(**row) for row in rows.mappings())


def _place(ctx: Context, kind: str, stream: UUID) -> dict[str, Any]:
    return {"of_organization_id": ctx.tenant, "of_kind": kind, "of_stream": stream}


def _row(ctx: Context, kind: str, stream: UUID, fact: Fact) -> dict[str, Any]:
    return {
        "organization_id": ctx.tenant,
        "kind": kind,
        "stream": stream,
        "event_id": ids.uuid7(),
        "type": fact.type,
        "data": to_jsonable_python(dict(fact.data)),
        "occurred_at": ctx.now,
    }
