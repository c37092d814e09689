"""Reads `limit`, `sort` and `cursor`, whichever adapter they come through."""

from __future__ import annotations

from collections.abc import Mapping

from cloudsync_chassis.operation import Operation
from cloudsync_chassis.problem import CURSOR_UNKNOWN, not_valid
from cloudsync_chassis.settings import Settings
from cloudsync_chassis.store.cursor import CursorSigner, Position
from cloudsync_chassis.store.query import PageRequest
from cloudsync_chassis.texts import fits

PARAMETERS = ("limit", "cursor", "sort")
"""What is said of a page, however it is asked for."""


class Pages:
    """Page sizes from the settings, cursors from their signer."""

    def __init__(self, settings: Settings, cursors: CursorSigner) -> None:
        self._most = settings.max_page_size
        self._default = min(settings.page_size, settings.max_page_size)
        self._cursors = cursors

    def read(self, operation: Operation, parameters: Mapping[str, str | None]) -> PageRequest:
        """The page that the parameters ask for; a cursor carries on the sort that made it.

        Raises:
            Problem: `validation-failed` or `cursor-unknown`.
        """
        sort = parameters.get("sort") or operation.sorts[0]
        if not _known(sort, operation):
            raise not_valid(f"one of {', '.join(operation.sorts)}", parameter="sort")
        limit = self._limit(parameters.get("limit"))
        return PageRequest(limit, sort, self._position(parameters.get("cursor"), operation))

    def _limit(self, text: str | None) -> int:
        if text is None:
            return self._default
        limit = int(text.partition(".")[0]) if len(text) < 9 and fits(int, text) else 0
        if not 1 <= limit <= self._most:
            raise not_valid(f"an integer from 1 to {self._most}", parameter="limit")
        return limit

    def _position(self, cursor: str | None, operation: Operation) -> Position | None:
        if cursor is None:
            return None
        position = self._cursors.decode(cursor)
        if not _known(position.sort, operation):
            raise CURSOR_UNKNOWN()
        return position


def _known(sort: str, operation: Operation) -> bool:
    """Both directions of a listed field will do."""
    return sort.removeprefix("-") in {each.removeprefix("-") for each in operation.sorts}
