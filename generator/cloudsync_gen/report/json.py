"""Findings as JSON."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.engine.serialise import json_shown
from cloudsync_gen.report.finding import resolve
from cloudsync_gen.source import SourceMap


def render(diagnostics: Iterable[Diagnostic], sources: SourceMap) -> str:
    """`{"findings": […], "counts": {…}}`, indented, nothing but JSON."""
    findings = [resolve(each, sources) for each in diagnostics]
    counts: dict[str, int] = {}
    for each in findings:
        counts[each.severity] = counts.get(each.severity, 0) + 1
    return dumps({"findings": findings, "counts": counts})


def dumps(value: object) -> str:
    """Any plain value or struct as indented JSON with a final newline. What does not show (control
    and direction characters) is an escape, so that nothing of it reaches a terminal.
    """
    return json_shown(msgspec.json.format(msgspec.json.encode(value), indent=2).decode()) + "\n"
