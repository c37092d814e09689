"""Diagnostics of the load stage."""

from __future__ import annotations

from collections.abc import Iterable

from cloudsync_gen.diagnostics import Diagnostic, Severity
from cloudsync_gen.load.yaml_tree import Problem
from cloudsync_gen.source import Ref

_SYNTAX = {
    "SRC001": "syntax",
    "SRC002": "duplicate-key",
    "SRC003": "yaml-tag",
    "SRC004": "yaml-form",
    "SRC005": "size-limit",
    "SRC006": "number-range",
    "SRC007": "encoding",
}
"""Codes of texts that cannot be read as they stand; the run ends with exit code 3."""


def unreadable(file: str, problems: Iterable[Problem]) -> list[Diagnostic]:
    """What a reader of text complained about."""
    return [
        Diagnostic(
            code=problem.code,
            name=_SYNTAX[problem.code],
            severity=Severity.ERROR,
            ref=Ref(file),
            message=problem.message,
            hint=problem.hint,
            span=problem.span,
        )
        for problem in problems
    ]
