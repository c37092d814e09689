"""Findings as JUnit XML: a suite per service, in it a case per rule.

What is compared from one pipeline to the next is the name of a case. A case per finding would
appear and vanish with it, one per file would move with it; rule and service stay, so that a case is
seen to break and to be mended, by the team that it belongs to. What belongs to no service has a
suite per bounded context, layer or file.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import islice
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from cloudsync_gen.report.finding import Finding, Report, reach, resolve
from cloudsync_gen.report.text import printable

MAX_CASES = 100_000
"""Beyond it what passed is left out; GitLab reads 500,000 cases, most others fewer."""

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'


def render(report: Report) -> str:
    """One document; findings below the severities that fail a command are output of their case."""
    found: dict[str, dict[str, list[Finding]]] = defaultdict(lambda: defaultdict(list))
    for each in report.diagnostics:
        made = resolve(each, report.sources)
        found[report.group(each).name][f"{each.code} {each.name}"].append(made)
    for group, case in islice(report.cases, MAX_CASES):
        found[group].setdefault(case, [])
    root = Element("testsuites", name=f"cloudsync-gen {report.command}")
    for group in sorted(found):
        _suite(root, report, group, found[group])
    for count in ("tests", "failures"):
        root.set(count, str(sum(int(suite.get(count, "0")) for suite in root)))
    indent(root)
    return f"{_HEAD}{tostring(root, encoding='unicode')}\n"


def _suite(root: Element, report: Report, group: str, cases: dict[str, list[Finding]]) -> None:
    suite = SubElement(root, "testsuite", name=printable(group))
    failures = 0
    for case, findings in sorted(cases.items()):
        element = SubElement(suite, "testcase", classname=printable(group), name=printable(case))
        failing = [each for each in findings if each.severity in report.failing]
        others = [each for each in findings if each.severity not in report.failing]
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
    suite.set("errors", "0")
    suite.set("skipped", "0")


def _text(findings: Sequence[Finding]) -> str:
    lines = []
    for each in findings:
        place = f"{each.file}:{each.line}:{each.column}"
        lines.append(printable(f"{place}: {each.severity}[{each.code}] {each.message}"))
        lines += [f"  {printable(more)}" for more in (each.hint, reach(each)) if more]
    return "\n".join(lines)
