"""Findings as one comment on a change: per service a part that opens, its owner named.

A hidden marker in the first line tells the comment from others, so that the next run replaces it.
Text of a model is escaped so far that nobody is mentioned by it and nothing of it is a reference, a
link or HTML; the characters that Markdown gives a meaning are written as entities, which CommonMark
(0.31, section 2.5) never reads as such.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.belonging import Group
from cloudsync_gen.report.finding import WORST_FIRST, Finding, Report, reach
from cloudsync_gen.report.text import printable, summary

MAX_LENGTH = 65_536
"""Of a comment on GitHub, in characters; counted here in UTF-16 units, of which none has fewer."""

TOGETHER = "ci"
"""Whose comment it is that several commands share."""

_MAX_MESSAGE = 1_000
_SPECIAL = re.compile(r"[^A-Za-z0-9 .,;:/+-]", re.ASCII)
_REFERENCE = re.compile(r"[@#!$%~^&*](?=[\w\"{\[])|(?<=:)//|(?i:(?<=www)\.)|(?<=\w)@")
"""What a code host makes a mention, a reference or a link of, outside of code."""


def marker(command: str) -> str:
    """The hidden first line of a command's comment."""
    return f"<!-- cloudsync-gen {command} -->"


def render(*reports: Report) -> str:
    """The comment of a command, or of several together."""
    return comment(reports[0].command if len(reports) == 1 else TOGETHER, *reports)


def comment(name: str, *reports: Report) -> str:
    """What the marker `name` begins: a section for each report, at most `MAX_LENGTH` long in all;
    what was left out is counted in its last line.
    """
    return _cut(marker(name), [_section(report) for report in reports])


def _section(report: Report) -> _Section:
    groups: dict[Group, list[Diagnostic]] = defaultdict(list)
    for each in report.diagnostics:
        groups[report.group(each)].append(each)
    said = "not judged" if report.unjudged else summary(report.diagnostics)
    head = [f"### cloudsync-gen {report.command}: {said}", ""]
    head += ["<br>".join(map(prose, report.unjudged.splitlines())), ""] if report.unjudged else []
    parts = [_part(group, report, groups[group]) for group in sorted(groups, key=_rank(groups))]
    return _Section(head, parts)


def _rank(groups: dict[Group, list[Diagnostic]]) -> Callable[[Group], tuple[int, Group]]:
    def rank(group: Group) -> tuple[int, Group]:
        return min(WORST_FIRST.index(each.severity) for each in groups[group]), group

    return rank


class _Part(Struct, frozen=True):
    """`lines`: (severity, line) of each finding."""

    opening: str
    lines: Sequence[tuple[str, str]]
    closing: str = "\n</details>\n"


class _Section(Struct, frozen=True):
    """What one command has to say."""

    head: Sequence[str]
    parts: Sequence[_Part]


def _part(group: Group, report: Report, found: Sequence[Diagnostic]) -> _Part:
    owner = f", owner {code(group.owner)}" if group.owner else ""
    opening = f"<details><summary>{code(group.name)}{owner}: {summary(found)}</summary>\n"
    findings = [report.resolved(each) for each in found]
    findings.sort(key=lambda each: WORST_FIRST.index(each.severity))
    return _Part(opening, [(each.severity, _line(each)) for each in findings])


def _line(finding: Finding) -> str:
    more = [prose(each) for each in (finding.hint, reach(finding)) if each]
    place = code(f"{finding.file}:{finding.line}")
    said = f"- **{finding.severity}** {place} {code(finding.code)} {prose(finding.message)}"
    return "<br>".join((said, *more))


def prose(text: str) -> str:
    """A sentence of ours with names of a model in backticks, as inline HTML."""
    pieces = printable(text[:_MAX_MESSAGE]).split("`")
    if len(pieces) % 2 == 0:  # a name with a backtick of its own: nothing is told apart
        pieces = ["", " ".join(pieces), ""]
    made = [code(each) if number % 2 else _plain(each) for number, each in enumerate(pieces)]
    return "".join(made)


def code(text: str) -> str:
    """Text as it is, in which a code host looks for nothing."""
    return f"<code>{_entities(printable(text))}</code>" if text else ""


def _plain(text: str) -> str:
    ends, made = 0, []
    for found in _REFERENCE.finditer(text):
        made += [_entities(text[ends : found.start()]), f"<span>{_entities(found[0])}</span>"]
        ends = found.end()
    return "".join((*made, _entities(text[ends:])))


def _entities(text: str) -> str:
    return _SPECIAL.sub(lambda each: f"&#{ord(each[0])};" if each[0].isascii() else each[0], text)


def _cut(first: str, sections: Sequence[_Section]) -> str:
    """As many findings as fit, part by part; each part that is begun is closed."""
    heads = [first, *(line for section in sections for line in section.head)]
    reserve = _size(_left_out(Counter(error=10**9, warning=10**9, info=10**9)))
    left = MAX_LENGTH - reserve - sum(map(_size, heads))
    lines, lost = [first], Counter[str]()
    for section in sections:
        lines += section.head
        for part in section.parts:
            room = left - _size(part.opening) - _size(part.closing)
            fits = [*_fitting([line for _, line in part.lines], room)]
            lost.update(severity for severity, _ in part.lines[len(fits) :])
            if fits:
                shown = (part.opening, *fits, part.closing)
                lines += shown
                left -= sum(map(_size, shown))
    lines += [_left_out(lost)] if lost else []
    return "".join(f"{line}\n" for line in lines)


def _fitting(lines: Sequence[str], room: int) -> Iterator[str]:
    for line in lines:
        room -= _size(line)
        if room < 0:
            return
        yield line


def _left_out(lost: Counter[str]) -> str:
    counts = ", ".join(f"{lost[each]} {each}" for each in WORST_FIRST if lost[each])
    return f"And {lost.total()} more ({counts}), for which there is no room here; the log has all."


def _size(line: str) -> int:
    return len(line.encode("utf-16-le", "surrogatepass")) // 2 + 1
