"""Findings as JSON."""

from __future__ import annotations

import re

import msgspec

from cloudsync_gen.engine.serialise import json_shown
from cloudsync_gen.report.finding import Report

_COMMAND = re.compile(r"#(?=#(?:vso)?\[)")


def render(*reports: Report) -> str:
    """`{"findings": […], "counts": {…}}`, indented, nothing but JSON."""
    findings = [each for report in reports for each in report.findings()]
    counts: dict[str, int] = {}
    for each in findings:
        counts[each.severity] = counts.get(each.severity, 0) + 1
    return dumps({"findings": findings, "counts": counts})


def dumps(value: object) -> str:
    """Any plain value or struct as indented JSON with a final newline. What does not show (control
    and direction characters) is an escape, so that nothing of it reaches a terminal; and so is the
    mark of a command (`##[`, `##vso[`) that a runner of CI looks for anywhere in a line of its log.
    """
    shown = json_shown(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())
    return _COMMAND.sub(r"\\u0023", shown) + "\n"
