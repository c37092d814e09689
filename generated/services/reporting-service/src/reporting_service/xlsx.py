"""Reports as workbooks of SpreadsheetML (ECMA-376): a cover, and a sheet for each table.

Texts are inline strings, which no program takes for formulas.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

from .written import Cell, Written

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_FORBIDDEN = re.compile(r"[\[\]:*?/\\']")
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_NAME = 31
_EPOCH = (1980, 1, 1, 0, 0, 0)


def as_xlsx(report: Written) -> bytes:
    """The workbook."""
    sheets: list[tuple[str, list[Sequence[Cell]]]] = [
        ("Report", [[report.title], *([each] for each in report.cover)])
    ]
    for place, table in enumerate(report.tables, 1):
        name = f"{place} {_FORBIDDEN.sub(' ', table.heading)}"[:_NAME]
        sheets.append((name, [table.columns, *table.rows]))
    parts = {"[Content_Types].xml": _types(len(sheets)), "_rels/.rels": _root()}
    parts["xl/workbook.xml"] = _workbook([name for name, _ in sheets])
    parts["xl/_rels/workbook.xml.rels"] = _links(len(sheets))
    for place, (_, rows) in enumerate(sheets, 1):
        parts[f"xl/worksheets/sheet{place}.xml"] = _sheet(rows)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            # one date for all, so that the same report has the same checksum
            packed = zipfile.ZipInfo(name, _EPOCH)
            packed.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(packed, _HEAD + text)
    return target.getvalue()


def _sheet(rows: Sequence[Sequence[Cell]]) -> str:
    written = "".join(f"<row>{''.join(_cell(each) for each in row)}</row>" for row in rows)
    return f'<worksheet xmlns="{_MAIN}"><sheetData>{written}</sheetData></worksheet>'


def _cell(value: Cell) -> str:
    if isinstance(value, str):
        text = escape(_UNWRITABLE.sub("\ufffd", value))
        return f'<c t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'
    return f"<c><v>{value!r}</v></c>"


def _types(sheets: int) -> str:
    parts = [("/xl/workbook.xml", f"{_TYPES}.sheet.main+xml")]
    for place in range(1, sheets + 1):
        parts.append((f"/xl/worksheets/sheet{place}.xml", f"{_TYPES}.worksheet+xml"))
    told = "".join(f'<Override PartName="{n}" ContentType="{t}"/>' for n, t in parts)
    links = "application/vnd.openxmlformats-package.relationships+xml"
    default = f'<Default Extension="rels" ContentType="{links}"/>'
    return f'<Types xmlns="{_PACKAGE}/content-types">{default}{told}</Types>'


def _root() -> str:
    link = f'<Relationship Id="rId1" Type="{_LINKS}/officeDocument" Target="xl/workbook.xml"/>'
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{link}</Relationships>'


def _workbook(names: Sequence[str]) -> str:
    told = "".join(
        f'<sheet name={quoteattr(name)} sheetId="{place}" r:id="rId{place}"/>'
        for place, name in enumerate(names, 1)
    )
    return f'<workbook xmlns="{_MAIN}" xmlns:r="{_LINKS}"><sheets>{told}</sheets></workbook>'


def _links(sheets: int) -> str:
    told = "".join(
        f'<Relationship Id="rId{place}" Type="{_LINKS}/worksheet"'
        f' Target="worksheets/sheet{place}.xml"/>'
        for place in range(1, sheets + 1)
    )
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{told}</Relationships>'
