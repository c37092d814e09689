"""PostgreSQL column types by name, each with what SQLite keeps instead."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from pydantic_core import to_jsonable_python
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine, UserDefinedType

_SIZED = re.compile(r"(char|varchar|numeric)\((\d+)(?:,(\d+))?\)")


def utc_text(value: datetime) -> str:
    """One text for one instant: UTC, always with microseconds."""
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def _postgresql() -> Any:
    """The dialect's types; it takes a while to load, and on SQLite nobody asks for them."""
    from sqlalchemy.dialects import postgresql

    return postgresql


class Uuid(sa.Uuid[UUID]):
    """`uuid`; SQLite keeps 32 hexadecimal digits, and those of tenants and people come again and
    again: each is parsed once.
    """

    def result_processor(
        self, dialect: Dialect, coltype: object
    ) -> Callable[[Any], UUID | None] | None:
        """How a value is read."""
        if dialect.name == "sqlite":
            return _uuid
        inherited: Any = super()  # which says no types
        found: Callable[[Any], UUID | None] | None = inherited.result_processor(dialect, coltype)
        return found


@lru_cache(maxsize=4096)
def _uuid(digits: str | None) -> UUID | None:
    return UUID(digits) if digits is not None else None


class Timestamp(TypeDecorator[datetime]):
    """`timestamptz`; SQLite forgets the zone, so it keeps UTC."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """UTC on the way in."""
        return value.astimezone(UTC) if value is not None else None

    def result_processor(
        self, dialect: Dialect, coltype: object
    ) -> Callable[[Any], datetime | None] | None:
        """How a value is read: aware as it was written, and of SQLite's texts in one go."""
        return _instant if dialect.name == "sqlite" else super().result_processor(dialect, coltype)


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text + "+00:00") if text is not None else None


class Ltree(UserDefinedType[str]):
    """PostgreSQL's `ltree`, as text."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """DDL."""
        return "ltree"


class Textual(TypeDecorator[str]):
    """A text type that also takes what JSON writes as text: enumerations, addresses, UUIDs."""

    impl = sa.Text
    cache_ok = True

    def __init__(
        self, sqlite: TypeEngine[Any], postgresql: Callable[[], TypeEngine[Any]] | None = None
    ) -> None:
        super().__init__()
        self._sqlite = sqlite
        self._on_postgresql = postgresql

    @property
    def plain(self) -> bool:
        """Whether it is a text on PostgreSQL, too."""
        return self._on_postgresql is None

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The type proper."""
        # not `dialect.type_descriptor`: psycopg's would make VARCHAR of TEXT and CHAR
        if dialect.name == "postgresql" and self._on_postgresql is not None:
            return self._on_postgresql()
        return self._sqlite

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """Text on the way in."""
        return value if value is None or type(value) is str else str(to_jsonable_python(value))


class Json(TypeDecorator[Any]):
    """`jsonb`; SQLite keeps text."""

    impl = sa.JSON(none_as_null=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The type proper."""
        if dialect.name != "postgresql":
            return dialect.type_descriptor(self.impl)
        return dialect.type_descriptor(_postgresql().JSONB(none_as_null=True))

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """JSON values on the way in."""
        return to_jsonable_python(value)


class Array(TypeDecorator[list[Any]]):
    """An array of `item`; SQLite keeps JSON."""

    impl = sa.JSON(none_as_null=True)
    cache_ok = True

    def __init__(self, item: TypeEngine[Any]) -> None:
        super().__init__()
        self.item = item

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The type proper."""
        if dialect.name != "postgresql":
            return dialect.type_descriptor(self.impl)
        return dialect.type_descriptor(_postgresql().ARRAY(self.item))

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """JSON values for SQLite, the items themselves for PostgreSQL."""
        return value if dialect.name == "postgresql" else to_jsonable_python(value)


_PLAIN: dict[str, Callable[[], TypeEngine[Any]]] = {
    "uuid": Uuid,
    "text": lambda: Textual(sa.Text()),
    "citext": lambda: Textual(sa.Text(collation="NOCASE"), lambda: _postgresql().CITEXT()),
    "ltree": lambda: Textual(sa.Text(), Ltree),
    "integer": sa.Integer,
    "bigint": sa.BigInteger,
    "smallint": sa.SmallInteger,
    "boolean": sa.Boolean,
    "timestamptz": Timestamp,
    "date": sa.Date,
    "jsonb": Json,
    "bytea": sa.LargeBinary,
    "inet": lambda: Textual(sa.Text(), lambda: _postgresql().INET()),
    "double precision": sa.Double,
    "text[]": lambda: Array(sa.Text()),
    "uuid[]": lambda: Array(Uuid()),
    "integer[]": lambda: Array(sa.Integer()),
    "bigint[]": lambda: Array(sa.BigInteger()),
}


def sql(name: str) -> TypeEngine[Any]:
    """`sql("varchar(120)")`: a column type that works on both engines.

    Raises:
        ValueError: the name is none of the model's column types.
    """
    if name in _PLAIN:
        return _PLAIN[name]()
    sized = _SIZED.fullmatch(name)
    if sized is None:
        raise ValueError(f"unknown column type {name!r}")
    kind, first, second = sized.groups()
    if kind == "numeric":
        return sa.Numeric(int(first), int(second or 0))
    return Textual(sa.CHAR(int(first)) if kind == "char" else sa.String(int(first)))
