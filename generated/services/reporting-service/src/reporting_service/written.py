"""A report as it is written: a cover, tables, and notes on what is missing or old.

Texts come from people and from other services. CSV (RFC 4180) keeps spreadsheets from taking them
for formulas; JSON and the other formats hold them as texts.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

Cell = str | float | int

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of one section; `notes` say what is left out, and how old it is."""

    heading: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    notes: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """The whole report."""

    title: str
    caption: str
    first_day: date
    last_day: date
    time_zone: str
    made_at: datetime
    parameters: Mapping[str, str] = field(default_factory=dict)
    tables: Sequence[Table] = ()

    @property
    def row_count(self) -> int:
        """Rows of all tables."""
        return sum(len(each.rows) for each in self.tables)

    @property
    def cover(self) -> list[str]:
        """What stands in front."""
        lines = [
            self.caption,
            f"{self.first_day} to {self.last_day} ({self.time_zone})",
            f"Made at {self.made_at.isoformat(timespec='seconds')}",
        ]
        lines += [f"{name}: {each}" for name, each in self.parameters.items()]
        return lines + [f"{t.heading}: {note}" for t in self.tables for note in t.notes]


def as_csv(report: Written) -> bytes:
    """One table after the other, each below its heading and the names of its columns (UTF-8)."""
    target = io.StringIO(newline="")
    writer = csv.writer(target)
    for line in (report.title, *report.cover):
        writer.writerow([_plain(line)])
    for table in report.tables:
        writer.writerow([])
        writer.writerow([_plain(table.heading)])
        writer.writerow([_plain(each) for each in table.columns])
        writer.writerows([[_plain(each) for each in row] for row in table.rows])
    return target.getvalue().encode()


def _plain(cell: Cell) -> Cell:
    """A text that no spreadsheet takes for a formula; numbers are what they are."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def as_json(report: Written) -> bytes:
    """The report with its tables, each row an object by the names of the columns."""
    document = {
        "title": report.title,
        "caption": report.caption,
        "rangeStart": report.first_day.isoformat(),
        "rangeEnd": report.last_day.isoformat(),
        "timeZone": report.time_zone,
        "madeAt": report.made_at.isoformat(),
        "parameters": dict(report.parameters),
        "sections": [
            {
                "heading": each.heading,
                "notes": list(each.notes),
                "rows": [dict(zip(each.columns, row, strict=True)) for row in each.rows],
            }
            for each in report.tables
        ],
    }
    return json.dumps(document, ensure_ascii=False, indent=1).encode()


Renderer = Callable[[Written], bytes]
