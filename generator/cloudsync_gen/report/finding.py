"""What a format is made from: diagnostics, each with its place resolved (design §5)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct
from msgspec.structs import replace

from cloudsync_gen.diagnostics import Diagnostic, Severity
from cloudsync_gen.model.belonging import Group
from cloudsync_gen.source import SourceMap


class Place(Struct, frozen=True, kw_only=True):
    """A related place."""

    file: str
    line: int
    column: int
    message: str


class Finding(Struct, frozen=True, kw_only=True):
    """One finding as `--format json` gives it; lines and columns are 1-based, the end exclusive."""

    code: str
    name: str
    severity: str
    file: str
    line: int
    column: int
    end_line: int
    end_column: int
    element: str
    message: str
    hint: str
    related: tuple[Place, ...]
    impact: Mapping[str, tuple[str, ...]]
    fingerprint: str


WORST_FIRST = tuple(each.value for each in Severity)


class Report(Struct, frozen=True, kw_only=True):
    """Findings of one command, and what some formats say beside them.

    `command` as it was typed, without flags. `documentation`: code -> what its rule says. `group`:
    whom a finding belongs to. `cases`: (group, code and name) of all that was judged, whether or
    not anything was found. `failing`: severities that make the command fail.
    `below`: path of the root in its repository, with a `/` at its end unless it is empty, as code
    hosts know files. `unjudged`: why the command could not judge; empty where it could.
    """

    command: str
    diagnostics: tuple[Diagnostic, ...]
    sources: SourceMap
    documentation: Mapping[str, str] = {}
    group: Callable[[Diagnostic], Group] = lambda each: Group(each.ref.file)
    cases: Iterable[tuple[str, str]] = ()
    failing: frozenset[str] = frozenset((Severity.ERROR,))
    below: str = ""
    unjudged: str = ""

    def findings(self) -> list[Finding]:
        """In the order given."""
        return [self.resolved(each) for each in self.diagnostics]

    def resolved(self, diagnostic: Diagnostic) -> Finding:
        """The finding with lines and columns, its files as the repository knows them."""
        found = resolve(diagnostic, self.sources)
        if not self.below:
            return found
        related = tuple(replace(each, file=self._named(each.file)) for each in found.related)
        return replace(found, file=self._named(found.file), related=related)

    def _named(self, file: str) -> str:
        elsewhere = file.startswith("/") or ":" in file  # of the machine, or of a revision
        return file if elsewhere else self.below + file


def worst_first(*reports: Report) -> list[Finding]:
    """By severity, else in the order given: readers and code hosts show the first ones."""
    found = (each for report in reports for each in report.findings())
    return sorted(found, key=lambda each: WORST_FIRST.index(each.severity))


def shown(path: str) -> str:
    """A path as text: bytes of a name that are not UTF-8 become replacement characters."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def reach(finding: Finding) -> str:
    """Whom a finding reaches, in one line; empty where it reaches nobody."""
    return "; ".join(f"{kind}: {', '.join(ids)}" for kind, ids in finding.impact.items())


def resolve(diagnostic: Diagnostic, sources: SourceMap) -> Finding:
    """The finding with lines and columns."""
    span = diagnostic.span or sources.span(diagnostic.ref)
    related = []
    for each in diagnostic.related:
        place = sources.span(each.ref)
        related.append(
            Place(
                file=shown(place.file), line=place.line, column=place.column, message=each.message
            )
        )
    return Finding(
        code=diagnostic.code,
        name=diagnostic.name,
        severity=diagnostic.severity.value,
        file=shown(span.file),
        line=span.line,
        column=span.column,
        end_line=span.end_line,
        end_column=span.end_column,
        element=diagnostic.element,
        message=diagnostic.message,
        hint=diagnostic.hint,
        related=tuple(related),
        impact=diagnostic.impact,
        fingerprint=diagnostic.fingerprint,
    )
