"""Entities as JSON documents: the embedded stand-in for document, search and key-value stores."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic
from uuid import UUID

import sqlalchemy as sa
from pydantic_core import to_jsonable_python
from sqlalchemy.exc import IntegrityError

from cloudsync_chassis.context import Context
from cloudsync_chassis.model import Record, fields_holding, to_record
from cloudsync_chassis.store import newer, predicates, statements
from cloudsync_chassis.store.cipher import FieldCipher
from cloudsync_chassis.store.claims import Claims
from cloudsync_chassis.store.columns import utc_text
from cloudsync_chassis.store.query import ListQuery, Page, cut
from cloudsync_chassis.store.repository import E, UniqueViolationError
from cloudsync_chassis.store.sealed import unwrapped, wrapped
from cloudsync_chassis.store.statements import NEVER, Condition, Part, Selection, Statements
from cloudsync_chassis.store.system import documents

_ADD = sa.insert(documents)
_OWN_COLUMNS = {
    "id": documents.c.id,
    "version": documents.c.version,
    "createdAt": documents.c.created_at,
    "updatedAt": documents.c.updated_at,
}


@dataclass(frozen=True, kw_only=True)
class DocumentStore:
    """A collection; each entry of `unique` is a set of fields whose values occur once in it.

    `encrypted`: fields kept as ciphertext; nothing is found by them but one entity by a unique
    value that has some.
    """

    collection: str
    unique: tuple[tuple[str, ...], ...] = ()
    encrypted: frozenset[str] = frozenset()


class DocumentRepository(Generic[E]):
    """A repository over the table `aggregate_documents`."""

    def __init__(self, model: type[E], store: DocumentStore, cipher: FieldCipher) -> None:
        self._model = model
        self._store = store
        self._cipher = cipher
        self._claims = Claims(store.collection, store.unique, store.encrypted)
        self._lists = fields_holding(model, list)
        self._numbers = fields_holding(model, int, float)
        self._texts = fields_holding(model, str, UUID)
        self._entries: dict[str, predicates.Column] = {}
        self._statements = Statements()

    async def insert(self, ctx: Context, entity: E) -> None:
        """See `Repository.insert`."""
        row, plain = self._row(ctx, to_record(entity))
        async with ctx.unit.savepoint() as connection:
            try:
                await connection.execute(_ADD, row)
            except IntegrityError as error:
                raise UniqueViolationError(("id",)) from error
            await self._claims.make(connection, row["id"], plain, self._cipher)

    async def find(self, ctx: Context, values: Mapping[str, Any]) -> E | None:
        """See `Repository.find`."""
        parts = self._finding(ctx, values)
        statement = self._statements.get(
            ("find", statements.shape_of(parts)),
            lambda: sa.select(documents.c.body).where(*statements.conditions(parts)).limit(1),
        )
        found = (await ctx.unit.connection()).execute(statement, statements.parameters(parts))
        body = (await found).scalar()
        return self._entity(ctx, body) if body is not None else None

    async def select(self, ctx: Context, query: ListQuery) -> Page[E]:
        """See `Repository.select`."""
        parts = [*self._passing(ctx, query.filters), *self._due(query)]
        if query.related:
            parts.append(statements.any_of([self._passes(ctx, *each) for each in query.related]))
        statement = self._statements.get(
            ("select", statements.shape_of(parts), predicates.page_shape(query)),
            lambda: self._listing(parts, query),
        )
        wanted = {**statements.parameters(parts), **predicates.place(query)}
        rows = list((await (await ctx.unit.connection()).execute(statement, wanted)).all())
        page = cut(rows, query, lambda row: (row.place, row.id))
        return Page(
            tuple(self._entity(ctx, row.body) for row in page.items),
            page.following,
        )

    def _listing(self, parts: Sequence[Condition], query: ListQuery) -> Any:
        key = predicates.sort_key(self._column(query.field_name))
        statement = sa.select(documents.c.body, key.label("place"), documents.c.id)
        statement = statement.where(*statements.conditions(parts))
        return predicates.paged(statement, query, key, documents.c.id)

    async def count(self, ctx: Context, filters: Mapping[str, Any]) -> int:
        """See `Repository.count`."""
        parts = self._passing(ctx, filters)
        statement = self._statements.get(
            ("count", statements.shape_of(parts)),
            lambda: (
                sa.select(sa.func.count())
                .select_from(documents)
                .where(*statements.conditions(parts))
            ),
        )
        found = (await ctx.unit.connection()).execute(statement, statements.parameters(parts))
        return int((await found).scalar_one())

    async def tenants(self, ctx: Context, query: ListQuery, after: UUID | None) -> list[UUID]:
        """See `Repository.tenants`."""
        passing = (self._passes(ctx, *each) for each in query.filters.items())
        parts = [self._ours(), *passing, *self._due(query)]
        tenant = documents.c.organization_id
        statement = self._statements.get(
            ("tenants", statements.shape_of(parts), after is not None),
            lambda: predicates.tenants(
                sa.select(tenant).where(*statements.conditions(parts)), tenant, after
            ),
        )
        wanted = {**statements.parameters(parts), "after": after, "most": query.page.limit}
        return list((await (await ctx.unit.connection()).execute(statement, wanted)).scalars())

    def kind_of(self, name: str) -> Hashable | None:
        """See `Repository.kind_of`."""
        if name in _OWN_COLUMNS:
            return predicates.kind(_OWN_COLUMNS[name])
        comparable = name in self._texts and name not in self._store.encrypted
        return "text of a document" if comparable else None

    def selection(
        self,
        ctx: Context,
        name: str,
        filters: Mapping[str, Any],
        related: tuple[tuple[str, Any], ...] = (),
    ) -> Selection:
        """See `Repository.selection`."""
        parts = self._passing(ctx, filters)
        if related:
            parts.append(statements.any_of([self._passes(ctx, *each) for each in related]))
        shape = (self._store.collection, name)
        return statements.selected(shape, parts, lambda: sa.select(self._column(name)))

    async def replace(self, ctx: Context, entity: E, expected: int) -> bool:
        """See `Repository.replace`."""
        record = newer.restored(ctx, self._store.collection, to_record(entity), expected)
        row, plain = self._row(ctx, record)
        statement = self._scoped(ctx, sa.update(documents)).where(
            documents.c.id == row["id"], documents.c.version == expected
        )
        async with ctx.unit.savepoint() as connection:
            before = await self._claiming(ctx, row["id"])
            result = await connection.execute(statement.values(row))
            if result.rowcount != 1:
                return False
            await self._release(ctx, row["id"], before)
            await self._claims.make(connection, row["id"], plain, self._cipher)
        return True

    async def remove(self, ctx: Context, entity_id: UUID, expected: int) -> bool:
        """See `Repository.remove`."""
        statement = self._scoped(ctx, sa.delete(documents)).where(
            documents.c.id == entity_id, documents.c.version == expected
        )
        before = await self._claiming(ctx, entity_id)
        connection = await ctx.unit.connection()
        if (await connection.execute(statement)).rowcount != 1:
            return False
        await self._release(ctx, entity_id, before)
        return True

    async def _claiming(self, ctx: Context, entity_id: UUID) -> Record | None:
        """What lies there of a document that may claim unique values."""
        if not self._store.unique:
            return None
        lying = self._scoped(ctx, sa.select(documents.c.body)).where(documents.c.id == entity_id)
        body: Record | None = await (await ctx.unit.connection()).scalar(lying)
        return body

    async def _release(self, ctx: Context, entity_id: UUID, before: Record | None) -> None:
        if before is not None:
            plain, connection = self._opened(ctx, before), await ctx.unit.connection()
            await self._claims.release(connection, entity_id, before, plain, self._cipher)

    def _scoped(self, ctx: Context, statement: Any) -> Any:
        return statement.where(
            documents.c.collection == self._store.collection,
            documents.c.organization_id == ctx.tenant,
        )

    def _row(self, ctx: Context, record: Record) -> tuple[dict[str, Any], Record]:
        """What is kept of an entity, and its JSON in clear."""
        if record["organizationId"] != ctx.tenant:
            raise ValueError("entity of another organisation")
        plain = body = sortable(record)
        secret = self._store.encrypted & record.keys()
        if secret:
            with self._cipher.timing("seal"):
                sealed = {n: wrapped(self._cipher.encrypt(plain[n], ctx.tenant)) for n in secret}
            body = {**plain, **sealed}
        row = {
            "collection": self._store.collection,
            "organization_id": record["organizationId"],
            "id": record["id"],
            "version": record["version"],
            "created_at": record["createdAt"],
            "updated_at": record["updatedAt"],
            "body": body,
        }
        return row, plain

    def _entity(self, ctx: Context, body: Record) -> E:
        return newer.entity(ctx, self._store.collection, self._model, self._opened(ctx, body))

    def _opened(self, ctx: Context, body: Record) -> Record:
        stored = {name: unwrapped(body.get(name)) for name in self._store.encrypted}
        secret = {name: each for name, each in stored.items() if each is not None}
        if secret:
            with self._cipher.timing("open"):
                opened = {n: self._cipher.decrypt(s, ctx.tenant) for n, s in secret.items()}
            body = {**body, **opened}
        return body

    def _column(self, name: str) -> predicates.Column:
        if name in _OWN_COLUMNS:
            return _OWN_COLUMNS[name]
        if name not in self._entries:
            path = tuple(name.split("."))
            entry = documents.c.body[path if len(path) > 1 else name]
            number = name in self._numbers
            self._entries[name] = entry.as_float() if number else entry.as_string()
        return self._entries[name]

    def _ours(self) -> Condition:
        column = documents.c.collection
        return predicates.equals("collection", column, self._store.collection)

    def _passing(self, ctx: Context, filters: Mapping[str, Any]) -> list[Condition]:
        """What tells the tenant's entities that pass filters."""
        tenant = predicates.equals("tenant", documents.c.organization_id, ctx.tenant)
        return [self._ours(), tenant, *(self._passes(ctx, *each) for each in filters.items())]

    def _finding(self, ctx: Context, values: Mapping[str, Any]) -> list[Condition]:
        """What tells the one entity with these values: by its claim where they are unique and some
        of them encrypted, since the document itself does not tell, or objects, whose JSON may be
        written in several ways.
        """
        objects = {name for name, each in values.items() if isinstance(each, Mapping)}
        hidden = self._store.encrypted & values.keys() | objects
        if not hidden:
            return self._passing(ctx, values)
        plain = sortable({**values, "organizationId": ctx.tenant})
        for fields, value in self._claims.of(plain, self._cipher):
            if hidden.issubset(fields):
                claim = self._claims.claimant(fields, value)
                others = {name: each for name, each in values.items() if name not in hidden}
                told = statements.among("id", documents.c.id, claim)
                return [*self._passing(ctx, others), told]
        return [NEVER]

    def _due(self, query: ListQuery) -> list[Condition]:
        return [
            predicates.at_most(
                name, self._column(name), by if name in _OWN_COLUMNS else utc_text(by)
            )
            for name, by in query.due.items()
        ]

    def _passes(self, ctx: Context, name: str, value: Any) -> Condition:
        if name in self._store.encrypted:
            return NEVER
        column = self._column(name)
        if isinstance(value, Part):
            return statements.among(name, column, value)
        if predicates.has_nul(value):
            return NEVER
        if name in self._lists and not isinstance(value, tuple):
            entries = documents.c.body[name]
            return predicates.json_contains(name, entries, sortable(value), ctx.unit.dialect)
        if name not in _OWN_COLUMNS:
            value = sortable(value)
            if isinstance(value, bool):
                flag = documents.c.body[name].as_boolean()
                return predicates.equals(f"{name}?", flag, value)
        if isinstance(value, list | tuple):
            return predicates.one_of(name, column, value)
        return predicates.equals(name, column, value)


def sortable(value: Any) -> Any:
    """JSON of a record's value in which times sort as texts: UTC, always with microseconds."""
    if isinstance(value, dict):
        return {name: sortable(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [sortable(each) for each in value]
    if isinstance(value, datetime):
        return utc_text(value)
    return value if type(value) in (str, int, float, bool) else to_jsonable_python(value)
