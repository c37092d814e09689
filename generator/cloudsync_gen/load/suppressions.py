"""Comments that suppress findings: `# cloudsync-gen: ignore[LNK001] why it may stay`.

Beside text such a comment means its own line; alone on a line, the next one that is neither empty
nor a comment. In proto it begins with `//`. What only looks like a comment, within a string or a
block of text, is none: each language says itself where its comments are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from msgspec.structs import replace

from cloudsync_gen.diagnostics import Diagnostic, finding
from cloudsync_gen.model.waivers import Suppression
from cloudsync_gen.source import Ref, Span, Tree

_MARK = b"cloudsync-gen:"
_BEGINS = re.compile(r"(?:#+|//+)\s*cloudsync-gen:")
_FORM = re.compile(
    r"(?:#+|//+)\s*cloudsync-gen:\s*ignore\s*\[(?P<rules>[^\[\]]*)\]\s*(?P<reason>.*\S)?\s*$"
)
_RULE = re.compile(r"[^\s,]+")
_QUIET = re.compile(r"\s*(#|//|$)")
_MAX_REASON = 500

Comment = tuple[int, int, str]
"""(line, column, text with what begins it), 1-based."""


def suppressions(tree: Tree) -> tuple[list[Suppression], list[Diagnostic]]:
    """All of them, by file and line, and the comments that are meant so and are none.

    A text that cannot be read has none.
    """
    found: list[Suppression] = []
    wrong: list[Diagnostic] = []
    for file in sorted(tree):
        if _MARK not in tree[file]:
            continue
        try:
            text = tree[file].decode("utf-8")
        except UnicodeDecodeError:
            continue
        meant = _lines_meant(text.split("\n"))
        for line, column, comment in _comments(file, text):
            if not _BEGINS.match(comment):
                continue
            span = Span(file, line, column, line, column + len(comment))
            made = _read(span, comment, meant[line - 1])
            if isinstance(made, Suppression):
                found.append(made)
            else:
                wrong.append(made)
    return found, wrong


def _comments(file: str, text: str) -> Iterator[Comment]:
    suffix = PurePosixPath(file).suffix
    if suffix in (".yaml", ".yml"):
        from cloudsync_gen.load.yaml_tree import comments as of_yaml

        yield from of_yaml(file, text)
    elif suffix in (".graphql", ".gql"):
        from cloudsync_gen.load.graphql import comments as of_graphql

        yield from of_graphql(file, text)
    elif suffix == ".proto":
        from cloudsync_gen.load.proto_text import comments as of_proto

        yield from of_proto(text)


def _read(span: Span, comment: str, line: int) -> Suppression | Diagnostic:
    form = _FORM.match(comment)
    rules = [*_RULE.finditer(form["rules"])] if form else []
    reason = form["reason"] if form else None
    if form is None or not rules or not reason or len(reason) > _MAX_REASON:
        said = "gives no reason" if form and rules and not reason else "cannot be read"
        if reason and len(reason) > _MAX_REASON:
            said = f"gives a reason of more than {_MAX_REASON} characters"
        wrong = finding(
            "WVR001",
            "suppression-form",
            Ref(span.file),
            f"this suppression {said}, so nothing is suppressed",
            "write `cloudsync-gen: ignore[CODE] reason` behind what begins a comment",
        )
        return _placed(wrong, span)
    start = span.column + form.start("rules")
    places = ((each[0], start + each.start(), start + each.end()) for each in rules)
    return Suppression(
        span=span,
        line=line,
        rules=tuple(
            (rule, Span(span.file, span.line, first, span.line, last))
            for rule, first, last in places
        ),
        reason=reason,
    )


def _placed(wrong: Diagnostic, span: Span) -> Diagnostic:
    return replace(wrong, span=span)


def _lines_meant(lines: list[str]) -> list[int]:
    """For each line the one that a comment on it speaks of: itself if there is more on it."""
    found: list[int] = []
    below = len(lines)
    for number in range(len(lines), 0, -1):
        below = number if not _QUIET.match(lines[number - 1]) else below
        found.append(below)
    return found[::-1]
