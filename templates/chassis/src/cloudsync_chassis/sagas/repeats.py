"""Steps past the point of no return: each is done again until it succeeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from cloudsync_chassis import clock
from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Event
from cloudsync_chassis.sagas.log import Run
from cloudsync_chassis.store.database import Database, dialect_insert
from cloudsync_chassis.store.system import saga_repeats, saga_runs

TRIES = 8
"""Attempts at a step that can only be done before it may be given up."""

_LONGEST = timedelta(minutes=10)
_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Repeat:
    """A step to be done again; `event` began it."""

    run: UUID
    saga: str
    step: int
    event: Event
    attempts: int


def is_hopeless(repeat: Repeat, run: Run, now: datetime) -> bool:
    """Whether a person has to look: often enough tried, and the run's time is over."""
    return repeat.attempts >= TRIES and now > run.deadline_at


def wait(pause: float, attempts: int) -> timedelta:
    """How long until the next attempt: twice as long each time, ten minutes at most."""
    return min(timedelta(seconds=pause * 2 ** min(attempts, 16)), _LONGEST)


class Repeats:
    """Reads and writes `saga_repeats`, within the running transaction where there is one."""

    async def keep(self, ctx: Context, run: UUID, step: int, event: Event, due: datetime) -> None:
        """Do a step again when it is due; one that is kept already stays as it is."""
        connection = await ctx.unit.connection()
        row = {"run_id": run, "step": step, "event": event.to_json(), "attempts": 0, "due_at": due}
        insert = dialect_insert(connection, saga_repeats).values(row)
        await connection.execute(insert.on_conflict_do_nothing())

    async def later(self, ctx: Context, repeat: Repeat, due: datetime) -> None:
        """The step has been tried once more and is not done."""
        changed = {"attempts": repeat.attempts + 1, "due_at": due}
        statement = sa.update(saga_repeats).where(*_of(repeat.run, repeat.step)).values(changed)
        await (await ctx.unit.connection()).execute(statement)

    async def hurry(self, ctx: Context, run: UUID, step: int) -> None:
        """Do it again now."""
        statement = sa.update(saga_repeats).where(*_of(run, step)).values(due_at=ctx.now)
        await (await ctx.unit.connection()).execute(statement)

    async def forget(self, ctx: Context, run: UUID, step: int) -> None:
        """The step is done, or nobody wants it done any more."""
        statement = sa.delete(saga_repeats).where(*_of(run, step))
        await (await ctx.unit.connection()).execute(statement)

    async def due(self, database: Database) -> Sequence[Repeat]:
        """What is to be done again now, the longest overdue first."""
        found = (
            sa.select(saga_repeats, saga_runs.c.saga)
            .join(saga_runs, saga_runs.c.id == saga_repeats.c.run_id)
            .where(saga_repeats.c.due_at <= clock.now())
            .order_by(saga_repeats.c.due_at)
            .limit(_AT_ONCE)
        )
        async with database.transaction(write=False) as connection:
            rows = (await connection.execute(found)).all()
        return [_repeat(row._mapping) for row in rows]


def _repeat(row: Mapping[Any, Any]) -> Repeat:
    event = Event.from_json(row["event"])
    return Repeat(row["run_id"], row["saga"], row["step"], event, row["attempts"])


def _of(run: UUID, step: int) -> tuple[sa.ColumnElement[bool], ...]:
    return (saga_repeats.c.run_id == run, saga_repeats.c.step == step)
