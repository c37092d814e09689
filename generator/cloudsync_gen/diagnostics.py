"""What the tool has to say about somebody's text: one type for every stage and every format."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from hashlib import sha256
from typing import Generic, TypeVar

import msgspec
from msgspec import Struct

from cloudsync_gen.source import Ref, Span

T = TypeVar("T")


class Severity(StrEnum):
    """How much a finding weighs; only `ERROR` makes a gate fail by default."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Related(Struct, frozen=True):
    """Another place that explains a finding."""

    ref: Ref
    message: str


class Diagnostic(Struct, frozen=True, kw_only=True):
    """One finding.

    `code` is stable: never renumbered, never reused. `facts` are the structured facts that identify
    the finding for baselines; its wording may change without moving its fingerprint. `span` is set
    only by readers of text that is too broken to have pointers.
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

    @property
    def fingerprint(self) -> str:
        """12 hex digits over code, element and facts (file and pointer where there are none)."""
        facts = self.facts or (self.ref.file, *map(str, self.ref.pointer))
        return sha256(msgspec.json.encode((self.code, self.element, facts))).hexdigest()[:12]


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
