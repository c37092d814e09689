"""Brings a database to the newest revision: drives Alembic with the service's own connection.

`env.py` of a service calls `run`, which finds that connection, or writes SQL where there is none.
"""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from pathlib import Path

import sqlalchemy as sa
from alembic import command, context
from alembic.config import Config
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection
from sqlalchemy.schema import CreateSchema

from cloudsync_chassis.store.database import Database
from cloudsync_chassis.store.expand import expand, impatient, patiently
from cloudsync_chassis.store.schema import Schema


async def upgrade(database: Database, folder: Path, revision: str = "head") -> None:
    """Apply the revisions below `folder`, of which none waits for a lock longer than those who work
    with the tables can bear.

    As long as there is one revision alone, which is made anew with each change of the model, what
    the tables lack of it is added (`expand`).
    """
    await patiently(
        lambda: _drive(database, folder, lambda config: command.upgrade(config, revision))
    )
    first = _only(folder)
    if first is not None and not database.is_sqlite:
        await patiently(lambda: _add_tables(database, first))
        await expand(database, first.tables_of())


def _only(folder: Path) -> Schema | None:
    """The schema of the only revision."""
    revisions = [*ScriptDirectory.from_config(_config(folder)).walk_revisions()]
    found = getattr(revisions[0].module, "SCHEMA", None) if len(revisions) == 1 else None
    return found if isinstance(found, Schema) else None


async def _add_tables(database: Database, schema: Schema) -> None:
    """Those that are not there."""

    def add(connection: Connection) -> None:
        impatient(connection)
        there = {*sa.inspect(connection).get_table_names(schema.name)}
        with Operations.context(MigrationContext.configure(connection)):
            for each in schema.tables:
                if each.name not in there:
                    each.create(schema.name, postgresql=True)

    async with database.transaction(write=True) as connection:
        await connection.run_sync(add)


async def downgrade(database: Database, folder: Path, revision: str) -> None:
    """Undo the revisions after `revision` (`base`: all of them)."""
    await _drive(database, folder, lambda config: command.downgrade(config, revision))


def script(folder: Path, schema: str | None = None) -> str:
    """All revisions as SQL for PostgreSQL, to be read or run by hand; which of them have been run
    is noted in `schema`, as `upgrade` does.
    """
    output = StringIO()
    config = _config(folder, output)
    config.attributes["schema"] = schema
    command.upgrade(config, "head", sql=True)
    return output.getvalue()


def run(version_table: str) -> None:
    """The whole of a service's `env.py`."""
    attributes = context.config.attributes
    connection, schema = attributes.get("connection"), attributes.get("schema")
    on_paper = connection is None
    context.configure(
        connection=connection,
        dialect_name="postgresql" if on_paper else None,
        # with psycopg's own parameters a `%` of an expression would be written twice
        dialect_opts={"paramstyle": "named"} if on_paper else {},
        version_table=version_table,
        # named, since Alembic looks for the table where no translation of schemas leads it
        version_table_schema=schema,
        transactional_ddl=True,
    )
    with context.begin_transaction():
        if on_paper and schema is not None:
            context.execute(CreateSchema(schema, if_not_exists=True))
        context.run_migrations()


def _config(folder: Path, output: StringIO | None = None) -> Config:
    config = Config(output_buffer=output) if output is not None else Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    return config


async def _drive(database: Database, folder: Path, step: Callable[[Config], None]) -> None:
    def run(connection: Connection) -> None:
        if not database.is_sqlite:
            impatient(connection)
        config = _config(folder)
        config.attributes["connection"] = connection
        config.attributes["schema"] = database.schema
        step(config)

    async with database.transaction(write=True) as connection:
        await connection.run_sync(run)
