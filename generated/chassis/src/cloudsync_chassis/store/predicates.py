"""SQL conditions that differ between the two dialects."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from pydantic_core import to_jsonable_python
from sqlalchemy.sql.elements import ColumnElement

from cloudsync_chassis.store.columns import Array, Textual
from cloudsync_chassis.store.cursor import TEXT_LENGTH
from cloudsync_chassis.store.query import ListQuery

Condition = ColumnElement[bool]
Column = ColumnElement[Any]

NOTHING = object()
"""What no column of the type can hold."""


def json_contains(column: Column, value: Any, dialect: str) -> Condition:
    """Whether a JSON array holds a scalar."""
    if has_nul(value):
        return sa.false()
    if dialect == "postgresql":
        # SQLite does without loading this
        from sqlalchemy.dialects.postgresql import JSONB

        return sa.cast(column, JSONB).contains([value])
    entries = sa.func.json_each(column).table_valued("value")
    return sa.exists(sa.select(sa.literal(1)).select_from(entries).where(entries.c.value == value))


def equals(column: Column, value: Any) -> Condition:
    """Whether a column holds a value; what it cannot hold it does not."""
    fits = fitting(column.type, value)
    return sa.false() if fits is NOTHING else column == fits


def one_of(column: Column, values: Iterable[Any]) -> Condition:
    """Whether a column holds any of the values."""
    fits = [each for each in (fitting(column.type, each) for each in values) if each is not NOTHING]
    # of several conditions the empty one falls away, and with it a look at every row
    return column.in_(fits) if fits else sa.false()


def array_contains(column: Column, value: Any, dialect: str) -> Condition:
    """Whether an array column (JSON on SQLite) holds a scalar."""
    if isinstance(column.type, Array):
        value = fitting(column.type.item, value)
    if value is NOTHING:
        return sa.false()
    if dialect == "postgresql":
        return sa.literal(value) == sa.func.any(column)
    return json_contains(column, to_jsonable_python(value), dialect)


def sort_key(column: Column) -> Column:
    """What a list is ordered by: texts by their beginning, so that a cursor can hold it."""
    if isinstance(column.type, sa.String | Textual):
        return sa.func.substr(column, 1, TEXT_LENGTH)
    return column


def paged(select: Any, query: ListQuery, key: Column, row_id: Column, after: Any) -> Any:
    """Order by (key, id), begin after the cursor, fetch one row more than the page holds.

    `after`: (key, id) of the last row of the page before, or None.
    """
    order = (key.desc(), row_id.desc()) if query.descending else (key.asc(), row_id.asc())
    if after is not None:
        place, last = sa.tuple_(key, row_id), sa.tuple_(*after)
        select = select.where(place < last if query.descending else place > last)
    return select.order_by(*order).limit(query.page.limit + 1)


def tenants(select: Any, tenant: Column, after: UUID | None, limit: int) -> Any:
    """Each tenant of the rows once, in order, from the one behind `after` on."""
    if after is not None:
        select = select.where(tenant > after)
    return select.distinct().order_by(tenant).limit(limit)


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
