"""The migration runner drives Alembic with the service's own connection."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest
import sqlalchemy as sa

from cloudsync_chassis.store import migrate
from cloudsync_chassis.store.database import Database
from cloudsync_chassis.store.schema import Column, ForeignKey, Table

ENV = """
from cloudsync_chassis.store.migrate import run
run("revisions_of_shop")
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
    return set(found) - {"revisions_of_shop"}


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


def test_the_revisions_as_sql(folder: Path) -> None:
    """For PostgreSQL, wherever it is written; `%` as it stands."""
    write(folder / "versions", 3, """op.create_check_constraint("c", "t3", "id::text LIKE 'a%'")""")
    text = migrate.script(folder)
    assert text.startswith("BEGIN;")
    assert [f"CREATE TABLE t{n}" in text for n in (1, 2, 3)] == [True] * 3
    assert "CHECK (id::text LIKE 'a%')" in text
    assert "INSERT INTO revisions_of_shop" in text


def test_the_sql_notes_revisions_where_the_service_looks_for_them(folder: Path) -> None:
    text = migrate.script(folder, "shop")
    assert "CREATE TABLE shop.revisions_of_shop" in text
    assert text.index("CREATE SCHEMA IF NOT EXISTS shop") < text.index("CREATE TABLE shop")


SCHEMA_REVISION = """
from cloudsync_chassis.store.schema import Check, Column, ForeignKey, Index, Schema, Table

revision = "1"
down_revision = None
SCHEMA = Schema(
    "shop",
    Table(
        "shelves",
        Column("id", "uuid", "gen_random_uuid()", portable=False),
        Column("path", "ltree", nullable=True),
        Check("shelves_deep", "nlevel(path) < 9", portable=False),
        Index("shelves_path", ("path",), using="gist", portable=False),
        key=("id",),
        partition="HASH (id)",
        parts=2,
    ),
    Table(
        "books",
        Column("id", "bigint"),
        Column("shelf_id", "uuid", nullable=True),
        Column("count", "integer", "0"),
        Check("books_counted", "count >= 0"),
        ForeignKey(("shelf_id",), "shelves", ("id",), "CASCADE"),
        Index("books_few", ("count DESC",), where="count < 3", unique=True),
        key=("id",),
        partition="RANGE (id)",
    ),
    extensions=("ltree",),
)
upgrade, downgrade = SCHEMA.create, SCHEMA.drop
"""


@pytest.fixture
def schema_folder(tmp_path: Path) -> Path:
    versions = tmp_path / "schema" / "versions"
    versions.mkdir(parents=True)
    (versions.parent / "env.py").write_text(ENV)
    (versions / "1.py").write_text(SCHEMA_REVISION)
    return versions.parent


def test_a_schema_for_postgresql_has_everything(schema_folder: Path) -> None:
    lines = " ".join(migrate.script(schema_folder).split())
    for each in (
        'CREATE EXTENSION IF NOT EXISTS "ltree";',
        'CREATE SCHEMA IF NOT EXISTS "shop";',
        "id UUID DEFAULT gen_random_uuid() NOT NULL",
        "CONSTRAINT shelves_deep CHECK (nlevel(path) < 9)",
        "CONSTRAINT shelves_pkey PRIMARY KEY (id)",
        ") PARTITION BY HASH (id);",
        'PARTITION OF "shop"."shelves" FOR VALUES WITH (MODULUS 2, REMAINDER 1)',
        "CREATE INDEX shelves_path ON shop.shelves USING gist (path)",
        "FOREIGN KEY(shelf_id) REFERENCES shop.shelves (id) ON DELETE CASCADE",
        'CREATE TABLE "shop"."books_default" PARTITION OF "shop"."books" DEFAULT',
        "CREATE UNIQUE INDEX books_few ON shop.books (count DESC) WHERE count < 3",
    ):
        assert each in lines


KEYS = (
    Table(
        "shelves",
        Column("id", "uuid"),
        Column("above_id", "uuid", nullable=True),
        ForeignKey(("above_id",), "shelves", ("id",), "RESTRICT"),
        key=("id",),
    ),
    Table(
        "books",
        Column("id", "uuid"),
        Column("shelf_id", "uuid"),
        Column("twin_id", "uuid", nullable=True),
        ForeignKey(("shelf_id",), "shelves", ("id",), "CASCADE"),
        ForeignKey(("twin_id",), "books", ("id",), "SET NULL"),
        key=("id",),
    ),
)


async def test_the_embedded_tables_have_the_keys_of_the_others(tmp_path: Path) -> None:
    """What names a row names one that is there, and what happens when that goes is the same."""
    metadata = sa.MetaData()
    shelves, books = (each.of(metadata, "shop") for each in KEYS)
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'x.sqlite'}", schemas=("shop",))
    await database.create_all(metadata)
    top, low, first, twin = (uuid.uuid4() for _ in range(4))
    async with database.transaction(write=True) as connection:
        with pytest.raises(sa.exc.IntegrityError):
            await connection.execute(shelves.insert().values(id=low, above_id=top))
        for each in ({"id": top}, {"id": low, "above_id": top}):
            await connection.execute(shelves.insert().values(each))
        for row in ({"id": first, "shelf_id": top}, {"id": twin, "shelf_id": low}):
            await connection.execute(books.insert().values(**row, twin_id=first))
        with pytest.raises(sa.exc.IntegrityError):
            await connection.execute(shelves.delete().where(shelves.c.id == top))
        await connection.execute(books.delete().where(books.c.id == first))
        assert (await connection.execute(sa.select(books.c.id, books.c.twin_id))).all() == [
            (twin, None)
        ]
        await connection.execute(shelves.delete())
        assert (await connection.execute(sa.select(books.c.id))).all() == []
    await database.dispose()


async def test_a_schema_for_sqlite_has_what_it_can_read(
    tmp_path: Path, schema_folder: Path
) -> None:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'x.sqlite'}")
    await migrate.upgrade(database, schema_folder)
    assert await tables(database) == {"shelves", "books"}
    async with database.transaction(write=True) as connection:
        await connection.execute(sa.text("INSERT INTO books (id) VALUES (1)"))
        for broken in ("(id, count) VALUES (2, -1)", "(id, count) VALUES (2, 0)"):
            with pytest.raises(sa.exc.IntegrityError):
                await connection.execute(sa.text(f"INSERT INTO books {broken}"))
    await migrate.downgrade(database, schema_folder, "base")
    assert await tables(database) == set()
    await database.dispose()
