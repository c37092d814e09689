"""Encrypted fields where they lie: in columns of tables, or within JSON documents."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

import sqlalchemy as sa

from cloudsync_chassis.store.cipher import FieldCipher, key_of
from cloudsync_chassis.store.claims import Claims
from cloudsync_chassis.store.engine import AsyncConnection
from cloudsync_chassis.store.system import documents
from cloudsync_chassis.store.table import TableStore

Place = tuple[UUID, UUID]
"""Tenant and id of a row."""

SEALED = "$sealed"
"""The only property of what stands in a document for an encrypted value."""

_FEWER = 10
"""How many rows of a table a document counts for: it may be large, and is read whole."""


class Renewable(Protocol):
    """Somewhere encrypted fields are kept; `name` is its own among all of a service."""

    @property
    def name(self) -> str: ...

    async def in_use(self, connection: AsyncConnection) -> set[bytes]:
        """Ids of the keys under which some field is."""

    async def renew(
        self, connection: AsyncConnection, cipher: FieldCipher, last: Place | None, most: int
    ) -> tuple[Place | None, bool]:
        """Bring at most so many rows behind `last` under the newest key: how far that was, and
        whether there are no more.
        """


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

    @property
    def name(self) -> str:
        """The table's."""
        return self.table.name

    async def in_use(self, connection: AsyncConnection) -> set[bytes]:
        """See `Renewable.in_use`."""
        found: set[bytes] = set()
        for column in self.columns:
            prefix = sa.func.substr(column, 1, 4)
            statement = sa.select(sa.type_coerce(prefix, sa.LargeBinary())).distinct()
            rows = await connection.execute(statement.where(column.is_not(None)))
            found |= {bytes(value) for value in rows.scalars()}
        return found

    async def renew(
        self, connection: AsyncConnection, cipher: FieldCipher, last: Place | None, most: int
    ) -> tuple[Place | None, bool]:
        """See `Renewable.renew`."""
        statement = sa.select(self.tenant, self.row_id, *self.columns).limit(most)
        statement = _behind(statement, self.tenant, self.row_id, last)
        rows = (await connection.execute(statement)).all()
        for row in rows:
            await self._renew(connection, cipher, tuple(row))
        return ((rows[-1][0], rows[-1][1]) if rows else last), len(rows) < most

    async def _renew(
        self, connection: AsyncConnection, cipher: FieldCipher, row: Sequence[Any]
    ) -> None:
        """Each column by itself, and only if nobody has changed it meanwhile."""
        tenant, row_id = row[0], row[1]
        for column, stored in zip(self.columns, row[2:], strict=True):
            renewed = cipher.renewed(stored, tenant) if stored is not None else None
            if renewed is not None:
                one = (self.tenant == tenant, self.row_id == row_id, column == stored)
                change = sa.update(self.table).where(*one)
                await connection.execute(change.values({column.name: renewed}))


@dataclass(frozen=True, slots=True)
class SealedDocuments:
    """A collection of documents with encrypted fields. Those that are still in clear, since they
    were written before the field was to be encrypted, are encrypted with the renewal, and what is
    claimed by `unique` of them (see `Claims`) is no longer claimed in clear.
    """

    collection: str
    fields: tuple[str, ...]
    unique: tuple[tuple[str, ...], ...] = ()

    @property
    def name(self) -> str:
        """Of the collection within the table of all documents, and of the fields: with one more of
        them all documents are looked at again, also under the key that they are under.
        """
        return f"{documents.name}/{self.collection}: {', '.join(self.fields)}"

    async def in_use(self, connection: AsyncConnection) -> set[bytes]:
        """See `Renewable.in_use`."""
        found: set[bytes] = set()
        for field in self.fields:
            text = documents.c.body[(field, SEALED)].as_string()
            statement = sa.select(sa.func.substr(text, 1, 8)).distinct()
            statement = statement.where(self._own(), text.is_not(None))
            found |= {bytes.fromhex(key) for key in (await connection.execute(statement)).scalars()}
        return found

    async def renew(
        self, connection: AsyncConnection, cipher: FieldCipher, last: Place | None, most: int
    ) -> tuple[Place | None, bool]:
        """See `Renewable.renew`."""
        kept, most = documents.c, max(1, most // _FEWER)
        statement = sa.select(kept.organization_id, kept.id, kept.version, kept.body).limit(most)
        statement = _behind(statement.where(self._own()), kept.organization_id, kept.id, last)
        rows = (await connection.execute(statement)).all()
        for row in rows:
            changed = dict(self._renewed(cipher, row.body, row.organization_id))
            if changed:
                one = (kept.organization_id == row.organization_id, kept.id == row.id)
                change = sa.update(documents).where(self._own(), *one, kept.version == row.version)
                done = await connection.execute(change.values(body={**row.body, **changed}))
                if done.rowcount and self._claimed_in_clear(row.body, changed):
                    plain = self._plain(cipher, row.body, row.organization_id)
                    await self._claims.renew(connection, row.id, plain, cipher)
        return ((rows[-1][0], rows[-1][1]) if rows else last), len(rows) < most

    def _renewed(
        self, cipher: FieldCipher, body: Mapping[str, Any], tenant: UUID
    ) -> Iterator[tuple[str, dict[str, str]]]:
        for name in self.fields:
            stored = unwrapped(body.get(name))
            if stored is not None:
                renewed = cipher.renewed(stored, tenant)
            else:
                renewed = cipher.encrypt(body[name], tenant) if name in body else None
            if renewed is not None:
                yield name, wrapped(renewed)

    def _claimed_in_clear(self, body: Mapping[str, Any], changed: Collection[str]) -> bool:
        """Whether a unique value that is encrypted now was not before."""
        fresh = {name for name in changed if unwrapped(body[name]) is None}
        return any(fresh.intersection(fields) for fields in self.unique)

    def _plain(self, cipher: FieldCipher, body: Mapping[str, Any], tenant: UUID) -> dict[str, Any]:
        stored = {name: unwrapped(body.get(name)) for name in self.fields}
        opened = {n: cipher.decrypt(s, tenant) for n, s in stored.items() if s is not None}
        return {**body, **opened}

    @property
    def _claims(self) -> Claims:
        return Claims(self.collection, self.unique, frozenset(self.fields))

    def _own(self) -> sa.ColumnElement[bool]:
        return documents.c.collection == self.collection


def wrapped(stored: bytes) -> dict[str, str]:
    """Ciphertext as it stands in a document: the key's id first, so that it can be asked for."""
    return {SEALED: f"{key_of(stored).hex()}:{b64encode(stored[len(key_of(stored)):]).decode()}"}


def unwrapped(value: Any) -> bytes | None:
    """The ciphertext that stands in a document, or None where the value is in clear."""
    if not isinstance(value, dict) or value.keys() != {SEALED}:
        return None
    key, _, rest = str(value[SEALED]).partition(":")
    return bytes.fromhex(key) + b64decode(rest)


def _behind(
    statement: sa.Select[Any], tenant: Any, row_id: Any, last: Place | None
) -> sa.Select[Any]:
    """Rows in order, those behind the last one."""
    statement = statement.order_by(tenant, row_id)
    if last is None:
        return statement
    return statement.where(sa.or_(tenant > last[0], sa.and_(tenant == last[0], row_id > last[1])))
