"""Findings as JSON."""

from __future__ import annotations

import msgspec

from cloudsync_gen.engine.serialise import json_shown
from cloudsync_gen.report.finding import Report


def render(*reports: Report) -> str:
    """`{"findings": […], "counts": {…}}`, indented, nothing but JSON."""
    findings = [each for report in reports for each in report.findings()]
    counts: dict[str, int] = {}
    for each in findings:
        counts[each.severity] = counts.get(each.severity, 0) + 1
    return dumps({"findings": findings, "counts": counts})


def dumps(value: object) -> str:
    """Any plain value or struct as indented JSON with a final newline. What does not show (control
    and direction characters) is an escape, so that nothing of it reaches a terminal; so is what
    GitHub's runner takes for a command wherever it stands in a line.
    """
    text = msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
    return json_shown(text).replace("##[", "##\\u005b") + "\n"
