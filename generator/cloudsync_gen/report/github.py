"""Findings as workflow commands of GitHub Actions (`::error file=…,line=…::…`), worst first."""

from __future__ import annotations

from cloudsync_gen.report.finding import Finding, Report, reach
from cloudsync_gen.report.text import printable

_COMMAND = {"error": "error", "warning": "warning", "info": "notice"}


def render(report: Report) -> str:
    """One command per finding; only the first ones are shown beside the code, hence the order."""
    return "".join(f"{_line(each)}\n" for each in report.worst_first())


def _line(finding: Finding) -> str:
    properties = {
        "file": finding.file,
        "line": str(finding.line),
        "endLine": str(max(finding.end_line, finding.line)),
        "col": str(finding.column),
        "endColumn": str(finding.end_column),
        "title": f"{finding.code} {finding.name}",
    }
    given = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    text = "\n".join(filter(None, (finding.message, finding.hint, reach(finding))))
    return f"::{_COMMAND[finding.severity]} {given}::{_data(text)}"


def _data(text: str) -> str:
    """Escaped as the runner unescapes it, so that text of a model begins no command of its own;
    what does not show is shown as in text.
    """
    text = "\n".join(map(printable, text.split("\n")))
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
