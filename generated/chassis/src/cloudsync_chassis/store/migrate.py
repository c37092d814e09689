"""Brings a database to the newest revision: drives Alembic with the service's own connection.

`env.py` of a service calls `run`, which finds that connection, or writes SQL where there is none.
"""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from pathlib import Path

from alembic import command, context
from alembic.config import Config
from sqlalchemy.engine import Connection
from sqlalchemy.schema import CreateSchema

from cloudsync_chassis.store.database import Database


async def upgrade(database: Database, folder: Path, revision: str = "head") -> None:
    """Apply the revisions below `folder`."""
    await _drive(database, folder, lambda config: command.upgrade(config, revision))


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
        config = _config(folder)
        config.attributes["connection"] = connection
        config.attributes["schema"] = database.schema
        step(config)

    async with database.transaction(write=True) as connection:
        await connection.run_sync(run)
