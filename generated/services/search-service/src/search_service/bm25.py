"""An inverted index of one organisation, ranked by BM25.

Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009), with the
inverse document frequency that is never negative: idf = ln(1 + (N - n + 0.5) / (n + 0.5)); a field
of dl words in which a term occurs tf times gives idf · tf·(k1+1) / (tf + k1·(1 - b + b·dl/avgdl)).
Fields are scored apart and added up under their weights.
"""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from .generated import problems
from .queries import Clause
from .words import stem, tokens

K1 = 1.2
B = 0.75
FIELDS = ("heading", "content", "keywords")
_MOST_EXPANSIONS = 256
_SYNONYM = 0.8
"""What a synonym is worth of the word itself."""

Term = tuple[str, str]
"""Language and stem."""

Synonyms = Mapping[str, Mapping[str, tuple[str, ...]]]
"""By language and stem: texts that mean the same."""


@dataclass(slots=True)
class Posted:
    """What the index holds of one entry: language, lengths of fields, terms with their places."""

    language: str
    lengths: dict[str, int]
    places: dict[str, dict[str, list[int]]]


@dataclass(slots=True)
class Match:
    """How well an entry fits: what each clause gave, by field."""

    parts: list[tuple[str, str, float]] = field(default_factory=list)

    def text_score(self, weights: Mapping[str, float]) -> float:
        """The sum under the weights of the fields."""
        return sum(weights[name] * score for _, name, score in self.parts)


