"""SQLite's driver with one hand-over to its thread for each statement.

`aiosqlite` keeps a thread for each connection; each call of its cursor is handed over to it and
back: making the cursor, executing, fetching, closing, as BEGIN and ROLLBACK are. The hand-overs
cost more than what SQLite does meanwhile. Here BEGIN goes with the first statement that needs it,
making the cursor, fetching and closing with each, and what never began is not ended. What is brief
is not handed over at all, unless it has to wait for a lock: a row that is added, one that is looked
up by its key. What is written goes to the disk with the commit, in the thread.

Those of one process that write take turns: SQLite lets who finds its lock taken sleep, for longer
and longer, and knows no order among them.
"""

from __future__ import annotations

import asyncio
import re
import sqlite3
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import lru_cache
from types import TracebackType
from typing import Any, Literal, Self

import aiosqlite
from sqlalchemy import MetaData, event
from sqlalchemy.engine import Connection
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.schema import CreateColumn

from cloudsync_chassis.store.engine import AsyncConnection, AsyncEngine
from cloudsync_chassis.store.statements import BRIEF

Mode = Literal["write", "read", "snapshot"]
"""What the transactions of a connection are for. `read`: each statement sees what was committed by
then, as on PostgreSQL; `snapshot`: all of them see the same.
"""

_IMMEDIATELY = "BEGIN IMMEDIATE"
_BUSY_SECONDS = 10
_CHUNK = 64
_MORE = re.compile(r"\bSELECT\b|\)\s*,\s*\(", re.IGNORECASE)
"""A query within a statement, or a second row."""
_SMALL = 64 * 1024
"""Characters and bytes of a row that is written about as fast as it is handed over."""
_PRAGMAS = ("synchronous=NORMAL", "foreign_keys=ON")
_AGAIN = 0.01
"""Seconds before a file that others open for the first time too is asked once more."""


class SqliteConnection(aiosqlite.Connection):
    """What SQLAlchemy's adapter asks of a connection; `turn` is held by whoever writes.

    A transaction begins with the first statement, one that reads with the first that changes
    something, if there is any. A writer takes the lock at its start: a reader that turns writer in
    mid-transaction fails at once with SQLITE_BUSY, whatever the time-out.
    """

    def __init__(self, connector: Callable[[], sqlite3.Connection], turn: asyncio.Lock) -> None:
        super().__init__(connector, _CHUNK)
        self._turn = turn
        self._writes = False
        self._begun = False
        self._given = 0  # to the thread
        self._done = 0  # by it
        self.mode: Mode | None = None
        """What the next transaction is for; None: whoever uses it begins and ends by themselves."""

    def cursor(self) -> Any:
        """One that costs nothing before it executes."""
        return SqliteCursor(self)

    async def commit(self) -> None:
        """End the transaction, if one has begun."""
        await self._end(self._conn.commit)

    async def rollback(self) -> None:
        """Undo the transaction, if one has begun."""
        await self._end(self._conn.rollback)

    async def carry_out(self, statement: str, parameters: Any) -> Outcome:
        """What the statement leaves behind, once it is executed, most often in the thread.

        Raises:
            sqlite3.Error: it failed, or others have written for too long.
        """
        if is_brief(statement) and _is_small(parameters) and self._waits_for_nobody(statement):
            return Outcome(self._conn.execute(statement, parameters))
        return await self.hand_over(statement, lambda known: known.execute(statement, parameters))

    async def hand_over(
        self, statement: str, work: Callable[[sqlite3.Connection], sqlite3.Cursor]
    ) -> Outcome:
        """What the statement leaves behind, once `work` has executed it in the thread.

        Raises:
            sqlite3.Error: it failed, or others have written for too long.
        """
        begin = self._beginning(statement)

        def executed(connection: sqlite3.Connection) -> Outcome:
            if begin is not None:
                connection.execute(begin)
            return Outcome(work(connection))

        if begin is not None:
            if begin == _IMMEDIATELY:
                await self._take_turn()
            self._begun = True
        found: Outcome = await self._handed(executed, self._conn)
        return found

    def _waits_for_nobody(self, statement: str) -> bool:
        """Whether no lock is needed but what is held, and whoever was cancelled has left no
        statement with the thread.
        """
        if self._given != self._done:
            return False
        if _changes(statement):
            return self._writes and self._conn.in_transaction
        return self.mode == "read" or self._conn.in_transaction

    def _beginning(self, statement: str) -> str | None:
        """What has to be said before a statement."""
        if self._begun or self.mode is None:
            return None
        if self.mode == "read" and not _changes(statement):
            return None
        return "BEGIN" if self.mode == "snapshot" else _IMMEDIATELY

    async def _end(self, how: Callable[[], None]) -> None:
        if self._begun:  # or will have, once the thread comes to it
            await self._handed(how)
            self._begun = False
            self._give_turn()

    async def close(self) -> None:
        """Undo what is open and end the thread."""
        try:
            await super().close()
        finally:
            self._give_turn()

    def stop(self) -> asyncio.Future[Any] | None:
        """End the thread without waiting for it."""
        self._give_turn()
        return super().stop()

    async def _take_turn(self) -> None:
        if not self._turn.locked():
            await self._turn.acquire()  # at once: a time-out would cost more than that
            self._writes = True
            return
        try:
            async with asyncio.timeout(_BUSY_SECONDS):
                await self._turn.acquire()
        except TimeoutError as error:
            raise sqlite3.OperationalError("database is locked") from error
        self._writes = True

    def _give_turn(self) -> None:
        if self._writes:
            self._writes = False
            self._turn.release()

    async def _handed(self, work: Callable[..., Any], *arguments: Any) -> Any:
        """What it returns, in the thread."""

        def done() -> Any:
            try:
                return work(*arguments)
            finally:
                self._done += 1

        execute: Callable[..., Awaitable[Any]] = self._execute
        self._given += 1
        return await execute(done)


