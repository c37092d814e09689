"""Findings for people: place, code, message, code frame, hint, related places."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from cloudsync_gen.diagnostics import Diagnostic, Severity
from cloudsync_gen.source import SourceMap, Span

_MAX_FRAME = 160
_COLOURS = {Severity.ERROR: "31", Severity.WARNING: "33", Severity.INFO: "36"}
_COMMAND = re.compile(r"^\s*:(?=:)|#(?=#(?:vso)?\[)")
_BOLD, _FAINT = "1", "2"


def render(diagnostics: Iterable[Diagnostic], sources: SourceMap, *, colour: bool = False) -> str:
    """One block per finding, in the order given; with ANSI colours where asked for."""
    blocks = (_block(d, sources, colour) for d in diagnostics)
    return "".join(f"{line}\n" for block in blocks for line in block)


def summary(diagnostics: Iterable[Diagnostic]) -> str:
    """`3 errors, 1 warning` or `no findings`."""
    counts = dict.fromkeys(Severity, 0)
    for each in diagnostics:
        counts[each.severity] += 1
    parts = [f"{n} {s.value}{'s' if n != 1 else ''}" for s, n in counts.items() if n]
    return ", ".join(parts) or "no findings"


def printable(text: str) -> str:
    """Text of a stranger on one line of a terminal: control and direction characters shown as
    `\\x..`, and so are the marks by which runners of CI know commands in a log: `::` at the
    beginning of a line (GitHub), `##[` and `##vso[` anywhere (GitHub's first form, Azure).
    """
    shown = (c if c.isprintable() and c not in "\u2028\u2029" else _escaped(c) for c in text)
    return _COMMAND.sub(_disarmed, "".join(shown))


def _disarmed(found: re.Match[str]) -> str:
    return f"{found[0][:-1]}\\x{ord(found[0][-1]):02x}"


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")


def _block(d: Diagnostic, sources: SourceMap, colour: bool) -> Iterator[str]:
    span = d.span or sources.span(d.ref)
    paint = _paint if colour else _plain
    weight = paint(f"{d.severity.value}[{d.code}]", f"{_BOLD};{_COLOURS[d.severity]}")
    yield f"{_place(span)}: {weight} {printable(d.message)} ({d.name})"
    for line, marks in _frame(span, sources):
        yield paint(line, _COLOURS[d.severity] if marks else _FAINT)
    if d.hint:
        yield f"  {paint('hint:', _BOLD)} {printable(d.hint)}"
    for kind, reached in d.impact.items():
        yield f"  {kind}: {', '.join(map(printable, reached))}"
    for related in d.related:
        yield f"  see {_place(sources.span(related.ref))}: {printable(related.message)}"


def _paint(text: str, code: str) -> str:
    return f"\x1b[{code}m{text}\x1b[0m"


def _plain(text: str, code: str) -> str:
    del code
    return text


def _place(span: Span) -> str:
    return f"{printable(span.file)}:{span.line}:{span.column}"


def _frame(span: Span, sources: SourceMap) -> Iterator[tuple[str, bool]]:
    """The line, and below it the marks (`True`) under what is meant."""
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
    yield f"  {span.line} | {printable(line)}", False
    yield f"  {gutter} | {' ' * len(before)}{'^' * max(len(marked), 1)}", True
