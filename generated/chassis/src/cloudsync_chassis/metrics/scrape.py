"""What is looked up when a service is scraped: how full it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from cloudsync_chassis import clock
from cloudsync_chassis.client.attempts import Client
from cloudsync_chassis.logs import logger
from cloudsync_chassis.metrics.series import Reading, Registry
from cloudsync_chassis.metrics.spec import MetricSpec
from cloudsync_chassis.store.database import Database
from cloudsync_chassis.store.system import outbox, saga_runs

_STATES = {"closed": 0.0, "half-open": 1.0, "open": 2.0}

log = logger("metrics")


def _gauge(name: str, about: str, *labels: str) -> MetricSpec:
    return MetricSpec(name=name, kind="gauge", about=about, labels=labels)


BREAKER = _gauge("circuit_breaker_state", "0 closed, 1 half-open, 2 open.", "callee")
BULKHEAD = _gauge("bulkhead_in_use", "Calls to a callee that are under way.", "callee")
BUDGET = _gauge("retry_budget_remaining_ratio", "What is left of the retries allowed.", "callee")
POOL = _gauge("database_pool_in_use", "Connections to the database that are in use.")
POOL_SIZE = _gauge("database_pool_size", "Connections to the database that may be in use.")
PENDING = _gauge("outbox_pending", "Events that are committed and not on the bus yet.")
OLDEST = _gauge("outbox_oldest_seconds", "How long the oldest of them has waited.")

SAGAS = _gauge(
    "saga_open", "Sagas without an end, by how long they have been open.", "saga", "age_bucket"
)

GAUGES = (BREAKER, BULKHEAD, BUDGET, POOL, POOL_SIZE, PENDING, OLDEST, SAGAS)

_AGES = {
    "24h": timedelta(hours=24),
    "6h": timedelta(hours=6),
    "1h": timedelta(hours=1),
    "10m": timedelta(minutes=10),
    "1m": timedelta(minutes=1),
}
"""What a saga is counted under that has been open for at least so long; `0m` else."""


class Saturation:
    """Gauges of one service; `refresh` asks the database for what only it knows."""

    def __init__(
        self, registry: Registry, database: Database, clients: Mapping[str, Client]
    ) -> None:
        self._database = database
        self._clients = clients
        self._backlog: tuple[float, float] | None = None
        self._open: list[tuple[tuple[str, ...], float]] = []
        registry.read(BREAKER, self._each(lambda client: _STATES[client.breaker.state]))
        registry.read(BULKHEAD, self._each(lambda client: float(client.bulkhead.in_use)))
        registry.read(BUDGET, self._each(lambda client: client.retries.remaining))
        registry.read(POOL, lambda: [((), float(database.in_use))])
        registry.read(POOL_SIZE, lambda: [((), float(database.pool))])
        registry.read(PENDING, lambda: self._waiting(0))
        registry.read(OLDEST, lambda: self._waiting(1))
        registry.read(SAGAS, lambda: self._open)

    async def refresh(self) -> None:
        """Count what waits in the outbox, and open sagas; where the database does not say, nothing
        is told.
        """
        self._backlog, self._open = None, []
        try:
            async with self._database.transaction(write=False) as connection:
                row = (await connection.execute(_backlog())).one()
                runs = (await connection.execute(_open_sagas(clock.now()))).all()
        except Exception as error:
            # whatever the driver raises: that the service is not well must still be seen
            log.warning("backlog_unknown", error=str(error))
            return
        age = (clock.now() - row.oldest).total_seconds() if row.oldest else 0.0
        self._backlog = (float(row.pending), max(0.0, age))
        self._open = [((run.saga, run.age), float(run.runs)) for run in runs]

    def _waiting(self, which: int) -> Iterable[tuple[tuple[str, ...], float]]:
        return [((), self._backlog[which])] if self._backlog is not None else []

    def _each(self, value: Callable[[Client], float]) -> Reading:
        return lambda: [((name,), value(each)) for name, each in self._clients.items()]


def _open_sagas(now: datetime) -> Any:
    ages = [(saga_runs.c.started_at <= now - age, name) for name, age in _AGES.items()]
    age = sa.case(*ages, else_="0m").label("age")
    return (
        sa.select(saga_runs.c.saga, age, sa.func.count().label("runs"))
        .where(saga_runs.c.ended_at.is_(None))
        .group_by(saga_runs.c.saga, age)
    )


def _backlog() -> Any:
    return sa.select(
        sa.func.count().label("pending"), sa.func.min(outbox.c.occurred_at).label("oldest")
    ).where(outbox.c.published_at.is_(None))
