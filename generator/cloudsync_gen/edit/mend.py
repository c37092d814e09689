"""Mends as text: what they change is put in its place, and nothing else is written anew."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

import yaml
from msgspec import Struct

from cloudsync_gen.diagnostics import Mend, MendAction
from cloudsync_gen.edit.yaml_text import NotEditable, node_at
from cloudsync_gen.source import SourceMap, Span, Tree

_WORD = re.compile(r"[A-Za-z0-9_.:~/#$, -]{1,400}")
"""What a mend may write: nothing of it needs quotes or an escape, in any of the languages."""

_QUOTES = ("'", '"')


class _Cut(Struct, frozen=True, order=True):
    """Characters `start` to `end` of a file become `text`."""

    start: int
    end: int
    text: str


def mended(tree: Tree, sources: SourceMap, mends: Iterable[tuple[Mend, ...]]) -> dict[str, bytes]:
    """Path -> content of the files that change. Each group of mends is carried out as a whole; one
    that cannot be, or that touches what an earlier one changes, is left out.
    """
    cuts: dict[str, list[_Cut]] = {}
    for group in mends:
        try:
            made = [(each.ref.file, _cut(tree, sources, each)) for each in group]
        except NotEditable:
            continue
        if not any(_overlaps(cut, cuts.get(file, ())) for file, cut in made):
            for file, cut in made:
                cuts.setdefault(file, []).append(cut)
    return {file: _carried_out(tree, file, made) for file, made in sorted(cuts.items())}


def _overlaps(cut: _Cut, others: Iterable[_Cut]) -> bool:
    return any(cut.start <= other.end and other.start <= cut.end for other in others)


def _carried_out(tree: Tree, file: str, cuts: list[_Cut]) -> bytes:
    text = tree[file].decode("utf-8")
    for cut in sorted(cuts, reverse=True):
        text = text[: cut.start] + cut.text + text[cut.end :]
    return text.encode()


def _cut(tree: Tree, sources: SourceMap, mend: Mend) -> _Cut:
    text = sources.text(mend.ref.file)
    if text is None or mend.ref.file not in tree:
        raise NotEditable("it is no text")
    if mend.action is MendAction.ERASE and mend.span is not None:
        return _erased(text, mend.span)
    if not _WORD.fullmatch(mend.text):
        raise NotEditable("it would have to be quoted")
    if mend.action is MendAction.INSERT:
        return _inserted(text, mend)
    span = mend.span or sources.exact(mend.ref)
    if span is None:
        raise NotEditable("it is written elsewhere")
    start = _offset(text, span.line, span.column)
    end = _offset(text, span.end_line, span.end_column)
    written = text[start:end]
    quote = written[:1] if written[:1] in _QUOTES else ""
    if mend.was and written != f"{quote}{mend.was}{quote}":
        raise NotEditable("it is written in another way")
    return _Cut(start, end, f"{quote}{mend.text}{quote}")


def _offset(text: str, line: int, column: int) -> int:
    start = 0
    for _ in range(line - 1):
        start = text.index("\n", start) + 1
    return start + column - 1


def _erased(text: str, span: Span) -> _Cut:
    """A comment with the space before it, and its line where it is alone there."""
    start = _offset(text, span.line, span.column)
    end = _offset(text, span.end_line, span.end_column)
    line = text.rfind("\n", 0, start) + 1
    if text[line:start].strip():
        before = text[:start].rstrip(" \t")
        return _Cut(len(before), end, "")
    below = text.find("\n", end)
    return _Cut(line, len(text) if below < 0 else below + 1, "")


def _inserted(text: str, mend: Mend) -> _Cut:
    """A field after the plain one at `ref`, in the style of their mapping. YAML alone."""
    if PurePosixPath(mend.ref.file).suffix not in (".yaml", ".yml"):
        raise NotEditable("it is no YAML")
    mapping, key, value = node_at(text, mend.ref.pointer)
    if not isinstance(value, yaml.ScalarNode) or value.style in ("|", ">"):
        raise NotEditable("the field before it is no plain value")
    end = value.end_mark.index
    if mapping.flow_style:
        return _Cut(end, end, f", {mend.text}")
    below = text.find("\n", end)
    end = len(text) if below < 0 else below
    newline = "\r\n" if text[end - 1 : end] == "\r" else "\n"
    end -= len(newline) - 1
    return _Cut(end, end, f"{newline}{' ' * key.start_mark.column}{mend.text}")
