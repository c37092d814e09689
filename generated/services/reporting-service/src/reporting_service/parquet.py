"""Reports as Apache Parquet (format 2.10), for programs: one flat table with the section in front.

A column that only some sections have is null in the rows of the others; it holds numbers (doubles)
where all of its values are, texts otherwise. What stands on the cover is the file's metadata. Each
column is one page, encoded plainly and packed by gzip; the metadata is Thrift's compact protocol.
"""

from __future__ import annotations

import gzip
import struct
from collections.abc import Iterable, Sequence
from itertools import groupby

from .written import Cell, Written

_MAGIC = b"PAR1"
_DOUBLE, _BYTES = 5, 6
_PLAIN, _RLE = 0, 3
_GZIP = 2
_UTF8 = 0
_OPTIONAL = 1

Field = tuple[int, int, bytes]
"""Number, type and content of a member of a Thrift structure."""

_INT32, _INT64, _BINARY, _LIST, _STRUCT = 5, 6, 8, 9, 12


def as_parquet(report: Written) -> bytes:
    """The file."""
    names = list(dict.fromkeys(["section", *(n for t in report.tables for n in t.columns)]))
    rows = [
        {"section": table.heading, **dict(zip(table.columns, row, strict=True))}
        for table in report.tables
        for row in table.rows
    ]
    content, chunks = bytearray(_MAGIC), []
    schema = [_struct(_text(4, "report"), _int(5, len(names)))]
    for name in names:
        values: list[Cell | None] = [row.get(name) for row in rows]
        kind = _kind_of(values)
        schema.append(_column_schema(name, kind))
        plain = _levels(values) + _plain([each for each in values if each is not None], kind)
        packed = gzip.compress(plain, mtime=0)
        header = _page_header(len(plain), len(packed), len(rows))
        place = len(content)
        content += header + packed
        sizes = len(header) + len(plain), len(header) + len(packed)
        chunks.append(_chunk(name, kind, place, len(rows), sizes))
    group = _struct(
        _list(1, _STRUCT, chunks), _long(2, len(content) - len(_MAGIC)), _long(3, len(rows))
    )
    told = [("title", report.title), *(("cover", each) for each in report.cover)]
    footer = _struct(
        _int(1, 2),
        _list(2, _STRUCT, schema),
        _long(3, len(rows)),
        _list(4, _STRUCT, [group]),
        _list(5, _STRUCT, [_struct(_text(1, key), _text(2, value)) for key, value in told]),
        _text(6, "reporting-service version 1.0.0"),
    )
    return bytes(content + footer + struct.pack("<I", len(footer)) + _MAGIC)


def _kind_of(values: Iterable[Cell | None]) -> int:
    present = [each for each in values if each is not None]
    return _BYTES if any(isinstance(each, str) for each in present) or not present else _DOUBLE


def _levels(values: Sequence[Cell | None]) -> bytes:
    """Which values are there (1) and which are null (0), as runs with their length in front."""
    runs = bytearray()
    for there, run in groupby(each is not None for each in values):
        runs += _varint(len(list(run)) << 1) + bytes([there])
    return struct.pack("<I", len(runs)) + runs


def _plain(values: Sequence[Cell], kind: int) -> bytes:
    if kind == _DOUBLE:
        return struct.pack(f"<{len(values)}d", *(float(each) for each in values))
    texts = (str(each).encode("utf-8", "replace") for each in values)
    return b"".join(struct.pack("<I", len(each)) + each for each in texts)


def _column_schema(name: str, kind: int) -> bytes:
    fields = [_int(1, kind), _int(3, _OPTIONAL), _text(4, name)]
    return _struct(*fields, *([_int(6, _UTF8)] if kind == _BYTES else []))


def _page_header(plain: int, packed: int, values: int) -> bytes:
    data = _struct(_int(1, values), _int(2, _PLAIN), _int(3, _RLE), _int(4, _RLE))
    return _struct(_int(1, 0), _int(2, plain), _int(3, packed), (5, _STRUCT, data))


def _chunk(name: str, kind: int, place: int, values: int, sizes: tuple[int, int]) -> bytes:
    meta = _struct(
        _int(1, kind),
        _list(2, _INT32, [_zigzag(_PLAIN), _zigzag(_RLE)]),
        _list(3, _BINARY, [_counted(name.encode())]),
        _int(4, _GZIP),
        _long(5, values),
        _long(6, sizes[0]),
        _long(7, sizes[1]),
        _long(9, place),
    )
    return _struct(_long(2, place), (3, _STRUCT, meta))


def _struct(*fields: Field) -> bytes:
    """Members in the order of their numbers, each told by its distance to the one before."""
    written, last = bytearray(), 0
    for number, kind, content in fields:
        written += bytes([(number - last) << 4 | kind]) + content
        last = number
    return bytes(written) + b"\0"


def _int(number: int, value: int) -> Field:
    return number, _INT32, _zigzag(value)


def _long(number: int, value: int) -> Field:
    return number, _INT64, _zigzag(value)


def _text(number: int, value: str) -> Field:
    return number, _BINARY, _counted(value.encode("utf-8", "replace"))


def _list(number: int, kind: int, items: Sequence[bytes]) -> Field:
    size = len(items)
    head = bytes([size << 4 | kind]) if size < 15 else bytes([0xF0 | kind]) + _varint(size)
    return number, _LIST, head + b"".join(items)


def _counted(content: bytes) -> bytes:
    return _varint(len(content)) + content


def _zigzag(value: int) -> bytes:
    return _varint(value << 1)  # nothing here is negative


def _varint(value: int) -> bytes:
    written = bytearray()
    while value >= 0x80:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    written.append(value)
    return bytes(written)
