"""Rows of cells as lines of text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


def columns(rows: Iterable[tuple[str, ...]], indent: str = "") -> Iterator[str]:
    """Rows with their cells under each other, two spaces between; the last as long as it is."""
    held = [*rows]
    widths = [max(map(len, column)) for column in zip(*held, strict=True)]
    for row in held:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        yield indent + "  ".join(cells).rstrip()
