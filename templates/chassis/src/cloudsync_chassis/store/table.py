"""Entities in the columns of a table."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any, Generic
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import DataError, IntegrityError

from cloudsync_chassis.context import Context
from cloudsync_chassis.model import Record, field_names, to_record
from cloudsync_chassis.problem import INVARIANT_BROKEN
from cloudsync_chassis.store import newer, predicates, statements
from cloudsync_chassis.store.cipher import FieldCipher
from cloudsync_chassis.store.columns import Array
from cloudsync_chassis.store.query import ListQuery, Page, cut
from cloudsync_chassis.store.repository import E, UniqueViolationError
from cloudsync_chassis.store.statements import Condition, Part, Selection, Statements

_KEY = re.compile(r"\((.+?)\)=\(")
_CAPITAL = re.compile("(?<=[a-z0-9])([A-Z])")


@dataclass(frozen=True, kw_only=True)
class TableStore:
    """Where the fields of an entity lie: `ownerId` in `owner_id`, unless `columns` says otherwise.

    `encrypted`: fields kept as ciphertext. `blind`: blind index column → field that it stands for.
    """

    table: sa.Table
    columns: Mapping[str, str] = field(default_factory=dict)
    encrypted: frozenset[str] = frozenset()
    blind: Mapping[str, str] = field(default_factory=dict)

    def column_of(self, name: str) -> str:
        """The column of a field, by the field's JSON name."""
        return self.columns.get(name) or _CAPITAL.sub(r"_\1", name).lower()


