"""One database: engine, pool and the two dialects' differences."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib import import_module
from typing import Any

import sqlalchemy as sa
from pydantic_core import from_json
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.pool import NullPool
from sqlalchemy.schema import CreateSchema

from cloudsync_chassis import propagation
from cloudsync_chassis.store import spans, sqlite
from cloudsync_chassis.store.engine import AsyncConnection, create_async_engine

_RESERVE = 0.01
"""Seconds of an operation that are kept for its answer."""


class Database:
    """An engine for `url`. `schema` is where unqualified tables lie on PostgreSQL.

    SQLite has no schemas: every table name must be unique within the service.

    At most `pool` connections are in use at once, the bulkhead between this service and the
    database. Who finds all of them taken waits `wait` seconds, or less if its deadline is nearer.
    """

    def __init__(
        self,
        url: str,
        *,
        schema: str | None = None,
        schemas: tuple[str, ...] = (),
        pool: int = 5,
        wait: float = 1.0,
    ) -> None:
        parsed = make_url(url)
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        engine = create_async_engine(
            parsed,
            hide_parameters=True,  # errors quote them, and errors are logged
            json_deserializer=_read_json,
            **_engine_options(self.is_sqlite, pool, wait),
        )
        spans.follow(engine, refused)
        self.schema = None if self.is_sqlite else schema
        self.pool = pool
        self.refused: Callable[[], None] = _unheard
        self._translation: dict[str | None, str | None] = {}
        if self.is_sqlite:
            sqlite.tune(engine)
            # of tables that are made: SQLAlchemy looks in their schemas for what is there already
            self._translation = dict.fromkeys(schemas)
        elif schema is not None:
            engine = engine.execution_options(schema_translate_map={None: schema})
        self._schemas = (
            () if self.is_sqlite else tuple(dict.fromkeys(filter(None, (schema, *schemas))))
        )
        self.url = url
        self.engine = engine

    async def connect(self, *, write: bool, snapshot: bool = False) -> AsyncConnection:
        """A connection whose next statement begins a transaction; the caller closes it.

        `snapshot`: all that it reads is as it was at one moment.

        Raises:
            sqlalchemy.exc.TimeoutError: none became free in time; callers are told `unavailable`.
        """
        try:
            async with asyncio.timeout(_time_left()):
                connection = await self.engine.connect()
        except (TimeoutError, PoolTimeoutError) as error:
            self.refused()
            raise PoolTimeoutError(f"no connection came free, of {self.pool}") from error
        if self.is_sqlite:
            sqlite.begin(connection, "write" if write else "snapshot" if snapshot else "read")
        elif snapshot:
            return await connection.execution_options(isolation_level="REPEATABLE READ")
        return connection

    @property
    def in_use(self) -> int:
        """Connections that somebody holds."""
        used = getattr(self.engine.pool, "checkedout", None)
        return int(used()) if used is not None else 0

    @asynccontextmanager
    async def transaction(
        self, *, write: bool, snapshot: bool = False
    ) -> AsyncIterator[AsyncConnection]:
        """One transaction: committed at the end, undone by an exception; see `connect`."""
        connection = await self.connect(write=write, snapshot=snapshot)
        try:
            yield connection
            await connection.commit()
        finally:
            await connection.close()

    @asynccontextmanager
    async def alone(self, purpose: str) -> AsyncIterator[None]:
        """Do what one process may do at a time, e.g. replicas that come up together and migrate.

        SQLite has one writer anyway. The lock has a connection of its own: the pool may be small.
        """
        if self.is_sqlite:
            yield
            return
        engine = create_async_engine(self.url, poolclass=NullPool, hide_parameters=True)
        try:
            async with engine.begin() as connection:
                lock = sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:purpose, 0))")
                await connection.execute(lock, {"purpose": purpose})
                yield
        finally:
            await engine.dispose()

    async def create_schemas(self) -> None:
        """Create the schemas that are missing, before anything is put into them."""
        async with self.transaction(write=True) as connection:
            for name in self._schemas:
                await connection.execute(CreateSchema(name, if_not_exists=True))

    async def create_all(self, *metadata: sa.MetaData) -> None:
        """Create the tables that are missing: the embedded default's whole schema. SQLite's tables
        get the columns and indexes that they lack, too, so that it needs no migrations.

        Raises:
            sqlalchemy.exc.OperationalError: SQLite cannot add a column to rows that are there.
        """
        async with self.transaction(write=True) as connection:
            if self._translation:
                await connection.execution_options(schema_translate_map=self._translation)
            for each in metadata:
                if self.is_sqlite:
                    await connection.run_sync(sqlite.complete, each)
                else:
                    await connection.run_sync(each.create_all)

    async def ping(self) -> None:
        """Raise unless the database answers."""
        async with self.transaction(write=False) as connection:
            await connection.execute(sa.text("SELECT 1"))

    async def dispose(self) -> None:
        """Close all connections."""
        await self.engine.dispose()


def _time_left() -> float | None:
    """Seconds that the running operation has for a connection; None where nothing runs."""
    context = propagation.current.get()
    return max(0.0, context.deadline.remaining - _RESERVE) if context is not None else None


def _read_json(text: str | bytes) -> Any:
    """JSON as Python's own library reads it, several times as fast."""
    try:
        return from_json(text)
    except ValueError:  # half a surrogate pair, what lies very deep
        return json.loads(text)


def _unheard() -> None:
    pass


def _engine_options(is_sqlite: bool, pool: int, wait: float) -> dict[str, Any]:
    bounds = {"pool_size": pool, "max_overflow": 0, "pool_timeout": wait}
    return {**bounds, **(sqlite.options() if is_sqlite else {"pool_pre_ping": True})}


def gave_way(error: DBAPIError) -> bool:
    """Whether PostgreSQL refused the transaction because of another one, so that it may succeed
    when tried again: serialization failure, deadlock, a unique value that was free when the
    transaction looked (SQLSTATE, PostgreSQL appendix A; 13.5 "Serialization Failure Handling").
    """
    return getattr(error.orig, "sqlstate", None) in ("40001", "40P01", "23505")


def refused(error: BaseException) -> bool:
    """Whether a database has answered as it should, though by an error: a constraint is not met, or
    the transaction gave way to another.
    """
    return isinstance(error, IntegrityError) or (isinstance(error, DBAPIError) and gave_way(error))


def dialect_insert(connection: AsyncConnection, table: sa.Table) -> Any:
    """The dialect's INSERT, which knows ON CONFLICT on both engines."""
    return insert_of(connection.dialect.name, table)


def insert_of(dialect: str, table: sa.Table) -> Any:
    """The INSERT of a dialect by its name."""
    # the other one need not be loaded
    module = import_module(f"sqlalchemy.dialects.{dialect}")
    return module.insert(table)
