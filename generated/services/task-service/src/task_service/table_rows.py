"""Tables of other tools (CSV, RFC 4180) read as tasks.

A cell is text and nothing else: one that begins like a formula (`=`, `+`, `-`, `@`) is neither
reckoned nor refused, and whoever exports it again has to escape it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from .generated import models

_ENOUGH_REJECTED = 100


class RowRejectedError(Exception):
    """A row cannot become a task; `cause` is a failure code, `heading` where reading it failed."""

    def __init__(self, cause: str, heading: str | None = None) -> None:
        super().__init__(cause)
        self.cause = cause
        self.heading = heading


class TableUnreadableError(Exception):
    """The text is no table, or not one that the mapping is about."""


@dataclass(frozen=True, slots=True)
class Board:
    """What rows are matched against: columns by label, people by address, both in lower case."""

    columns: Mapping[str, models.BoardColumn]
    people: Mapping[str, UUID]
    backlog: models.BoardColumn | None


class TableRows:
    """A table with what its headings mean."""

    def __init__(self, text: str, mapping: Sequence[models.ColumnMapping]) -> None:
        """Read the headings.

        Raises:
            TableUnreadableError: no table, a heading of the mapping is not in it or twice, or
                nothing becomes the headline.
        """
        self._text = text
        headings = next(self._lines(), None)
        if not headings:
            raise TableUnreadableError("the table has no headings")
        self._fields: dict[int, tuple[str, str]] = {}
        for each in mapping:
            if headings.count(each.heading) != 1:
                raise TableUnreadableError(f"heading {each.heading!r} is not there once")
            if each.becomes != "ignored":
                place = headings.index(each.heading)
                self._fields[place] = (str(each.becomes), each.heading)
        becomes = [name for name, _ in self._fields.values()]
        if "headline" not in becomes or len(becomes) != len(set(becomes)):
            raise TableUnreadableError("one heading has to become the headline, and none two")
        self._width = len(headings)

    @property
    def has_people(self) -> bool:
        """Whether people have to be matched."""
        return any(name == "assigneeAddress" for name, _ in self._fields.values())

    def count(self) -> int:
        """How many rows there are below the headings.

        Raises:
            TableUnreadableError: a quote is not closed, or a cell is too long.
        """
        return sum(1 for _ in self.rows())

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """The rows with their numbers from 1; empty lines are none."""
        lines = self._lines()
        next(lines, None)
        yield from enumerate((each for each in lines if each), 1)

    def _lines(self) -> Iterator[list[str]]:
        reader = csv.reader(io.StringIO(self._text, newline=""), strict=True)
        try:
            yield from reader
        except csv.Error as error:
            raise TableUnreadableError(str(error)) from error

    def task(self, cells: Sequence[str], board: Board) -> dict[str, Any]:
        """The fields of the task that a row becomes, with `columnId` and `workflowState`.

        Raises:
            RowRejectedError: it cannot become one.
        """
        if len(cells) != self._width:
            raise RowRejectedError("cells-missing" if len(cells) < self._width else "cells-surplus")
        found: dict[str, Any] = {}
        column = board.backlog
        for place, (name, heading) in self._fields.items():
            text = cells[place].strip()
            try:
                if name == "columnLabel" and text:
                    column = _known(board.columns, text, "column-unknown")
                elif name == "assigneeAddress" and text:
                    person = _known(board.people, text, "assignee-not-on-board")
                    found["assigneeIds"] = [person]
                elif text or name == "headline":
                    found[name] = _READ[name](text)
            except RowRejectedError as error:
                raise RowRejectedError(error.cause, heading) from error
        if column is None:
            raise RowRejectedError("column-unknown")
        _check(found, str(column.maps_to))
        return {**found, "columnId": column.id, "workflowState": str(column.maps_to)}

    def rejected(self, board: Board, most: int | None = None) -> tuple[int, list[dict[str, Any]]]:
        """How many rows were read (`most` at most), and those that cannot become tasks."""
        read, found = 0, []
        for number, cells in self.rows():
            if most is not None and read >= most:
                break
            read += 1
            try:
                self.task(cells, board)
            except RowRejectedError as error:
                row = {"row": number, "heading": error.heading, "cause": error.cause}
                found.append({name: each for name, each in row.items() if each is not None})
        return read, found[:_ENOUGH_REJECTED]


def _known(table: Mapping[str, Any], text: str, cause: str) -> Any:
    if text.casefold() not in table:
        raise RowRejectedError(cause)
    return table[text.casefold()]


def _headline(text: str) -> str:
    if not text:
        raise RowRejectedError("headline-missing")
    if len(text) > 300:
        raise RowRejectedError("headline-too-long")
    return text


def _details(text: str) -> str:
    if len(text) > 32_768:
        raise RowRejectedError("details-too-long")
    return text


def _priority(text: str) -> str:
    try:
        return models.TaskPriority(text.casefold()).value
    except ValueError as error:
        raise RowRejectedError("priority-unknown") from error


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise RowRejectedError("date-malformed") from error


def _minutes(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 6):
        raise RowRejectedError("estimate-malformed")
    if not 5 <= int(text) <= 144_000:
        raise RowRejectedError("estimate-out-of-range")
    return int(text)


def _labels(text: str) -> list[str]:
    labels = dict.fromkeys(each.strip() for each in text.split(";") if each.strip())
    if len(labels) > 20:
        raise RowRejectedError("labels-too-many")
    try:
        return [models.Label.model_validate(each).root for each in labels]
    except ValidationError as error:
        raise RowRejectedError("label-malformed") from error


_READ: Mapping[str, Any] = {
    "headline": _headline,
    "details": _details,
    "priority": _priority,
    "startOn": _day,
    "dueOn": _day,
    "estimateMinutes": _minutes,
    "labels": _labels,
}


def _check(fields: Mapping[str, Any], state: str) -> None:
    """What a task of a state has to have."""
    if state not in ("backlog", "dropped") and "estimateMinutes" not in fields:
        raise RowRejectedError("estimate-missing")
    if state in ("inProgress", "inReview") and "assigneeIds" not in fields:
        raise RowRejectedError("assignee-missing")
    if state == "blocked":
        raise RowRejectedError("reason-missing")
    start, due = fields.get("startOn"), fields.get("dueOn")
    if start is not None and due is not None and due < start:
        raise RowRejectedError("dates-out-of-order")
