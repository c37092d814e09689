"""What is asked of a list, and what comes back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from cloudsync_chassis.store.cursor import Position

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PageRequest:
    """`sort` is a field, with `-` in front for descending; `after` continues an earlier page."""

    limit: int = 50
    sort: str = "-createdAt"
    after: Position | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page; `following` is where the next one begins, None at the end."""

    items: tuple[T, ...]
    following: Position | None = None


@dataclass(frozen=True, slots=True)
class ListQuery:
    """Filters by field: equal to a value, a list field that contains it, one of a tuple or of what
    another repository selects (`Repository.selection`).

    `related`: fields and values of which at least one must fit; none: all entities. `due`:
    date-time fields, and the moment by which each must have come; of documents also those of a
    part (`message.clearAt`).
    """

    page: PageRequest
    filters: Mapping[str, Any] = field(default_factory=dict)
    related: tuple[tuple[str, Any], ...] = ()
    due: Mapping[str, datetime] = field(default_factory=dict)

    @property
    def field_name(self) -> str:
        """The field that sorts."""
        return self.sort.removeprefix("-")

    @property
    def descending(self) -> bool:
        """Whether the greatest comes first."""
        return self.sort.startswith("-")

    @property
    def sort(self) -> str:
        """The sort of the first page, which its cursor carries on."""
        return self.page.after.sort if self.page.after else self.page.sort


def cut(rows: list[T], query: ListQuery, position: Any) -> Page[T]:
    """A page of `limit` rows out of one more than that; `position` maps a row to (value, id)."""
    limit = query.page.limit
    if len(rows) <= limit:
        return Page(tuple(rows))
    value, row_id = position(rows[limit - 1])
    return Page(tuple(rows[:limit]), Position(query.sort, value, row_id))