class Index:
    """Entries by their ids."""

    def __init__(self) -> None:
        self._entries: dict[UUID, Posted] = {}
        self._postings: dict[str, dict[Term, set[UUID]]] = {name: {} for name in FIELDS}
        self._vocabulary: dict[str, list[str]] = {}
        self._languages: dict[str, int] = {}
        self._lengths = dict.fromkeys(FIELDS, 0)

    def __len__(self) -> int:
        return len(self._entries)

    def put(self, key: UUID, language: str, fields: Mapping[str, str]) -> None:
        """Hold an entry, in place of what was held of it."""
        self.drop(key)
        posted = Posted(language, {}, {})
        for name in FIELDS:
            places: dict[str, list[int]] = {}
            count = 0
            for token in tokens(fields.get(name, ""), language):
                places.setdefault(token.term, []).append(token.place)
                count += 1
            posted.places[name], posted.lengths[name] = places, count
            self._lengths[name] += count
            for term in places:
                self._post(name, (language, term), key)
        self._entries[key] = posted
        self._languages[language] = self._languages.get(language, 0) + 1

    def drop(self, key: UUID) -> None:
        """Forget an entry."""
        posted = self._entries.pop(key, None)
        if posted is None:
            return
        self._languages[posted.language] -= 1
        for name in FIELDS:
            self._lengths[name] -= posted.lengths[name]
            for term in posted.places[name]:
                holders = self._postings[name][posted.language, term]
                holders.discard(key)
                if not holders:
                    del self._postings[name][posted.language, term]

    def search(self, clauses: Iterable[Clause], synonyms: Synonyms) -> dict[UUID, Match]:
        """The entries that fit all clauses, with what each gave.

        Raises:
            Problem: `query-too-costly`.
        """
        found: dict[UUID, Match] | None = None
        clauses = tuple(clauses)
        for clause in clauses:
            if not clause.excluded:
                fitting = self._fitting(clause, synonyms)
                if found is None:
                    found = {key: Match() for key in fitting}
                found = {key: each for key, each in found.items() if key in fitting}
                for key, match in found.items():
                    match.parts += [(clause.text, *each) for each in fitting[key]]
        for clause in clauses:
            if clause.excluded and found:
                for key in self._fitting(clause, {}):
                    found.pop(key, None)
        return found or {}

    def terms(self, key: UUID, most: int) -> list[str]:
        """The words that tell an entry apart: its terms by tf · idf, the best first."""
        posted = self._entries.get(key)
        if posted is None:
            return []
        weighed: dict[str, float] = {}
        for name in FIELDS:
            for term, places in posted.places[name].items():
                score = len(places) * self._idf(name, (posted.language, term))
                weighed[term] = weighed.get(term, 0.0) + score
        return sorted(weighed, key=lambda each: (-weighed[each], each))[:most]

    def near(self, key: UUID, terms: Iterable[str]) -> dict[UUID, Match]:
        """Entries that hold any of the terms of an entry, itself left out."""
        posted = self._entries.get(key)
        found: dict[UUID, Match] = {}
        for term in terms if posted is not None else ():
            for name in FIELDS:
                wanted = (posted.language if posted else "", term)
                for other in self._postings[name].get(wanted, ()):
                    if other != key:
                        score = self._score(name, wanted, other)
                        found.setdefault(other, Match()).parts.append((term, name, score))
        return found

    def _post(self, name: str, term: Term, key: UUID) -> None:
        holders = self._postings[name].setdefault(term, set())
        holders.add(key)
        words = self._vocabulary.setdefault(term[0], [])
        at = bisect_left(words, term[1])
        if at == len(words) or words[at] != term[1]:
            insort(words, term[1])

    def _fitting(self, clause: Clause, synonyms: Synonyms) -> dict[UUID, list[tuple[str, float]]]:
        """By entry: fields and scores. Words of each language are stemmed as the entry's were."""
        found: dict[UUID, list[tuple[str, float]]] = {}
        for language, entries in self._languages.items():
            if not entries:
                continue
            for text, worth in _alternatives(clause, synonyms.get(language, {}), language):
                words = [token.term for token in tokens(text, language)]
                for name in FIELDS:
                    for key, score in self._occurrences(name, language, words, clause.prefix):
                        best = dict(found.get(key, ()))
                        best[name] = max(best.get(name, 0.0), worth * score)
                        found[key] = list(best.items())
        return found

    def _occurrences(
        self, name: str, language: str, words: list[str], prefix: bool
    ) -> Iterator[tuple[UUID, float]]:
        if len(words) == 1:
            for term in self._expanded(language, words[0]) if prefix else words:
                for key in self._postings[name].get((language, term), ()):
                    yield key, self._score(name, (language, term), key)
            return
        holders = [self._postings[name].get((language, each), set()) for each in words]
        for key in set.intersection(*holders) if holders else ():
            if self._adjacent(name, key, words):
                terms = ((language, each) for each in words)
                yield key, sum(self._score(name, term, key) for term in terms)

    def _expanded(self, language: str, beginning: str) -> list[str]:
        words = self._vocabulary.get(language, [])
        at = bisect_left(words, beginning)
        found = []
        for word in words[at:]:
            if not word.startswith(beginning):
                break
            found.append(word)
            if len(found) > _MOST_EXPANSIONS:
                raise problems.QUERY_TOO_COSTLY("too many words begin like that")
        return found

    def _adjacent(self, name: str, key: UUID, words: list[str]) -> bool:
        places = [self._entries[key].places[name][each] for each in words]
        following = [set(each) for each in places]
        return any(
            all(first + n in each for n, each in enumerate(following)) for first in places[0]
        )

    def _idf(self, name: str, term: Term) -> float:
        holders = len(self._postings[name].get(term, ()))
        return math.log(1 + (len(self._entries) - holders + 0.5) / (holders + 0.5))

    def _score(self, name: str, term: Term, key: UUID) -> float:
        posted = self._entries[key]
        often = len(posted.places[name][term[1]])
        average = self._lengths[name] / len(self._entries)
        length = K1 * (1 - B + B * posted.lengths[name] / average)
        return self._idf(name, term) * often * (K1 + 1) / (often + length)


def _alternatives(
    clause: Clause, known: Mapping[str, tuple[str, ...]], language: str
) -> list[tuple[str, float]]:
    """The clause's text and what means the same, with what each is worth."""
    if clause.prefix:
        return [(clause.text, 1.0)]
    phrase = " ".join(stem(each, language) for each in clause.text.split())
    return [(clause.text, 1.0), *((each, _SYNONYM) for each in known.get(phrase, ()))]
