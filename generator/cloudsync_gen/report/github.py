"""Findings as workflow commands of GitHub Actions (`::error file=…,line=…::…`), worst first."""

from __future__ import annotations

from cloudsync_gen.report.finding import Finding, Report, reach, worst_first
from cloudsync_gen.report.text import printable

_COMMAND = {"error": "error", "warning": "warning", "info": "notice"}


def render(*reports: Report) -> str:
    """One command per finding; only the first ones are shown beside the code, hence the order.
    What could not be judged comes before.
    """
    unjudged = (_unjudged(each) for each in reports if each.unjudged)
    lines = (*unjudged, *map(_line, worst_first(*reports)))
    return "".join(f"{line}\n" for line in lines)


def _unjudged(report: Report) -> str:
    title = _property(f"cloudsync-gen {report.command}")
    return f"::error title={title}::{_data(f'not judged: {report.unjudged}')}"


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
