"""How well an entry answers, what of it is shown, and how hits divide."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from .bm25 import Match
from .entries import ARCHIVED, DRAFT
from .generated import models
from .queries import Clause
from .words import stem, tokens

_DECAY_DAYS = 30.0
_RESTS = {ARCHIVED: 0.5, DRAFT: 0.8}
_KEYWORD_WEIGHT = 1.5
_AROUND = 90
"""Characters shown before and after a word that was found."""

_HIGHLIGHTS = 3
_LONGEST = 390
STX, ETX = "\x02", "\x03"


@dataclass(frozen=True, slots=True)
class Scored:
    """An entry with its score, and the lines that it adds up from: depth, label, score."""

    entry: models.SearchEntry
    score: float
    lines: tuple[tuple[int, str, float], ...]


def weights(profile: models.RankingProfile) -> dict[str, float]:
    """What a field counts."""
    return {
        "heading": profile.heading_boost,
        "content": 1.0,
        "keywords": _KEYWORD_WEIGHT,
    }


def scored(
    entry: models.SearchEntry, match: Match, profile: models.RankingProfile, now: datetime
) -> Scored:
    """Words · (1 + recency + popularity), less for drafts and archived things."""
    by_field = weights(profile)
    text = match.text_score(by_field)
    age = max(0.0, (now - entry.content_changed_at).total_seconds() / 86_400)
    recency = profile.recency_weight * math.exp(-age / _DECAY_DAYS)
    popularity = profile.popularity_weight * entry.popularity
    marks = {each.root for each in entry.keywords or ()}
    rest = min((factor for mark, factor in _RESTS.items() if mark in marks), default=1.0)
    score = min(1_000_000.0, text * (1 + recency + popularity) * rest)
    lines = [(0, "score", score), (1, "words", text)]
    lines += [
        (2, f"{name} × {by_field[name]:g}", by_field[name] * part)
        for _, name, part in sorted(match.parts, key=lambda each: each[1])
    ]
    lines += [(1, "recency", recency), (1, "popularity", popularity), (1, "state", rest)]
    return Scored(entry, score, tuple(lines))


def hit(found: Scored, rank: int, clauses: Iterable[Clause]) -> models.SearchHit:
    """What the asker is shown of an entry."""
    entry = found.entry
    return models.SearchHit(
        rank=rank,
        source_kind=entry.source_kind,
        source_id=entry.source_id,
        heading=entry.heading,
        highlights=[models.SearchHitHighlightsItem(each) for each in highlights(entry, clauses)],
        score=round(found.score, 6),
        author_id=entry.author_id,
        container=entry.container,
        content_type=entry.content_type,
        content_changed_at=entry.content_changed_at,
    )


def highlights(entry: models.SearchEntry, clauses: Iterable[Clause]) -> list[str]:
    """Up to three pieces of the content around the words, these between STX and ETX."""
    language, text = str(entry.analyzer_language), entry.content
    whole, beginnings = set[str](), []
    for clause in clauses:
        words = [each.term for each in tokens(clause.text, language)]
        if clause.prefix:
            beginnings += [stem(clause.text, language)]
        elif not clause.excluded:
            whole.update(words)
    spans = [
        (each.start, each.end)
        for each in tokens(text, language)
        if each.term in whole or any(each.term.startswith(start) for start in beginnings)
    ]
    pieces: list[str] = []
    upto = 0
    for start, end in spans:
        if start < upto:
            continue
        if len(pieces) == _HIGHLIGHTS:
            break
        low, upto = max(0, start - _AROUND), min(len(text), end + _AROUND)
        pieces.append(_marked(text, low, upto, spans))
    return pieces


def _marked(text: str, low: int, high: int, spans: list[tuple[int, int]]) -> str:
    """The piece with marks; control characters that it had are blanks."""
    parts, at = [], low
    for start, end in spans:
        if at <= start and end <= high:
            parts += [_plain(text[at:start]), STX, _plain(text[start:end]), ETX]
            at = end
    parts.append(_plain(text[at:high]))
    piece = "".join(parts)
    if len(piece) <= _LONGEST:
        return piece
    cut = piece[:_LONGEST]
    return cut + ETX if cut.rfind(STX) > cut.rfind(ETX) else cut


def _plain(text: str) -> str:
    return "".join(each if each.isprintable() else " " for each in text)


_FACETS: tuple[tuple[models.SearchFilterField, Callable[[models.SearchEntry], str | None]], ...] = (
    (models.SearchFilterField.kind, lambda each: str(each.source_kind)),
    (models.SearchFilterField.author, lambda each: str(each.author_id)),
    (models.SearchFilterField.container, lambda each: each.container),
    (models.SearchFilterField.content_type, lambda each: each.content_type),
    (models.SearchFilterField.language, lambda each: str(each.analyzer_language)),
)


def facets(entries: list[models.SearchEntry]) -> list[models.Facet]:
    """How the hits divide, the twenty fullest values of each field."""
    found = []
    for name, value in _FACETS:
        counts = Counter(each for entry in entries if (each := value(entry)) is not None)
        fullest = sorted(counts.items(), key=lambda each: (-each[1], each[0]))[:20]
        values = [models.FacetValue(value=each, count=rounded(count)[0]) for each, count in fullest]
        found.append(models.Facet(name=name, values=values))
    return found


def rounded(count: int) -> tuple[int, bool]:
    """Counts above 1,000 tell two digits, so that nobody counts what they may not see."""
    if count <= 1000:
        return count, False
    unit = 10 ** (len(str(count)) - 2)
    return count // unit * unit, True
