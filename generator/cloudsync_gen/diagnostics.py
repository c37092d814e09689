"""What the tool has to say about somebody's text: one type for every stage and every format."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from hashlib import sha256
from typing import Generic, TypeVar

import msgspec
from msgspec import Struct

from cloudsync_gen.source import Ref, SourceMap, Span

T = TypeVar("T")


class Severity(StrEnum):
    """How much a finding weighs; only `ERROR` makes a gate fail by default."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class MendAction(StrEnum):
    """What a mend does to the text."""

    REPLACE = "replace"
    INSERT = "insert"
    ERASE = "erase"


class Related(Struct, frozen=True):
    """Another place that explains a finding."""

    ref: Ref
    message: str


class Mend(Struct, frozen=True):
    """A change of text that mends something.

    `REPLACE`: what reads `was` at `ref` (its key, where the ref asks for the name) reads `text`.
    `INSERT`: the mapping gets a field `text` after the one at `ref`. `ERASE`: the comment at `span`
    goes, with its line where nothing else stands there. A span is the place, where it is given.
    """

    action: MendAction
    ref: Ref
    text: str = ""
    span: Span | None = None
    was: str = ""


class Diagnostic(Struct, frozen=True, kw_only=True):
    """One finding.

    `code` is stable: never renumbered, never reused. `facts` are the structured facts that identify
    the finding among those of its rule and element; none of them is wording or a position. `nth`
    tells apart what has the same facts (see `numbered`). `span` is set only by readers of text that
    has no pointers, or is too broken to have them. `mends` is what would certainly mend it: all of
    it, or nothing.
    """

    code: str
    name: str
    severity: Severity
    ref: Ref
    message: str
    hint: str = ""
    element: str = ""
    related: tuple[Related, ...] = ()
    facts: tuple[str, ...] = ()
    impact: Mapping[str, tuple[str, ...]] = {}
    span: Span | None = None
    nth: int = 0
    mends: tuple[Mend, ...] = ()

    @property
    def identity(self) -> tuple[str | int, ...]:
        """Code, element and facts; the pointer where there are no facts, and the file where there
        is no element, so that neither moved lines nor other words nor a renamed file change it.
        """
        facts: tuple[str | int, ...] = self.facts or ("at", *self.ref.pointer)
        return (self.code, self.element or f"in {self.ref.file}", *facts)

    @property
    def fingerprint(self) -> str:
        """12 hex digits over the identity: what baselines and code hosts know a finding by."""
        return sha256(msgspec.json.encode((self.identity, self.nth))).hexdigest()[:12]


def numbered(diagnostics: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
    """The same findings, the second and further ones of one identity told apart by `nth`."""
    seen: Counter[tuple[str | int, ...]] = Counter()
    for each in diagnostics:
        nth = seen[each.identity]
        seen[each.identity] += 1
        yield each if each.nth == nth else msgspec.structs.replace(each, nth=nth)


def finding(
    code: str,
    name: str,
    ref: Ref,
    message: str,
    hint: str,
    element: str = "",
    related: Iterable[Related] = (),
) -> Diagnostic:
    """An error at `ref`, without a span."""
    return Diagnostic(
        code=code,
        name=name,
        severity=Severity.ERROR,
        ref=ref,
        message=message,
        hint=hint,
        element=element,
        related=tuple(related),
    )


class Staged(Struct, Generic[T], frozen=True):
    """What a stage returns: its value and what it found. Mistakes of users are never raised."""

    value: T
    diagnostics: tuple[Diagnostic, ...] = ()


def has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    """Whether any of them is an error."""
    return any(d.severity is Severity.ERROR for d in diagnostics)


def ordered(diagnostics: Iterable[Diagnostic], sources: SourceMap) -> tuple[Diagnostic, ...]:
    """By file, line, column, code, message; each finding once, with its own fingerprint. Of all
    findings of a kind at once: what is left of them afterwards keeps its fingerprints.
    """
    return tuple(numbered(_sorted(diagnostics, sources)))


def merged(
    known: Iterable[Diagnostic], new: Iterable[Diagnostic], sources: SourceMap
) -> tuple[Diagnostic, ...]:
    """Findings that are ordered already, some of them perhaps taken out, with those of others."""
    return _sorted((*known, *ordered(new, sources)), sources)


def _sorted(diagnostics: Iterable[Diagnostic], sources: SourceMap) -> tuple[Diagnostic, ...]:
    placed = {(d.span or sources.span(d.ref), d.code, d.message): d for d in diagnostics}
    keys = sorted(placed, key=lambda k: (k[0].file, k[0].line, k[0].column, k[1], k[2]))
    return tuple(placed[key] for key in keys)
