"""The migration runner drives Alembic with the service's own connection."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from cloudsync_chassis.store import migrate
from cloudsync_chassis.store.database import Database

ENV = """
from alembic import context
context.configure(connection=context.config.attributes["connection"], transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
"""
REVISION = """
revision = "{number}"
down_revision = {before}

from alembic import op
import sqlalchemy as sa

def upgrade():
    op.create_table("t{number}", sa.Column("id", sa.Integer(), primary_key=True))
    {fault}

def downgrade():
    op.drop_table("t{number}")
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    versions = tmp_path / "migrations 100%" / "versions"
    versions.mkdir(parents=True)
    (versions.parent / "env.py").write_text(ENV)
    write(versions, 1)
    write(versions, 2)
    return versions.parent


def write(versions: Path, number: int, fault: str = "pass") -> None:
    before = repr(str(number - 1)) if number > 1 else None
    text = REVISION.format(number=number, before=before, fault=fault)
    (versions / f"{number}.py").write_text(text)


async def tables(database: Database) -> set[str]:
    async with database.transaction(write=False) as connection:
        found = await connection.run_sync(lambda each: sa.inspect(each).get_table_names())
    return set(found) - {"alembic_version"}


async def test_up_and_down_again(tmp_path: Path, folder: Path) -> None:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'x.sqlite'}")
    await migrate.upgrade(database, folder, "1")
    assert await tables(database) == {"t1"}
    await migrate.upgrade(database, folder)
    await migrate.upgrade(database, folder)
    assert await tables(database) == {"t1", "t2"}
    await migrate.downgrade(database, folder, "base")
    assert await tables(database) == set()
    await database.dispose()


async def test_a_failing_revision_leaves_nothing_behind(tmp_path: Path, folder: Path) -> None:
    write(folder / "versions", 3, 'raise RuntimeError("broken")')
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'x.sqlite'}")
    with pytest.raises(RuntimeError, match="broken"):
        await migrate.upgrade(database, folder)
    assert await tables(database) == set(), "all or nothing"
    await database.dispose()
