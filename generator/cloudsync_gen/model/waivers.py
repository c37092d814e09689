"""Findings that may stay: said beside the text in a comment, or in the baseline until a day."""

from __future__ import annotations

from datetime import date

from msgspec import Struct

from cloudsync_gen.source import Span, Tree


class Suppression(Struct, frozen=True, kw_only=True):
    """A comment that suppresses findings which begin on `line`. `rules`: codes or names as written,
    each with its place; `span` is the comment's.
    """

    span: Span
    line: int
    rules: tuple[tuple[str, Span], ...]
    reason: str

    @property
    def file(self) -> str:
        """Its file."""
        return self.span.file


class Entry(Struct, frozen=True, kw_only=True):
    """A finding that may stay through the day `expires`. `id` is its fingerprint, `rule` the code
    that gave it.
    """

    id: str
    rule: str
    element: str = ""
    reason: str
    owner: str
    expires: date
    span: Span | None = None


class Waivers(Struct, frozen=True, kw_only=True):
    """What a run heeds: the entries of a baseline, judged on `today`, and comments unless they are
    switched off. `texts`: the baseline's own, where its findings stand.
    """

    baseline: tuple[Entry, ...] = ()
    texts: Tree = {}
    today: date = date.min
    comments: bool = True