class Outcome:
    """What a statement left behind."""

    def __init__(self, cursor: sqlite3.Cursor) -> None:
        self.description = cursor.description
        self.rows = cursor.fetchall() if cursor.description else []
        self.rowcount = cursor.rowcount
        self.lastrowid = cursor.lastrowid
        cursor.close()


class SqliteCursor:
    """What SQLAlchemy's adapter asks of a cursor. All rows are fetched with the statement."""

    arraysize = 1

    def __init__(self, connection: SqliteConnection) -> None:
        self._connection = connection
        self._rows: list[Any] = []
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def execute(self, statement: str, parameters: Any = ()) -> Self:
        """Execute and fetch."""
        return self._told(await self._connection.carry_out(statement, parameters))

    async def executemany(self, statement: str, parameters: Sequence[Any]) -> Self:
        """Execute with each of the parameters."""
        return self._told(
            await self._connection.hand_over(
                statement, lambda known: known.executemany(statement, parameters)
            )
        )

    async def fetchone(self) -> Any:
        """The next row; None after the last."""
        return self._rows.pop(0) if self._rows else None

    async def fetchmany(self, size: int = 1) -> list[Any]:
        """The next rows."""
        found, self._rows = self._rows[:size], self._rows[size:]
        return found

    async def fetchall(self) -> list[Any]:
        """The rows that are left."""
        found, self._rows = self._rows, []
        return found

    async def close(self) -> None:
        """The statement has ended already; let its rows go."""
        self._rows = []

    def _told(self, outcome: Outcome) -> Self:
        self._rows, self.description = outcome.rows, outcome.description
        self.rowcount, self.lastrowid = outcome.rowcount, outcome.lastrowid
        return self


def _changes(statement: str) -> bool:
    """Whether a statement may do more than read."""
    return statement.lstrip()[:6].upper() != "SELECT"


@lru_cache(maxsize=1024)
def is_brief(statement: str) -> bool:
    """Whether a statement takes no longer, whatever is in its table: it says so, or adds one row or
    changes the one that is in its place, and reads nothing else.
    """
    if BRIEF in statement:
        return True
    words = statement.upper().split()
    return words[:2] == ["INSERT", "INTO"] and "VALUES" in words and not _MORE.search(statement)


