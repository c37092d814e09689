"""Findings as SARIF 2.1.0, within the limits that code hosts set (25,000 results; stable ids)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from cloudsync_gen import __version__
from cloudsync_gen.report.finding import Finding, Place, Report, reach, worst_first
from cloudsync_gen.report.json import dumps

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
MAX_RESULTS = 25_000
_LEVEL = {"error": "error", "warning": "warning", "info": "note"}


def render(*reports: Report) -> str:
    """A run for each report, with the rules that found something; of too many results the worst
    are kept.
    """
    runs = [_run(each) for each in reports]
    return dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": runs})


def _run(report: Report) -> dict[str, Any]:
    """Its id tells the runs of one upload apart (SARIF 2.1.0, 3.17.3; GitHub's category)."""
    findings = worst_first(report)[:MAX_RESULTS]
    names = {each.code: each.name for each in findings}
    rules = [_rule(code, names[code], report.documentation.get(code, "")) for code in sorted(names)]
    positions = {rule["id"]: index for index, rule in enumerate(rules)}
    driver = {
        "name": "cloudsync-gen",
        "semanticVersion": __version__,
        "rules": rules,
    }
    run: dict[str, Any] = {
        "tool": {"driver": driver},
        "automationDetails": {"id": f"cloudsync-gen/{report.command}/"},
        "columnKind": "unicodeCodePoints",
        "results": [_result(each, positions[each.code]) for each in findings],
    }
    if report.unjudged:
        told = {"level": "error", "message": {"text": report.unjudged}}
        failed = {"executionSuccessful": False, "toolExecutionNotifications": [told]}
        run["invocations"] = [failed]
    return run


def _rule(code: str, name: str, documentation: str) -> dict[str, Any]:
    rule: dict[str, Any] = {"id": code, "name": name}
    if documentation:
        first, _, rest = documentation.partition("\n")
        rule["shortDescription"] = {"text": first}
        rule["fullDescription"] = {"text": rest.strip() or first}
    return rule


def _result(finding: Finding, rule: int) -> dict[str, Any]:
    text = ". ".join(filter(None, (finding.message, finding.hint, reach(finding))))
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": rule,
        "level": _LEVEL[finding.severity],
        "message": {"text": text},
        "locations": [_location(finding.file, _region(finding))],
        "partialFingerprints": {"finding/v1": finding.fingerprint},
    }
    if finding.related:
        result["relatedLocations"] = [_related(each) for each in finding.related]
    return result


def _region(finding: Finding) -> dict[str, int]:
    return {
        "startLine": finding.line,
        "startColumn": finding.column,
        "endLine": max(finding.end_line, finding.line),
        "endColumn": finding.end_column,
    }


def _location(file: str, region: Mapping[str, int]) -> dict[str, Any]:
    artifact = {"uri": quote(file), "uriBaseId": "%SRCROOT%"}
    return {"physicalLocation": {"artifactLocation": artifact, "region": dict(region)}}


def _related(place: Place) -> dict[str, Any]:
    region = {"startLine": place.line, "startColumn": place.column}
    return {**_location(place.file, region), "message": {"text": place.message}}
