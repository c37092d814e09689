"""Brings a database to the newest revision: drives Alembic with the service's own connection."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy.engine import Connection

from cloudsync_chassis.store.database import Database


async def upgrade(database: Database, folder: Path, revision: str = "head") -> None:
    """Apply the revisions below `folder`; its `env.py` takes `config.attributes["connection"]`."""
    await _drive(database, folder, lambda config: command.upgrade(config, revision))


async def downgrade(database: Database, folder: Path, revision: str) -> None:
    """Undo the revisions after `revision` (`base`: all of them)."""
    await _drive(database, folder, lambda config: command.downgrade(config, revision))


async def _drive(database: Database, folder: Path, step: Callable[[Config], None]) -> None:
    def run(connection: Connection) -> None:
        config = Config()
        config.set_main_option("script_location", str(folder).replace("%", "%%"))
        config.attributes["connection"] = connection
        step(config)

    async with database.transaction(write=True) as connection:
        await connection.run_sync(run)
