"""Findings as a code quality report of GitLab.

The fields are those that GitLab documents ("Code Quality report format"): `description`,
`check_name`, `fingerprint`, `location.path` relative to the repository, `location.lines.begin`,
`severity`. A finding is told from that of the target branch by its fingerprint alone.
"""

from __future__ import annotations

from typing import Any

from cloudsync_gen.report.finding import Finding, Report, reach
from cloudsync_gen.report.json import dumps
from cloudsync_gen.report.text import printable

_SEVERITY = {"error": "major", "warning": "minor", "info": "info"}


def render(*reports: Report) -> str:
    """One JSON array."""
    return dumps([_issue(each) for report in reports for each in report.findings()])


def _issue(finding: Finding) -> dict[str, Any]:
    text = ". ".join(filter(None, (finding.message, finding.hint, reach(finding))))
    return {
        "description": printable(text),
        "check_name": f"{finding.code} {finding.name}",
        "fingerprint": finding.fingerprint,
        "severity": _SEVERITY[finding.severity],
        "location": {"path": finding.file, "lines": {"begin": finding.line}},
    }