def _is_small(parameters: Any) -> bool:
    return sum(len(each) for each in parameters if isinstance(each, str | bytes)) <= _SMALL


_COLUMNS = """
    SELECT t.name, c.name FROM sqlite_master AS t, pragma_table_xinfo(t.name) AS c
    WHERE t.type = 'table'
"""
"""Of all tables at once: asked for each, as SQLAlchemy does, it takes half of a store's start."""


def complete(connection: Connection, metadata: MetaData) -> None:
    """Create the tables that are missing, and add what those that are there lack: columns that may
    be absent or have a default, and indexes. Nothing is changed or taken away, so that an older
    version of a service goes on with them (expand and contract); checks over several columns stay
    as they were.
    """
    quoted = connection.dialect.identifier_preparer.quote
    known: dict[str, set[str]] = {}
    for table_name, column_name in connection.exec_driver_sql(_COLUMNS):
        known.setdefault(table_name, set()).add(column_name)
    # SQLAlchemy knows of no index over expressions that is there already
    names = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'index'")
    indexes = {*names.scalars()}
    missing = []
    for table in metadata.sorted_tables:
        if table.name not in known:
            missing.append(table)
            continue
        for column in [each for each in table.columns if each.name not in known[table.name]]:
            told = CreateColumn(column).compile(connection)
            connection.exec_driver_sql(f"ALTER TABLE {quoted(table.name)} ADD COLUMN {told}")
        for index in [each for each in table.indexes if each.name not in indexes]:
            index.create(connection)
    if missing:
        metadata.create_all(connection, missing)


def options() -> dict[str, Any]:
    """Arguments of `create_async_engine`."""
    turn = asyncio.Lock()

    def connect(database: str, **how: Any) -> SqliteConnection:
        made = SqliteConnection(lambda: _opened(database, how), turn)
        # as the dialect does with its own: a thread that waits for work must not keep the process
        made._thread.daemon = True
        return made

    return {
        "connect_args": {"timeout": _BUSY_SECONDS, "async_creator_fn": connect},
        # a connection that is closed undoes its transaction itself
        "pool_reset_on_return": None,
    }


def _opened(database: str, how: Mapping[str, Any]) -> sqlite3.Connection:
    """With a write-ahead log. Nobody waits for his turn to begin one: of several who do so at the
    same time SQLite refuses all but one at once, whatever time-out they have.
    """
    connection: sqlite3.Connection = sqlite3.connect(database, **how)
    deadline = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            # the low byte: there is a busy of its own where a log is recovered after a crash
            busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
            if not busy or time.monotonic() > deadline:
                connection.close()
                raise
            time.sleep(_AGAIN)
        else:
            return connection


def tune(engine: AsyncEngine) -> None:
    """Transactions under our control, and all tables in one schema: SQLite has no others.

    All of it is said once to pool and dialect. What is said for each connection or statement (its
    events, execution options, `schema_translate_map`) costs a sixth of what a statement takes.
    """
    engine.dialect.identifier_preparer.schema_for_object = _schema

    @event.listens_for(engine.sync_engine.pool, "connect")
    def connect(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in _PRAGMAS:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()
        _of(connection).mode = "read"

    @event.listens_for(engine.sync_engine.pool, "checkin")
    def given_back(connection: DBAPIConnection | None, _: ConnectionPoolEntry) -> None:
        if connection is not None:  # there is none where it was of no more use
            _of(connection).mode = "read"


def begin(connection: AsyncConnection, mode: Mode) -> None:
    """Have the transactions of a connection be of a mode, until it is given back."""
    assert connection.sync_connection is not None
    _of(connection.sync_connection.connection).mode = mode


def _of(connection: Any) -> SqliteConnection:
    found: SqliteConnection = connection.driver_connection
    return found


def _schema(table: Any) -> Any:
    """Where a table lies whose model names a schema; what has none is an alias, or ours."""
    return "main" if table.schema is not None else None
