"""Brings encrypted fields under the newest key, in the background and in bounded steps."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from cloudsync_chassis.logs import logger
from cloudsync_chassis.store.cipher import FieldCipher
from cloudsync_chassis.store.columns import sql
from cloudsync_chassis.store.database import Database, dialect_insert
from cloudsync_chassis.store.keys import FieldKey, OwnKeys
from cloudsync_chassis.store.system import metadata
from cloudsync_chassis.store.table import TableStore

log = logger("renewal")

BATCH = 200
_CHECK_PAUSE = 60.0
_STEP_PAUSE = 0.05

progress = sa.Table(
    "field_key_renewal",
    metadata,
    sa.Column("table_name", sql("text"), primary_key=True),
    sa.Column("key_id", sql("text"), nullable=False),
    sa.Column("organization_id", sa.Uuid(), nullable=True),
    sa.Column("entity_id", sa.Uuid(), nullable=True),
    sa.Column("done", sa.Boolean(), nullable=False),
)
"""How far each table's fields are under which key: the last row that was looked at."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A table with encrypted columns."""

    table: sa.Table
    tenant: sa.Column[Any]
    row_id: sa.Column[Any]
    columns: tuple[sa.Column[Any], ...]

    @classmethod
    def of(cls, store: TableStore) -> Sealed:
        """The table of a store."""
        column = store.table.c
        return cls(
            store.table,
            column[store.column_of("organizationId")],
            column[store.column_of("id")],
            tuple(column[store.column_of(name)] for name in sorted(store.encrypted)),
        )


class Renewal:
    """Of one service's tables. Any number of replicas may do it at the same time."""

    def __init__(self, database: Database, cipher: FieldCipher, tables: Sequence[Sealed]) -> None:
        self._database = database
        self._cipher = cipher
        self._tables = tables

    async def step(self, most: int = BATCH) -> bool:
        """Look at `most` rows, in one transaction with the note of how far that was.

        False where all tables are under the newest key.
        """
        newest = self._cipher.keys.all()[0].id.hex()
        for each in self._tables:
            async with self._database.transaction(write=True) as connection:
                done, last = await _reached(connection, each, newest)
                if not done:
                    await self._advance(connection, each, last, newest, most)
                    return True
        return False

    async def in_use(self) -> frozenset[bytes]:
        """Ids of the keys under which some field is still."""
        found: set[bytes] = set()
        async with self._database.transaction(write=False) as connection:
            for each in self._tables:
                for column in each.columns:
                    prefix = sa.func.substr(column, 1, 4)
                    statement = sa.select(sa.type_coerce(prefix, sa.LargeBinary())).distinct()
                    rows = await connection.execute(statement.where(column.is_not(None)))
                    found |= {bytes(value) for value in rows.scalars()}
        return frozenset(found)

    async def restart(self) -> None:
        """Look at all rows again: a replica that knew the newest key late wrote under another."""
        async with self._database.transaction(write=True) as connection:
            await connection.execute(sa.delete(progress))

    async def unused(self) -> tuple[FieldKey, ...]:
        """Keys but the newest under which there is no field any more."""
        used = await self.in_use()
        return tuple(each for each in self._cipher.keys.all()[1:] if each.id not in used)

    async def _advance(
        self,
        connection: AsyncConnection,
        sealed: Sealed,
        last: tuple[UUID, UUID] | None,
        newest: str,
        most: int,
    ) -> None:
        columns = (sealed.tenant, sealed.row_id, *sealed.columns)
        statement = sa.select(*columns).order_by(sealed.tenant, sealed.row_id).limit(most)
        if last is not None:
            tenant, row_id = last
            statement = statement.where(
                sa.or_(
                    sealed.tenant > tenant,
                    sa.and_(sealed.tenant == tenant, sealed.row_id > row_id),
                )
            )
        rows = (await connection.execute(statement)).all()
        for row in rows:
            await self._renew(connection, sealed, tuple(row))
        place = (rows[-1][0], rows[-1][1]) if rows else last
        await _note(connection, sealed, newest, place, len(rows) < most)

    async def _renew(self, connection: AsyncConnection, sealed: Sealed, row: Sequence[Any]) -> None:
        """Each column by itself, and only if nobody has changed it meanwhile."""
        tenant, row_id = row[0], row[1]
        for column, stored in zip(sealed.columns, row[2:], strict=True):
            renewed = self._cipher.renewed(stored, tenant) if stored is not None else None
            if renewed is not None:
                one = (sealed.tenant == tenant, sealed.row_id == row_id, column == stored)
                change = sa.update(sealed.table).where(*one)
                await connection.execute(change.values({column.name: renewed}))


async def _reached(
    connection: AsyncConnection, sealed: Sealed, newest: str
) -> tuple[bool, tuple[UUID, UUID] | None]:
    name = sealed.table.name
    statement = sa.select(progress).where(progress.c.table_name == name)
    row = (await connection.execute(statement)).one_or_none()
    if row is None or row.key_id != newest:
        return False, None
    return row.done, (row.organization_id, row.entity_id) if row.entity_id else None


async def _note(
    connection: AsyncConnection,
    sealed: Sealed,
    newest: str,
    last: tuple[UUID, UUID] | None,
    done: bool,
) -> None:
    tenant, row_id = last or (None, None)
    told = {"key_id": newest, "organization_id": tenant, "entity_id": row_id, "done": done}
    statement = dialect_insert(connection, progress).values(table_name=sealed.table.name, **told)
    await connection.execute(
        statement.on_conflict_do_update(index_elements=[progress.c.table_name], set_=told)
    )


class KeyKeeper:
    """Rotates our own keys, renews what is under older ones, retires those that nothing uses.

    Keys of a folder that somebody else fills are neither made nor removed: which of them are not
    used any more stands in the log. `rotation`: seconds for which a key is the newest.
    """

    def __init__(self, cipher: FieldCipher, renewal: Renewal, rotation: float) -> None:
        self._cipher = cipher
        self._renewal = renewal
        self._rotation = rotation
        self._told: tuple[FieldKey, ...] = ()

    async def run(self) -> None:
        """Keep until cancelled."""
        while True:
            try:
                await self.once()
            except Exception as error:
                log.warning("renewal_failed", error=error)
            await asyncio.sleep(_CHECK_PAUSE)

    async def once(self, pause: float = _STEP_PAUSE) -> None:
        """Whatever is due now; `pause` seconds between two steps leave the database to others."""
        keys = self._cipher.keys
        if isinstance(keys, OwnKeys) and time.time() - keys.all()[0].made_at >= self._rotation:
            keys.rotate()
            log.info("field_key_rotated", key=keys.all()[0].id.hex())
        while await self._renewal.step():
            await asyncio.sleep(pause)
        known = keys.all()
        if len(known) > 1:
            await self._retire(known)

    async def _retire(self, known: Sequence[FieldKey]) -> None:
        unused = await self._renewal.unused()
        if len(unused) < len(known) - 1:
            await self._renewal.restart()
        keys = self._cipher.keys
        if isinstance(keys, OwnKeys):
            for each in unused:
                if self._is_over(known, each):
                    keys.retire(each)
                    log.info("field_key_retired", key=each.id.hex())
        elif unused and unused != self._told:
            log.info("field_keys_unused", keys=[each.name for each in unused])
        self._told = unused

    def _is_over(self, known: Sequence[FieldKey], key: FieldKey) -> bool:
        """Whether its successor has been there for a whole rotation: no replica writes with it."""
        successor = known[list(known).index(key) - 1]
        return time.time() - successor.made_at >= self._rotation
