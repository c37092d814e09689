"""Findings as JUnit XML: a suite per service, in it a case per rule.

What is compared from one pipeline to the next is the name of a case. A case per finding would
appear and vanish with it, one per file would move with it; rule and service stay, so that a case is
seen to break and to be mended, by the team that it belongs to. What belongs to no service has a
suite per bounded context, layer or file.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from itertools import islice
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from msgspec import Struct

from cloudsync_gen.report.finding import Finding, Report, reach
from cloudsync_gen.report.text import printable

MAX_CASES = 100_000
"""Beyond it what passed is left out; GitLab reads 500,000 cases, most others fewer."""

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'


class _Case(Struct):
    """What was found under one name, and at which severities that fails."""

    failing: frozenset[str]
    findings: list[Finding] = []
    unjudged: str = ""


def render(*reports: Report) -> str:
    """One document; findings below the severities that fail a command are output of their case. A
    command that could not judge is a case with an error.
    """
    suites: dict[str, dict[str, _Case]] = defaultdict(dict)
    for report in reports:
        new = partial(_Case, report.failing)
        for each in report.diagnostics:
            suite = suites[report.group(each).name]
            case = suite.setdefault(f"{each.code} {each.name}", new())
            case.findings.append(report.resolved(each))
        for group, name in islice(report.cases, MAX_CASES):
            suites[group].setdefault(name, new())
        if report.unjudged:
            suites["model"][f"{report.command} can judge"] = new(unjudged=report.unjudged)
    root = Element("testsuites", name=" ".join(("cloudsync-gen", *(r.command for r in reports))))
    for group in sorted(suites):
        _suite(root, group, suites[group])
    for count in ("tests", "failures", "errors"):
        root.set(count, str(sum(int(suite.get(count, "0")) for suite in root)))
    indent(root)
    return f"{_HEAD}{tostring(root, encoding='unicode')}\n"


def _suite(root: Element, group: str, cases: dict[str, _Case]) -> None:
    suite = SubElement(root, "testsuite", name=printable(group))
    failures = 0
    for name, case in sorted(cases.items()):
        element = SubElement(suite, "testcase", classname=printable(group), name=printable(name))
        failing = [each for each in case.findings if each.severity in case.failing]
        others = [each for each in case.findings if each.severity not in case.failing]
        if case.unjudged:
            lines = [*map(printable, case.unjudged.splitlines())]
            SubElement(element, "error", message=lines[-1], type="unjudged").text = "\n".join(lines)
        if failing:
            failures += 1
            first = failing[0]
            element.set("file", printable(first.file))
            failure = SubElement(
                element, "failure", message=printable(first.message), type=first.severity
            )
            failure.text = _text(failing)
        if others:
            SubElement(element, "system-out").text = _text(others)
    suite.set("tests", str(len(cases)))
    suite.set("failures", str(failures))
    suite.set("errors", str(sum(bool(case.unjudged) for case in cases.values())))
    suite.set("skipped", "0")


def _text(findings: Sequence[Finding]) -> str:
    lines = []
    for each in findings:
        place = f"{each.file}:{each.line}:{each.column}"
        lines.append(printable(f"{place}: {each.severity}[{each.code}] {each.message}"))
        lines += [f"  {printable(more)}" for more in (each.hint, reach(each)) if more]
    return "\n".join(lines)
