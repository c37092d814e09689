"""Brings encrypted fields under the newest key, in the background and in bounded steps."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa

from cloudsync_chassis.logs import logger
from cloudsync_chassis.store.cipher import FieldCipher
from cloudsync_chassis.store.columns import sql
from cloudsync_chassis.store.database import Database, dialect_insert
from cloudsync_chassis.store.engine import AsyncConnection
from cloudsync_chassis.store.keys import FieldKey, OwnKeys
from cloudsync_chassis.store.sealed import Renewable
from cloudsync_chassis.store.system import metadata

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
"""How far the fields of each table or collection are under which key: the last row seen."""


class Renewal:
    """Of all that one service keeps encrypted; any number of replicas may do it together."""

    def __init__(self, database: Database, cipher: FieldCipher, kept: Sequence[Renewable]) -> None:
        self._database = database
        self._cipher = cipher
        self._kept = kept

    async def step(self, most: int = BATCH) -> bool:
        """Look at `most` rows, in one transaction with the note of how far that was.

        False where everything is under the newest key.
        """
        newest = self._cipher.keys.all()[0].id.hex()
        for each in self._kept:
            async with self._database.transaction(write=True) as connection:
                done, last = await _reached(connection, each, newest)
                if not done:
                    place, done = await each.renew(connection, self._cipher, last, most)
                    await _note(connection, each, newest, place, done)
                    return True
        return False

    async def in_use(self) -> frozenset[bytes]:
        """Ids of the keys under which some field is still."""
        found: set[bytes] = set()
        async with self._database.transaction(write=False) as connection:
            for each in self._kept:
                found |= await each.in_use(connection)
        return frozenset(found)

    async def restart(self) -> None:
        """Look at all rows again: a replica that knew the newest key late wrote under another."""
        async with self._database.transaction(write=True) as connection:
            await connection.execute(sa.delete(progress))

    async def unused(self) -> tuple[FieldKey, ...]:
        """Keys but the newest under which there is no field any more."""
        used = await self.in_use()
        return tuple(each for each in self._cipher.keys.all()[1:] if each.id not in used)


async def _reached(
    connection: AsyncConnection, sealed: Renewable, newest: str
) -> tuple[bool, tuple[UUID, UUID] | None]:
    statement = sa.select(progress).where(progress.c.table_name == sealed.name)
    row = (await connection.execute(statement)).one_or_none()
    if row is None or row.key_id != newest:
        return False, None
    return row.done, (row.organization_id, row.entity_id) if row.entity_id else None


async def _note(
    connection: AsyncConnection,
    sealed: Renewable,
    newest: str,
    last: tuple[UUID, UUID] | None,
    done: bool,
) -> None:
    tenant, row_id = last or (None, None)
    told = {"key_id": newest, "organization_id": tenant, "entity_id": row_id, "done": done}
    statement = dialect_insert(connection, progress).values(table_name=sealed.name, **told)
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
