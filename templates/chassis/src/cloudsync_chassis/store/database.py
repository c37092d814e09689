"""One database: engine, pool and the two dialects' differences."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.schema import CreateSchema

WRITE = "chassis_write"
_BUSY_SECONDS = 10


class Database:
    """An engine for `url`. `schema` is where unqualified tables lie on PostgreSQL.

    SQLite has no schemas: every table name must be unique within the service.
    """

    def __init__(
        self,
        url: str,
        *,
        schema: str | None = None,
        schemas: tuple[str, ...] = (),
        pool: int = 5,
    ) -> None:
        parsed = make_url(url)
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        engine = create_async_engine(
            parsed,
            hide_parameters=True,  # errors quote them, and errors are logged
            **_engine_options(self.is_sqlite, pool),
        )
        if self.is_sqlite:
            _tune_sqlite(engine)
        translation: dict[str | None, str | None] = (
            dict.fromkeys(schemas) if self.is_sqlite else {None: schema}
        )
        self._schemas = (
            () if self.is_sqlite else tuple(dict.fromkeys(filter(None, (schema, *schemas))))
        )
        self.url = url
        self.engine = engine.execution_options(schema_translate_map=translation)

    async def connect(self, *, write: bool) -> AsyncConnection:
        """A connection whose next statement begins a transaction; the caller closes it."""
        connection = await self.engine.connect()
        return await connection.execution_options(**{WRITE: write})

    @asynccontextmanager
    async def transaction(self, *, write: bool) -> AsyncIterator[AsyncConnection]:
        """One transaction: committed at the end, undone by an exception."""
        connection = await self.connect(write=write)
        try:
            yield connection
            await connection.commit()
        finally:
            await connection.close()

    async def create_schemas(self) -> None:
        """Create the schemas that are missing, before anything is put into them."""
        async with self.transaction(write=True) as connection:
            for name in self._schemas:
                await connection.execute(CreateSchema(name, if_not_exists=True))

    async def create_all(self, *metadata: sa.MetaData) -> None:
        """Create the tables that are missing: the embedded default's whole schema."""
        async with self.transaction(write=True) as connection:
            for each in metadata:
                await connection.run_sync(each.create_all)

    async def ping(self) -> None:
        """Raise unless the database answers."""
        async with self.transaction(write=False) as connection:
            await connection.execute(sa.text("SELECT 1"))

    async def dispose(self) -> None:
        """Close all connections."""
        await self.engine.dispose()


def _engine_options(is_sqlite: bool, pool: int) -> dict[str, Any]:
    if is_sqlite:
        return {"connect_args": {"timeout": _BUSY_SECONDS}, "pool_size": pool}
    return {"pool_size": pool, "max_overflow": pool, "pool_pre_ping": True}


def _tune_sqlite(engine: AsyncEngine) -> None:
    """WAL, and transactions under our control: a writer takes the lock at its start.

    A reader that turns writer in mid-transaction fails at once with SQLITE_BUSY, whatever the
    time-out; hence BEGIN IMMEDIATE for commands.
    """

    @event.listens_for(engine.sync_engine, "connect")
    def connect(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        write = connection.get_execution_options().get(WRITE)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def dialect_insert(connection: AsyncConnection, table: sa.Table) -> Any:
    """The dialect's INSERT, which knows ON CONFLICT on both engines."""
    module = sqlite if connection.dialect.name == "sqlite" else postgresql
    return module.insert(table)