class TableRepository(Generic[E]):
    """A repository over one table with the envelope's columns (id, organization, version)."""

    def __init__(self, model: type[E], store: TableStore, cipher: FieldCipher) -> None:
        columns = {each: store.column_of(each) for each in sorted(field_names(model))}
        missing = [name for name, each in columns.items() if each not in store.table.c]
        if missing:
            raise ValueError(f"{store.table.name} has no column for {', '.join(missing)}")
        self._model = model
        self._store = store
        self._cipher = cipher
        self._columns = {name: store.table.c[each] for name, each in columns.items()}
        self._id = self._columns["id"]
        self._tenant = self._columns["organizationId"]
        self._version = self._columns["version"]
        self._finding: dict[tuple[str, ...], sa.Select[Any]] = {}
        self._statements = Statements()
        self._adding = sa.insert(store.table)
        self._changing = sa.update(store.table).where(*self._one())
        self._removing = sa.delete(store.table).where(*self._one())

    async def insert(self, ctx: Context, entity: E) -> None:
        """See `Repository.insert`."""
        await self._change(ctx, self._adding, self._row(ctx, to_record(entity)))

    async def find(self, ctx: Context, values: Mapping[str, Any]) -> E | None:
        """See `Repository.find`."""
        wanted: dict[str, Any] = {"tenant": ctx.tenant}
        for place, (name, value) in enumerate(values.items()):
            column, stored = self._looked_up(ctx, name, value)
            fitting = predicates.fitting(column.type, stored)
            if fitting is predicates.NOTHING:
                return None
            wanted[f"value_{place}"] = fitting
        statement = self._find_by(tuple(values), wanted)
        row = (await (await ctx.unit.connection()).execute(statement, wanted)).first()
        return self._entity(ctx, row) if row is not None else None

    def _find_by(self, names: tuple[str, ...], wanted: Mapping[str, Any]) -> sa.Select[Any]:
        """The look-up by fields with these names; those without null are kept, as made once."""
        whole = None not in wanted.values()
        if whole and names in self._finding:
            return self._finding[names]
        conditions = [self._tenant == sa.bindparam("tenant", type_=self._tenant.type)]
        for place, name in enumerate(names):
            column, key = self._indexed(name), f"value_{place}"
            absent = wanted[key] is None
            conditions.append(
                column.is_(None) if absent else column == sa.bindparam(key, type_=column.type)
            )
        statement = self._select().where(*conditions).limit(1)
        if whole:
            found = {self._tenant, *map(self._indexed, names)}
            if predicates.is_key(self._store.table, found):
                statement = statements.brief(statement)
            self._finding[names] = statement
        return statement

    async def select(self, ctx: Context, query: ListQuery) -> Page[E]:
        """See `Repository.select`."""
        parts = [*self._passing(ctx, query.filters), *self._due(query)]
        if query.related:
            parts.append(statements.any_of([self._passes(ctx, *each) for each in query.related]))
        statement = self._statements.get(
            ("select", statements.shape_of(parts), predicates.page_shape(query)),
            lambda: predicates.paged(
                self._select().where(*statements.conditions(parts)),
                query,
                predicates.sort_key(self._columns[query.field_name]),
                self._id,
            ),
        )
        wanted = {**statements.parameters(parts), **predicates.place(query)}
        rows = (await (await ctx.unit.connection()).execute(statement, wanted)).all()
        entities = [self._entity(ctx, row) for row in rows]
        return cut(entities, query, lambda each: _place(each, query.field_name))

    async def count(self, ctx: Context, filters: Mapping[str, Any]) -> int:
        """See `Repository.count`."""
        parts = self._passing(ctx, filters)
        statement = self._statements.get(
            ("count", statements.shape_of(parts)),
            lambda: (
                sa.select(sa.func.count())
                .select_from(self._store.table)
                .where(*statements.conditions(parts))
            ),
        )
        found = (await ctx.unit.connection()).execute(statement, statements.parameters(parts))
        return int((await found).scalar_one())

    async def tenants(self, ctx: Context, query: ListQuery, after: UUID | None) -> list[UUID]:
        """See `Repository.tenants`."""
        parts = [*(self._passes(ctx, *each) for each in query.filters.items()), *self._due(query)]
        statement = self._statements.get(
            ("tenants", statements.shape_of(parts), after is not None),
            lambda: predicates.tenants(
                sa.select(self._tenant).where(*statements.conditions(parts)), self._tenant, after
            ),
        )
        wanted = {**statements.parameters(parts), "after": after, "most": query.page.limit}
        return list((await (await ctx.unit.connection()).execute(statement, wanted)).scalars())

    def kind_of(self, name: str) -> Hashable | None:
        """See `Repository.kind_of`."""
        return None if name in self._store.encrypted else predicates.kind(self._columns[name])

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
        shape = (self._store.table.fullname, name)
        return statements.selected(shape, parts, lambda: sa.select(self._columns[name]))

    async def replace(self, ctx: Context, entity: E, expected: int) -> bool:
        """See `Repository.replace`."""
        record = newer.restored(ctx, self._store.table, to_record(entity), expected)
        row = self._row(ctx, record)
        known = self._known(ctx, row.pop(self._id.name), expected)
        return await self._change(ctx, self._changing, {**row, **known}) == 1

    async def remove(self, ctx: Context, entity_id: UUID, expected: int) -> bool:
        """See `Repository.remove`."""
        return await self._change(ctx, self._removing, self._known(ctx, entity_id, expected)) == 1

    def _select(self) -> sa.Select[Any]:
        return sa.select(*self._columns.values())

    def _one(self) -> tuple[sa.ColumnElement[bool], ...]:
        """The row that `_known` tells of; the names are none of a column's."""
        return (
            self._tenant == sa.bindparam("known_tenant_", type_=self._tenant.type),
            self._id == sa.bindparam("known_id_", type_=self._id.type),
            self._version == sa.bindparam("known_version_", type_=self._version.type),
        )

    def _known(self, ctx: Context, entity_id: UUID, version: int) -> dict[str, Any]:
        return {
            "known_tenant_": ctx.tenant,
            "known_id_": entity_id,
            "known_version_": version,
        }

    async def _change(self, ctx: Context, statement: Any, parameters: Mapping[str, Any]) -> int:
        try:
            async with ctx.unit.attempt() as connection:
                result = await connection.execute(statement, parameters)
        except DataError as error:  # what a type cannot hold: NUL in a text, a number too large
            raise INVARIANT_BROKEN("the store cannot hold it") from error
        except IntegrityError as error:
            if not _is_taken(error):
                raise INVARIANT_BROKEN("the store does not take it") from error
            raise self._violation(error) from error
        return int(result.rowcount)

    def _row(self, ctx: Context, record: Record) -> dict[str, Any]:
        if record["organizationId"] != ctx.tenant:
            raise ValueError("entity of another organisation")
        secret = self._store.encrypted & record.keys()
        with self._cipher.timing("seal") if secret else nullcontext():
            row = {
                column.name: self._stored(ctx, name, record.get(name))
                for name, column in self._columns.items()
            }
            for column_name, name in self._store.blind.items():
                row[column_name] = self._blind(column_name, record.get(name))
        return row

    def _stored(self, ctx: Context, name: str, value: Any) -> Any:
        if value is None:
            return None
        if name in self._store.encrypted:
            return self._cipher.encrypt(value, ctx.tenant)
        return value

    def _blind(self, column_name: str, value: Any) -> str | bytes | None:
        index = self._cipher.blind_index(value)
        binary = isinstance(self._store.table.c[column_name].type, sa.LargeBinary)
        return bytes.fromhex(index) if binary and index else index

    def _entity(self, ctx: Context, row: sa.Row[Any]) -> E:
        record: Record = {
            name: value for name, value in zip(self._columns, row, strict=True) if value is not None
        }
        if self._store.encrypted:
            self._open(record)
        return newer.entity(ctx, self._store.table, self._model, record)

    def _open(self, record: Record) -> None:
        secret = self._store.encrypted & record.keys()
        with self._cipher.timing("open") if secret else nullcontext():
            for name in secret:
                record[name] = self._cipher.decrypt(record[name], record["organizationId"])

    def _looked_up(self, ctx: Context, name: str, value: Any) -> tuple[predicates.Column, Any]:
        """The column that tells whether a field has a value, and what stands there if so."""
        column = self._indexed(name)
        if column is self._columns[name]:
            return column, self._stored(ctx, name, value)
        return column, self._blind(column.name, value)

    def _indexed(self, name: str) -> sa.Column[Any]:
        """Where a field is looked up: its blind index, if it has one."""
        for blind, indexed in self._store.blind.items():
            if indexed == name:
                return self._store.table.c[blind]
        return self._columns[name]

    def _passing(self, ctx: Context, filters: Mapping[str, Any]) -> list[Condition]:
        """What tells the tenant's entities that pass filters."""
        ours = predicates.equals("organizationId", self._tenant, ctx.tenant)
        return [ours, *(self._passes(ctx, *each) for each in filters.items())]

    def _due(self, query: ListQuery) -> list[Condition]:
        return [predicates.at_most(name, self._columns[name], by) for name, by in query.due.items()]

    def _passes(self, ctx: Context, name: str, value: Any) -> Condition:
        column = self._columns[name]
        if isinstance(value, Part):
            return statements.among(name, column, value)
        if isinstance(value, tuple):
            stored = [self._looked_up(ctx, name, each)[1] for each in value]
            return predicates.one_of(name, self._indexed(name), stored)
        if isinstance(column.type, Array):
            return predicates.array_contains(name, column, value, ctx.unit.dialect)
        return predicates.equals(name, *self._looked_up(ctx, name, value))

    def _violation(self, error: IntegrityError) -> UniqueViolationError:
        """Which fields: SQLite names the columns, or the index if that has expressions; PostgreSQL
        the columns and expressions, and an index that may be that of a partition.
        """
        text, table = str(error.orig), self._store.table
        taken = _KEY.search(_detail(error))
        if taken is not None:
            columns = {c for c in table.c if re.search(rf"\b{c.name}\b", taken[1])}
        else:
            columns = {c for c in table.c if f"{table.name}.{c.name}" in text}
            for index in table.indexes:
                columns |= set(index.columns) if f"'{index.name}'" in text else set()
        fields = {name for name, column in self._columns.items() if column in columns}
        fields |= {name for blind, name in self._store.blind.items() if table.c[blind] in columns}
        return UniqueViolationError(tuple(sorted(fields - {"organizationId"})))


def _is_taken(error: IntegrityError) -> bool:
    """Whether a unique value is, and no other constraint broken (PostgreSQL: class 23 codes)."""
    state = getattr(error.orig, "sqlstate", None)
    return state == "23505" if state else "UNIQUE constraint" in str(error.orig)


def _detail(error: IntegrityError) -> str:
    """What PostgreSQL adds, in whatever language: `Key (a, lower(b))=(1, x) already exists.`"""
    return getattr(getattr(error.orig, "diag", None), "message_detail", None) or ""


def _place(entity: Any, name: str) -> tuple[Any, UUID]:
    record = to_record(entity)
    return record[name], record["id"]
