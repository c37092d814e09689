"""What PostgreSQL lacks of the tables of a newer version of a service, added beside older ones.

Expand and contract: columns that may be absent or have a default, and indexes. Nothing is changed
or taken away. No step rewrites a table or keeps those who work with it waiting: a column is added
in a transaction that gives up its place in the queue for the lock after a moment, since everybody
else would wait behind it, and tries again; an index is built concurrently.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import OperationalError
from sqlalchemy.schema import CreateColumn

from cloudsync_chassis.logs import logger
from cloudsync_chassis.store.database import Database

log = logger("expand")

LOCK_TIMEOUT = "2s"
"""How long others may have to wait behind one of our statements that waits for a lock itself."""
_TRIES = 60
_PAUSE = 0.5
_LOCK_NOT_AVAILABLE = "55P03"
_CALL = re.compile(r"(\w+)\s*\(")

_INDEXES = sa.text(
    "SELECT c.relname, i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
    "JOIN pg_namespace n ON n.oid = c.relnamespace "
    "WHERE n.nspname = coalesce(:schema, current_schema())"
)
_PARTITIONED = sa.text(
    "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
    "WHERE c.relkind = 'p' AND n.nspname = coalesce(:schema, current_schema())"
)
_VOLATILE = sa.text("SELECT DISTINCT proname FROM pg_proc WHERE provolatile = 'v'")


class ExpansionError(Exception):
    """A column cannot be added beside a version that does not know it: a revision has to."""


@dataclass(slots=True)
class _Lacking:
    """What is to be added. `broken`: indexes of which an earlier attempt has left a useless rest;
    `whole`: those of partitioned tables, which PostgreSQL does not build concurrently.
    """

    columns: list[sa.Column[object]] = field(default_factory=list)
    indexes: list[sa.Index] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)
    whole: set[str] = field(default_factory=set)


async def expand(database: Database, metadata: sa.MetaData) -> None:
    """Add what the tables that are there lack; tables that are not are nobody's here.

    Raises:
        ExpansionError: a column may not be absent and has no default, or one that differs from row
            to row, for which PostgreSQL would rewrite the table.
        sqlalchemy.exc.OperationalError: a lock could not be had for half a minute.
    """
    async with database.transaction(write=False) as connection:
        lacking = await connection.run_sync(_lacking, metadata, database.schema)
    for column in lacking.columns:
        await patiently(partial(_add_column, database, column))
        log.info("column_added", table=column.table.name, column=column.name)
    for index in lacking.indexes:
        await _add_index(database, index, lacking)
        log.info("index_added", index=index.name)


async def patiently(step: Callable[[], Awaitable[None]]) -> None:
    """Carry out a step that `impatient` has made give up its locks, as often as it takes.

    Raises:
        sqlalchemy.exc.OperationalError: not even the last attempt got its locks.
    """
    for _ in range(_TRIES - 1):
        try:
            await step()
            return
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", "") != _LOCK_NOT_AVAILABLE:
                raise
        await asyncio.sleep(_PAUSE)
    await step()


def impatient(connection: Connection) -> None:
    """Let a transaction wait for locks for a moment only, since others wait behind it."""
    connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")


def _lacking(connection: Connection, metadata: sa.MetaData, schema: str | None) -> _Lacking:
    look, found = sa.inspect(connection), _Lacking()
    volatile = frozenset(connection.execute(_VOLATILE).scalars())
    for table in metadata.sorted_tables:
        within = table.schema or schema
        if not look.has_table(table.name, within):
            continue
        known = {each["name"] for each in look.get_columns(table.name, within)}
        found.columns += [_harmless(e, volatile) for e in table.columns if e.name not in known]
        valid = {e.relname: e.indisvalid for e in connection.execute(_INDEXES, {"schema": within})}
        found.indexes += [e for e in table.indexes if not valid.get(str(e.name))]
        found.broken |= {name for name, usable in valid.items() if not usable}
        found.whole |= {*connection.execute(_PARTITIONED, {"schema": within}).scalars()}
    return found


def _harmless(column: sa.Column[object], volatile: frozenset[str]) -> sa.Column[object]:
    """The column, which can be added at once and is no trouble to who does not know it."""
    place = f"{column.table.name}.{column.name}"
    default = column.server_default
    told = str(default.arg) if isinstance(default, sa.DefaultClause) else ""
    if not column.nullable and not told:
        raise ExpansionError(f"{place} is not nullable and has no default: write a revision")
    if volatile & {each.lower() for each in _CALL.findall(told)}:
        raise ExpansionError(f"the default of {place} rewrites the table: write a revision")
    return column


async def _add_column(database: Database, column: sa.Column[object]) -> None:
    def add(connection: Connection) -> None:
        impatient(connection)
        named = connection.dialect.identifier_preparer.format_table(column.table)
        if column.table.schema is None and database.schema is not None:
            named = f"{connection.dialect.identifier_preparer.quote(database.schema)}.{named}"
        told = CreateColumn(column).compile(connection)
        connection.exec_driver_sql(f"ALTER TABLE {named} ADD COLUMN IF NOT EXISTS {told}")

    async with database.transaction(write=True) as connection:
        await connection.run_sync(add)


async def _add_index(database: Database, index: sa.Index, lacking: _Lacking) -> None:
    async def whole() -> None:
        async with database.transaction(write=True) as connection:
            await connection.run_sync(impatient)
            await connection.run_sync(index.create)

    if index.table is not None and index.table.name in lacking.whole:
        await patiently(whole)
        return
    index.dialect_options["postgresql"]["concurrently"] = True
    connection = await database.connect(write=True)
    try:
        alone = await connection.execution_options(isolation_level="AUTOCOMMIT")
        if index.name in lacking.broken:
            await alone.run_sync(index.drop)
        await alone.run_sync(index.create)
    finally:
        await connection.close()
