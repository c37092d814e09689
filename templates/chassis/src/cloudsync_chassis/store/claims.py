"""Unique values of documents: each is a row of its own, whose primary key it is."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from cloudsync_chassis.store.cipher import FieldCipher
from cloudsync_chassis.store.database import dialect_insert
from cloudsync_chassis.store.engine import AsyncConnection
from cloudsync_chassis.store.predicates import equals
from cloudsync_chassis.store.repository import UniqueViolationError
from cloudsync_chassis.store.statements import Selection, selected
from cloudsync_chassis.store.system import unique_keys


@dataclass(frozen=True, slots=True)
class Claims:
    """Of one collection; each entry of `unique` is a set of fields whose values occur once in it.

    `encrypted`: fields that are told apart by their blind index.
    """

    collection: str
    unique: tuple[tuple[str, ...], ...]
    encrypted: frozenset[str]

    def of(
        self, plain: Mapping[str, Any], cipher: FieldCipher
    ) -> Iterator[tuple[tuple[str, ...], str]]:
        """(fields, what tells their values from others) of a document in clear."""
        for fields in self.unique:
            if all(name in plain for name in fields):
                told = [self._told(name, plain[name], cipher) for name in fields]
                values = json.dumps(told, sort_keys=True)
                yield tuple(name for name in fields if name != "organizationId"), values

    def claimant(self, fields: tuple[str, ...], value: str) -> Selection:
        """The id of the document that has what `of` tells."""
        row = self._row(fields, value)
        parts = [equals(name, unique_keys.c[name], each) for name, each in row.items()]
        return selected(unique_keys.name, parts, lambda: sa.select(unique_keys.c.id))

    async def make(
        self,
        connection: AsyncConnection,
        entity_id: UUID,
        plain: Mapping[str, Any],
        cipher: FieldCipher,
    ) -> None:
        """Claim the values of a document.

        Raises:
            UniqueViolationError: another document has some of them.
        """
        for fields, value in self.of(plain, cipher):
            row = {**self._row(fields, value), "id": entity_id}
            try:
                await connection.execute(sa.insert(unique_keys).values(row))
            except IntegrityError as error:
                raise UniqueViolationError(fields) from error

    async def renew(
        self,
        connection: AsyncConnection,
        entity_id: UUID,
        plain: Mapping[str, Any],
        cipher: FieldCipher,
    ) -> None:
        """Claim the same values as they are told now; what another document has by now stays its
        own, since nobody is there to be refused.
        """
        await self.release(connection, entity_id)
        for fields, value in self.of(plain, cipher):
            row = {**self._row(fields, value), "id": entity_id}
            added = dialect_insert(connection, unique_keys).values(row)
            await connection.execute(added.on_conflict_do_nothing())

    async def release(self, connection: AsyncConnection, entity_id: UUID) -> None:
        """Let go of all values of a document."""
        if self.unique:
            own = (unique_keys.c.collection == self.collection, unique_keys.c.id == entity_id)
            await connection.execute(sa.delete(unique_keys).where(*own))

    def _told(self, name: str, value: Any, cipher: FieldCipher) -> Any:
        return cipher.blind_index(value) if name in self.encrypted else value

    def _row(self, fields: tuple[str, ...], value: str) -> dict[str, str]:
        return {"collection": self.collection, "name": ",".join(fields), "value": value}
