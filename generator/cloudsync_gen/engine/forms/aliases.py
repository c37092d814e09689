"""Leaves out of generated models what their names say already: `bookId` of a field `book_id`.

The base class gives such names by itself. Where a field is called otherwise in JSON and has no
alias that says so (`book_id` there too), the module stays as it is, over the base class that gives
none.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence

from cloudsync_gen.naming import wire_name

Edit = tuple[int, int, int, str]
"""Line from 0, first byte, byte behind the last, the text instead."""


def aliases(tree: ast.Module, lines: Sequence[bytes]) -> list[Edit] | None:
    """What leaves the aliases out; `None` where a field is not called by the rule."""
    fields = list(_fields(tree))
    names = ((name, _alias(annotation)) for name, annotation in fields)
    if any(alias is None and wire_name(name) != name for name, alias in names):
        return None
    return [edit for each in fields for edit in _edit(lines, *each)]


def edited(lines: Sequence[bytes], edits: Iterable[Edit]) -> str:
    """The text of the lines with edits that do not overlap, without imports they left unused."""
    made = list(lines)
    for line, start, end, instead in sorted(edits, reverse=True):
        made[line] = made[line][:start] + instead.encode() + made[line][end:]
    text = b"\n".join(made).decode()
    return _without_unused(_without_unused(text, "typing", "Annotated"), "pydantic", "Field")


def _fields(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    for each in tree.body:
        for statement in each.body if isinstance(each, ast.ClassDef) else ():
            if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                yield statement.target.id, statement.annotation


def _call(annotation: ast.expr) -> ast.Call | None:
    """The `Field(...)` of `Annotated[type, Field(...)]`."""
    parts = _parts(annotation)
    last = parts[-1] if parts else annotation
    return last if isinstance(last, ast.Call) else None


def _parts(annotation: ast.expr) -> list[ast.expr]:
    """What stands between the brackets of `Annotated[...]`."""
    if isinstance(annotation, ast.Subscript) and isinstance(annotation.slice, ast.Tuple):
        return annotation.slice.elts
    return []


def _keyword(annotation: ast.expr) -> ast.keyword | None:
    call = _call(annotation)
    found = (each for each in call.keywords if each.arg == "alias") if call else iter(())
    return next(found, None)


def _alias(annotation: ast.expr) -> str | None:
    found = _keyword(annotation)
    return ast.literal_eval(found.value) if found is not None else None


def _edit(lines: Sequence[bytes], name: str, annotation: ast.expr) -> Iterator[Edit]:
    """How to leave the alias out, where the rule gives it and it stands on one line."""
    call, keyword = _call(annotation), _keyword(annotation)
    if call is None or keyword is None or annotation.end_lineno != annotation.lineno:
        return
    if call.args or _alias(annotation) != wire_name(name):
        return
    line, parts = annotation.lineno - 1, _parts(annotation)
    if len(call.keywords) == 1:
        if len(parts) != 2:
            return
        kept = lines[line][parts[0].col_offset : parts[0].end_col_offset].decode()
        yield line, annotation.col_offset, annotation.end_col_offset or 0, kept
        return
    place = call.keywords.index(keyword)
    if place + 1 < len(call.keywords):
        yield line, keyword.col_offset, call.keywords[place + 1].col_offset, ""
    else:
        before = call.keywords[place - 1].end_col_offset or 0
        yield line, before, keyword.end_col_offset or 0, ""


def _without_unused(text: str, module: str, name: str) -> str:
    """Without the import of a name that nothing uses any more."""
    found = re.search(rf"^from {module} import (.+)$", text, re.MULTILINE)
    rest = text[: found.start()] + text[found.end() :] if found else ""
    if found is None or re.search(rf"\b{name}\b", rest):
        return text
    kept = [each for each in found[1].split(", ") if each != name]
    line = f"from {module} import {', '.join(kept)}" if kept else ""
    end = found.end() if kept else found.end() + 1
    return text[: found.start()] + line + text[end:]
