"""The durable log of one service: runs, steps and keys, within the running transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID, uuid5

import sqlalchemy as sa

from cloudsync_chassis import clock
from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Event
from cloudsync_chassis.sagas.spec import Saga
from cloudsync_chassis.store.database import Database, dialect_insert
from cloudsync_chassis.store.system import saga_keys, saga_runs, saga_steps
from cloudsync_chassis.traced import tell

RunState = Literal["running", "failing", "undone", "completed", "stuck"]
StepState = Literal["untouched", "started", "done", "failed", "undone", "recalled"]
"""`recalled`: undone before it was known to be done, so that it may come through all the same."""

ON_THE_WAY = ("running", "completed")
"""States of runs whose steps are still wanted."""

_AT_ONCE = 100
_NAMESPACE = UUID("4e8c6a0e-5b0c-5d3f-9d51-0a6f4f1d7c11")


@dataclass(frozen=True, slots=True)
class StepRow:
    """A step of a run; `undo_event`: what asked for its compensation, as JSON."""

    state: StepState
    data: Mapping[str, Any]
    undo_event: Mapping[str, Any] | None
    changed_at: datetime | None = None

    @property
    def undone(self) -> bool:
        """Whether its compensation has run."""
        return self.state in ("undone", "recalled")


@dataclass(frozen=True, slots=True)
class Run:
    """A run as the log tells it; `steps` by number, without the untouched."""

    id: UUID
    state: RunState
    reason: str
    started_at: datetime
    deadline_at: datetime
    steps: Mapping[int, StepRow]

    @property
    def open(self) -> bool:
        """Whether it has neither completed nor been undone."""
        return self.state in ("running", "failing", "stuck")

    @property
    def done(self) -> tuple[int, ...]:
        """Numbers of the steps that are done."""
        return tuple(at for at, row in self.steps.items() if row.state == "done")

    def of(self, step: int) -> StepRow:
        """A step, touched or not."""
        return self.steps.get(step, StepRow("untouched", {}, None))


@dataclass(frozen=True, slots=True)
class RunHead:
    """What is known of a run without its steps."""

    id: UUID
    saga: str
    organization: UUID | None
    state: RunState


@dataclass(frozen=True, slots=True)
class LateStep:
    """A step that has had its time."""

    run: RunHead
    step: int


def keys_in(saga: Saga, event: Event) -> dict[str, str]:
    """The saga's keys that the event's data hold."""
    found = {name: event.data.get(name) for name in saga.keys}
    return {name: str(value) for name, value in found.items() if value is not None}


def correlation_of(saga: Saga, run: UUID | None) -> str:
    """The correlation of what belongs to a run, or says that it belongs to none."""
    return f"{saga.name}/{run or ''}"


def to_undo(saga: Saga, run: Run, at: int) -> bool:
    """Whether a step has effects that are to be taken back, or an event asks for it."""
    row = run.of(at)
    if not saga.steps[at].compensation or row.undone:
        return False
    return row.state in ("started", "done") or row.undo_event is not None


def has_begun(saga: Saga, run: Run, at: int) -> bool:
    """Whether a step is not to be begun by its event: one that was abandoned may be."""
    state = run.of(at).state
    return state != "untouched" and not (state == "failed" and saga.is_decided(run.done))


def answered(row: StepRow, event: Event) -> bool:
    """Whether the step is undone, by this very event."""
    return row.undone and (row.undo_event or {}).get("id") == str(event.id)


class SagaLog:
    """Reads and writes the three tables."""

    async def identify(self, ctx: Context, saga: Saga, event: Event) -> UUID | None:
        """The run that an event belongs to: as it says itself, by the first key, by any other. None
        also where it says that it belongs to none.

        The first key makes the id, so that all services come to the same one. A trigger that comes
        when the known run has ended begins another, whose id it makes together with that run's.
        """
        name, _, run = (event.correlation or "").partition("/")
        if name == saga.name:
            return UUID(run) if run else None
        keys = keys_in(saga, event)
        tenant = str(event.organization_id or "")
        for each, value in keys.items():
            known = sa.select(saga_keys.c.run_id).where(
                saga_keys.c.saga == saga.name,
                saga_keys.c.organization_id == tenant,
                saga_keys.c.name == each,
                saga_keys.c.value == value,
            )
            found = await (await ctx.unit.connection()).scalar(known)
            if found is not None:
                known_run = UUID(str(found))
                if event.type == saga.trigger and await self._has_ended(ctx, known_run):
                    return uuid5(known_run, str(event.id))
                return known_run
        first = keys.get(saga.keys[0])
        return uuid5(_NAMESPACE, f"{saga.name}/{tenant}/{first}") if first is not None else None

    async def open(
        self, ctx: Context, saga: Saga, run: UUID, event: Event, keys: Mapping[str, str]
    ) -> Run:
        """The run, begun now where nobody told of it yet; its keys are remembered, and lead to it
        from now on if they led to one that has ended.
        """
        tell("saga.id", str(run))
        connection = await ctx.unit.connection()
        row = {
            "id": run,
            "saga": saga.name,
            "organization_id": event.organization_id,
            "state": "running",
            "reason": "",
            "started_at": event.time,
            "deadline_at": event.time + timedelta(seconds=saga.deadline),
            "ended_at": None,
        }
        insert = dialect_insert(connection, saga_runs).values(row)
        await connection.execute(insert.on_conflict_do_nothing())
        tenant = str(event.organization_id or "")
        for name, value in keys.items():
            key = {"saga": saga.name, "organization_id": tenant, "name": name, "value": value}
            known = dialect_insert(connection, saga_keys).values({**key, "run_id": run})
            await connection.execute(known.on_conflict_do_nothing())
            # apart from the insert: a subquery of ON CONFLICT is not translated to our schema
            ended = sa.select(saga_runs.c.id).where(saga_runs.c.ended_at.is_not(None))
            same = [saga_keys.c[each] == found for each, found in key.items()]
            begun_again = sa.update(saga_keys).where(*same, saga_keys.c.run_id.in_(ended))
            await connection.execute(begun_again.values(run_id=run))
        return await self.get(ctx, run)

    async def _has_ended(self, ctx: Context, run: UUID) -> bool:
        ended = sa.select(saga_runs.c.ended_at).where(saga_runs.c.id == run)
        return await (await ctx.unit.connection()).scalar(ended) is not None

    async def find(self, ctx: Context, run: UUID) -> Run | None:
        """A run with its steps, as `get`; None where nobody told of it yet."""
        try:
            return await self.get(ctx, run)
        except LookupError:
            return None

    async def get(self, ctx: Context, run: UUID) -> Run:
        """A run with its steps; the row is locked, so that one transaction at a time moves it.

        Raises:
            LookupError: there is no such run.
        """
        connection = await ctx.unit.connection()
        wanted = sa.select(saga_runs).where(saga_runs.c.id == run).with_for_update()
        row = (await connection.execute(wanted)).first()
        if row is None:
            raise LookupError(f"no run {run}")
        steps = await connection.execute(sa.select(saga_steps).where(saga_steps.c.run_id == run))
        found = {e.step: StepRow(e.state, e.data, e.undo_event, e.changed_at) for e in steps}
        return Run(row.id, row.state, row.reason, row.started_at, row.deadline_at, found)

    async def move(self, ctx: Context, run: UUID, state: RunState, reason: str = "") -> None:
        """Give the run a state."""
        ended = None if state in ("running", "failing", "stuck") else ctx.now
        values: dict[str, Any] = {"state": state, "ended_at": ended}
        if reason:
            values["reason"] = reason
        statement = sa.update(saga_runs).where(saga_runs.c.id == run).values(values)
        await (await ctx.unit.connection()).execute(statement)

    async def start(
        self, ctx: Context, saga: Saga, run: UUID, step: int, event: Event, due: datetime | None
    ) -> None:
        """Note that a step has begun by an event, and is late once it is due."""
        tell("saga.step", saga.steps[step].name)
        await self.note(ctx, run, step, state="started", data=dict(event.data), due_at=due)

    async def note(self, ctx: Context, run: UUID, step: int, **values: Any) -> None:
        """Change what is known of a step: `state`, `data`, `undo_event`, `due_at`."""
        connection = await ctx.unit.connection()
        fresh: dict[str, Any] = {
            "state": "untouched",
            "data": {},
            "undo_event": None,
            "due_at": None,
            **values,
            "changed_at": ctx.now,
        }
        insert = dialect_insert(connection, saga_steps)
        insert = insert.values(run_id=run, step=step, **fresh)
        key = [saga_steps.c.run_id, saga_steps.c.step]
        changed = {**values, "changed_at": ctx.now}
        await connection.execute(insert.on_conflict_do_update(index_elements=key, set_=changed))

    async def failing(self, database: Database) -> list[RunHead]:
        """Runs under way back, the oldest first; at most a hundred."""
        found = _heads().where(saga_runs.c.state == "failing")
        found = found.order_by(saga_runs.c.started_at).limit(_AT_ONCE)
        async with database.transaction(write=False) as connection:
            return [_head(row) for row in (await connection.execute(found)).all()]

    async def any_late(self, database: Database) -> bool:
        """Whether a run or a step has had its time. Looking takes no lock and leaves no trace."""
        now = clock.now()
        late = sa.or_(
            sa.exists().where(*_late(now)),
            sa.exists().where(saga_steps.c.due_at <= now),
        )
        async with database.transaction(write=False) as connection:
            return bool(await connection.scalar(sa.select(late)))

    async def late_runs(self, ctx: Context) -> list[RunHead]:
        """Open runs past their deadline."""
        rows = await (await ctx.unit.connection()).execute(_heads().where(*_late(ctx.now)))
        return [_head(row) for row in rows]

    async def late_steps(self, ctx: Context) -> list[LateStep]:
        """Steps past their time, of runs that still want them."""
        joined = _heads().add_columns(saga_steps.c.step)
        joined = joined.join(saga_steps, saga_runs.c.id == saga_steps.c.run_id)
        found = joined.where(saga_steps.c.due_at <= ctx.now, saga_runs.c.state.in_(ON_THE_WAY))
        rows = await (await ctx.unit.connection()).execute(found)
        return [LateStep(_head(row), row.step) for row in rows]


def _heads() -> sa.Select[Any]:
    runs = saga_runs.c
    return sa.select(runs.id, runs.saga, runs.organization_id, runs.state)


def _head(row: sa.Row[Any]) -> RunHead:
    return RunHead(row.id, row.saga, row.organization_id, row.state)


def _late(now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return (saga_runs.c.ended_at.is_(None), saga_runs.c.deadline_at <= now)


def is_news(run: Run, step: int, event: Event, mine: bool) -> bool:
    """Whether a word on a step tells more than is known. Of its own steps a service knows as much
    as it has said, unless its database is older.
    """
    known = run.of(step).changed_at
    return not mine or known is None or known < event.time


def within(ctx: Context, organization: UUID | None) -> Context:
    """The operation in a run's tenant, where it has one."""
    return ctx.within(organization) if organization is not None else ctx
