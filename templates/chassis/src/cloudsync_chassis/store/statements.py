"""Statements that are made once for all requests that ask alike.

To put a statement together, and to find what it was compiled to, takes longer than SQLite needs for
it. So conditions are told apart from their values: the shapes of all conditions of a request name
the statement, which is kept, and the values are its parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, Generic, TypeVar

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.visitors import replacement_traverse

T = TypeVar("T", covariant=True)
S = TypeVar("S")

_MOST = 256

BRIEF = "/* brief */"
"""In the text of a statement for SQLite: it reads and writes a few rows that it finds by keys."""

X = TypeVar("X", sa.Insert, sa.Update, sa.Select[Any])


def brief(statement: X) -> X:
    """The statement, which finds by keys all rows that it reads or writes, and those are few.

    SQLite's need not be handed over to another thread then (`store.sqlite`).
    """
    return statement.prefix_with(BRIEF, dialect="sqlite")


@dataclass(frozen=True, slots=True)
class Part(Generic[T]):
    """A part of a statement without its values.

    Attributes:
        shape: the same for what differs in its values alone, within one repository.
        make: the part, from the names of as many parameters as there are `values`.
    """

    shape: Hashable
    make: Callable[[Sequence[str]], T]
    values: tuple[Any, ...] = ()


Condition = Part[ColumnElement[bool]]
Selection = Part[sa.Select[Any]]
"""One column of what passes, for a condition of another statement."""

NEVER: Condition = Part("never", lambda _: sa.false())


def any_of(parts: Sequence[Condition]) -> Condition:
    """Whether at least one of the conditions holds."""
    shapes, values = shape_of(parts), tuple(each for part in parts for each in part.values)
    return Part(("any", shapes), lambda names: sa.or_(*_made(parts, names)), values)


def told(condition: Condition) -> ColumnElement[bool]:
    """The condition with its values, for a statement of a handler's own."""
    names = [f"value {number}" for number in range(len(condition.values))]
    values = dict(zip(names, condition.values, strict=True))

    def bound(element: Any, **_: Any) -> Any:
        if not isinstance(element, sa.BindParameter) or element.key not in values:
            return None
        value, many = values[element.key], element.expanding
        return sa.bindparam(None, value, type_=element.type, expanding=many, unique=True)

    made: ColumnElement[bool] = replacement_traverse(condition.make(names), {}, bound)
    return made


def among(name: str, column: ColumnElement[Any], selection: Selection) -> Condition:
    """Whether a column holds one of what is selected elsewhere."""
    return Part(
        ("among", name, selection.shape),
        lambda names: column.in_(selection.make(names)),
        selection.values,
    )


def selected(
    shape: Hashable, parts: Sequence[Condition], select: Callable[[], sa.Select[Any]]
) -> Selection:
    """What `select` asks for, of the rows for which all conditions hold."""
    return Part(
        (shape, shape_of(parts)),
        lambda names: select().where(*_made(parts, names)),
        tuple(each for part in parts for each in part.values),
    )


def shape_of(parts: Iterable[Part[Any]]) -> tuple[Hashable, ...]:
    """The shapes of the parts."""
    return tuple(each.shape for each in parts)


def parameters(parts: Iterable[Part[Any]]) -> dict[str, Any]:
    """The values of the parts by the names that `conditions` gives them."""
    values = (each for part in parts for each in part.values)
    return {f"p{place}": each for place, each in enumerate(values)}


def conditions(parts: Iterable[Condition]) -> list[ColumnElement[bool]]:
    """The parts themselves."""
    return _made(parts, (f"p{place}" for place in count()))


def _made(parts: Iterable[Condition], names: Iterable[str]) -> list[ColumnElement[bool]]:
    following = iter(names)
    return [part.make([next(following) for _ in part.values]) for part in parts]


class Statements:
    """Those of one repository, by their shapes; of very many the oldest are made anew."""

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._kept: dict[Hashable, Any] = {}

    def get(self, shape: Hashable, make: Callable[[], S]) -> S:
        """The statement, made by `make` where there is none of this shape yet."""
        found: S | None = self._kept.get(shape)
        if found is None:
            found = make()
            while len(self._kept) >= self._most:
                self._kept.pop(next(iter(self._kept)))
            self._kept[shape] = found
        return found
