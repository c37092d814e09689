"""Findings for people: place, code, message, code frame, hint, related places."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cloudsync_gen.diagnostics import Diagnostic, Severity
from cloudsync_gen.source import SourceMap, Span

_MAX_FRAME = 160


def render(diagnostics: Iterable[Diagnostic], sources: SourceMap) -> str:
    """One block per finding, in the order given."""
    return "".join(f"{block}\n" for d in diagnostics for block in _block(d, sources))


def summary(diagnostics: Iterable[Diagnostic]) -> str:
    """`3 errors, 1 warning` or `no findings`."""
    counts = dict.fromkeys(Severity, 0)
    for each in diagnostics:
        counts[each.severity] += 1
    parts = [f"{n} {s.value}{'s' if n != 1 else ''}" for s, n in counts.items() if n]
    return ", ".join(parts) or "no findings"


def printable(text: str) -> str:
    """Text of a stranger on one line of a terminal: control and direction characters shown as
    `\\x..`.
    """
    return "".join(c if c.isprintable() and c not in "\u2028\u2029" else _escaped(c) for c in text)


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")


def _block(d: Diagnostic, sources: SourceMap) -> Iterator[str]:
    span = d.span or sources.span(d.ref)
    yield f"{_place(span)}: {d.severity.value}[{d.code}] {printable(d.message)} ({d.name})"
    yield from _frame(span, sources)
    if d.hint:
        yield f"  hint: {printable(d.hint)}"
    for related in d.related:
        yield f"  see {_place(sources.span(related.ref))}: {printable(related.message)}"


def _place(span: Span) -> str:
    return f"{printable(span.file)}:{span.line}:{span.column}"


def _frame(span: Span, sources: SourceMap) -> Iterator[str]:
    text = sources.text(span.file)
    lines = text.split("\n") if text is not None else []
    if not 0 < span.line <= len(lines):
        return
    line = lines[span.line - 1].rstrip("\r")
    if not line.strip() or len(line) > _MAX_FRAME:
        return
    before = printable(line[: span.column - 1])
    width = (
        span.end_column - span.column if span.end_line == span.line else len(line) - span.column + 1
    )
    marked = printable(line[span.column - 1 : span.column - 1 + max(width, 1)])
    gutter = " " * len(str(span.line))
    yield f"  {span.line} | {printable(line)}"
    yield f"  {gutter} | {' ' * len(before)}{'^' * max(len(marked), 1)}"
