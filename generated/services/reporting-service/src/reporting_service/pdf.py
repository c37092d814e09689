"""Reports as PDF 1.4 (ISO 32000-1), in a face that every reader has.

Helvetica and Courier are among the fourteen standard fonts, so nothing is embedded; they know the
characters of Windows-1252, and others are shown as a question mark.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from .written import Table, Written

_WIDTH, _HEIGHT, _MARGIN = 595, 842, 48
_LINE = 12
_SIZE = 8
_COLUMNS = 100
"""Characters of Courier at 8 points (4.8 wide) between the margins, with some room to spare."""

_TITLE, _TEXT, _TABLE = ("F1", 16), ("F1", 10), ("F2", _SIZE)

Line = tuple[str, tuple[str, int]]


def as_pdf(report: Written) -> bytes:
    """The report on A4 pages, upright."""
    lines = list(_lines(report))
    per_page = (_HEIGHT - 2 * _MARGIN) // _LINE
    pages = [lines[at : at + per_page] for at in range(0, len(lines), per_page)]
    return _file([_page(each, place + 1, len(pages)) for place, each in enumerate(pages)])


def _lines(report: Written) -> Iterator[Line]:
    yield report.title[:70], _TITLE
    yield "", _TEXT
    for each in report.cover:
        for at in range(0, max(1, len(each)), 95):
            yield each[at : at + 95], _TEXT
    for table in report.tables:
        yield "", _TEXT
        yield table.heading, ("F1", 12)
        yield from ((each, _TABLE) for each in _rows(table))


def _rows(table: Table) -> Iterator[str]:
    """Columns as wide as their longest cell, as long as all of them fit."""
    texts = [[str(each) for each in row] for row in (table.columns, *table.rows)]
    widest = [max(len(row[place]) for row in texts) for place in range(len(table.columns))]
    fair = _COLUMNS // max(1, len(widest)) - 2
    widths = [min(each, max(fair, 4)) for each in widest]
    for row in texts:
        cells = (text[:width].ljust(width) for text, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()


def _page(lines: list[Line], number: int, of: int) -> bytes:
    """The content stream of a page."""
    written = []
    for place, (text, (font, size)) in enumerate(lines):
        written.append(_shown(text, font, size, _HEIGHT - _MARGIN - place * _LINE))
    written.append(_shown(f"{number} / {of}", "F1", 8, _MARGIN // 2))
    return b"\n".join(written)


def _shown(text: str, font: str, size: int, y: int) -> bytes:
    known = text.encode("cp1252", "replace")
    for sign in (b"\\", b"(", b")"):
        known = known.replace(sign, b"\\" + sign)
    known = bytes(each if each >= 32 else 32 for each in known)
    return b"BT /%s %d Tf %d %d Td (%s) Tj ET" % (font.encode(), size, _MARGIN, y, known)


def _file(pages: list[bytes]) -> bytes:
    """Objects, their places, and the trailer."""
    first = 5
    kids = b" ".join(b"%d 0 R" % (first + 2 * each) for each in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Count %d /Kids [%s] >>" % (len(pages), kids),
        *(
            b"<< /Type /Font /Subtype /Type1 /BaseFont /%s /Encoding /WinAnsiEncoding >>" % each
            for each in (b"Helvetica", b"Courier")
        ),
    ]
    for place, content in enumerate(pages):
        packed = zlib.compress(content)
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %d %d] /Contents %d 0 R"
            b" /Resources << /Font << /F1 3 0 R /F2 4 0 R >> >> >>"
            % (_WIDTH, _HEIGHT, first + 2 * place + 1)
        )
        objects.append(
            b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(packed), packed)
        )
    target, places = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"), []
    for number, each in enumerate(objects, 1):
        places.append(len(target))
        target += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    start = len(target)
    target += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    target += b"".join(b"%010d 00000 n \n" % each for each in places)
    target += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1,
        start,
    )
    return bytes(target)
