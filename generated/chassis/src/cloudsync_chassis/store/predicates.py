"""SQL conditions, also those that differ between the two dialects; each has the name of a field."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence, Set
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from pydantic_core import to_jsonable_python
from sqlalchemy.sql.elements import ColumnElement

from cloudsync_chassis.store.columns import Array, Textual
from cloudsync_chassis.store.cursor import TEXT_LENGTH
from cloudsync_chassis.store.query import ListQuery
from cloudsync_chassis.store.statements import NEVER, Condition, Part

Column = ColumnElement[Any]

_UNIQUE = (sa.PrimaryKeyConstraint, sa.UniqueConstraint)
_FEW = 8
"""Values for each number of which there may be a statement; one that takes any number of them is
written anew each time.
"""

NOTHING = object()
"""What no column of the type can hold."""


def json_contains(name: str, column: Column, value: Any, dialect: str) -> Condition:
    """Whether a JSON array holds a scalar."""
    if has_nul(value):
        return NEVER
    if dialect == "postgresql":
        # SQLite does without loading this
        from sqlalchemy.dialects.postgresql import JSONB

        def contains(names: Sequence[str]) -> ColumnElement[bool]:
            return sa.cast(column, JSONB).contains(sa.bindparam(names[0], type_=JSONB()))

        return Part(("json", name), contains, ([value],))

    def exists(names: Sequence[str]) -> ColumnElement[bool]:
        entries = sa.func.json_each(column).table_valued("value")
        wanted = entries.c.value == sa.bindparam(names[0])
        return sa.exists(sa.select(sa.literal(1)).select_from(entries).where(wanted))

    return Part(("json", name), exists, (value,))


def equals(name: str, column: Column, value: Any) -> Condition:
    """Whether a column holds a value; what it cannot hold it does not."""
    fits = fitting(column.type, value)
    if fits is NOTHING:
        return NEVER
    if fits is None:
        return Part(("absent", name), lambda _: column.is_(None))
    return Part(("is", name), lambda names: column == _bound(names, column), (fits,))


def at_most(name: str, column: Column, value: Any) -> Condition:
    """Whether a column holds no more than a value."""
    return Part(("at most", name), lambda names: column <= _bound(names, column), (value,))


def one_of(name: str, column: Column, values: Iterable[Any]) -> Condition:
    """Whether a column holds any of the values."""
    fits = [each for each in (fitting(column.type, each) for each in values) if each is not NOTHING]
    if not fits:
        # of several conditions the empty one falls away, and with it a look at every row
        return NEVER

    def each_bound(names: Sequence[str]) -> ColumnElement[bool]:
        return column.in_([sa.bindparam(each, type_=column.type) for each in names])

    def within(names: Sequence[str]) -> ColumnElement[bool]:
        return column.in_(sa.bindparam(names[0], type_=column.type, expanding=True))

    if len(fits) <= _FEW:
        return Part(("one of", name, len(fits)), each_bound, tuple(fits))
    return Part(("one of", name), within, (fits,))


def array_contains(name: str, column: Column, value: Any, dialect: str) -> Condition:
    """Whether an array column (JSON on SQLite) holds a scalar."""
    item = column.type.item if isinstance(column.type, Array) else None
    value = fitting(item, value)
    if value is NOTHING:
        return NEVER
    if dialect != "postgresql":
        return json_contains(name, column, to_jsonable_python(value), dialect)

    def holds(names: Sequence[str]) -> ColumnElement[bool]:
        return sa.bindparam(names[0], type_=item) == sa.func.any(column)

    return Part(("array", name), holds, (value,))


def _bound(names: Sequence[str], column: Column) -> sa.BindParameter[Any]:
    return sa.bindparam(names[0], type_=column.type)


def kind(column: Column) -> Hashable | None:
    """What columns the database can compare with this one; None: with none for certain."""
    if isinstance(column.type, Textual):
        return "text" if column.type.plain else None
    return "uuid" if isinstance(column.type, sa.Uuid) else None


def is_key(table: sa.Table, columns: Set[sa.Column[Any]]) -> bool:
    """Whether one row at most has the same values in these columns, and is found by an index."""
    unique = [set(each.columns) for each in table.constraints if isinstance(each, _UNIQUE)]
    unique += [set(each.columns) for each in table.indexes if each.unique and _is_plain(each)]
    return any(each and columns >= each for each in unique)


def _is_plain(index: sa.Index) -> bool:
    """Whether an index is over columns, of all rows."""
    partial = any(options.get("where") is not None for options in index.dialect_options.values())
    return not partial and all(isinstance(each, sa.Column) for each in index.expressions)


def sort_key(column: Column) -> Column:
    """What a list is ordered by: texts by their beginning, so that a cursor can hold it."""
    if isinstance(column.type, sa.String | Textual):
        return sa.func.substr(column, 1, TEXT_LENGTH)
    return column


def paged(select: Any, query: ListQuery, key: Column, row_id: Column) -> Any:
    """Order by (key, id), begin after the cursor, fetch one row more than the page holds; see
    `place` for the parameters.
    """
    order = (key.desc(), row_id.desc()) if query.descending else (key.asc(), row_id.asc())
    if query.page.after is not None:
        place = sa.tuple_(key, row_id)
        last = sa.tuple_(
            sa.bindparam("after", type_=key.type), sa.bindparam("after_id", type_=row_id.type)
        )
        select = select.where(place < last if query.descending else place > last)
    return select.order_by(*order).limit(sa.bindparam("most"))


def page_shape(query: ListQuery) -> Hashable:
    """What of a page its statement depends on."""
    return query.sort, query.page.after is not None


def place(query: ListQuery) -> dict[str, Any]:
    """The parameters of `paged`."""
    after = query.page.after
    begin = {"after": after.value, "after_id": after.id} if after is not None else {}
    return {**begin, "most": query.page.limit + 1}


def tenants(select: Any, tenant: Column, after: UUID | None) -> Any:
    """Each tenant of the rows once, in order, from the one behind parameter `after` on, at most
    `most`.
    """
    if after is not None:
        select = select.where(tenant > sa.bindparam("after", type_=tenant.type))
    return select.distinct().order_by(tenant).limit(sa.bindparam("most"))


def fitting(kind: Any, value: Any) -> Any:
    """The value as the type takes it; `NOTHING` for NUL in a text and for what is no UUID."""
    if has_nul(value):
        return NOTHING
    if not isinstance(kind, sa.Uuid) or not isinstance(value, str):
        return value
    try:
        return UUID(value)
    except ValueError:
        return NOTHING


def has_nul(value: Any) -> bool:
    """Whether it is a text that PostgreSQL has not, neither in a column nor in JSON."""
    return isinstance(value, str) and "\0" in value
