"""Boosted trees: learnt from rows, written as data, and asked for scores with their reasons.

Gradient boosting (Friedman 2001), depth two, over at most 32 bins a feature: with the logistic loss
where labels are 0 and 1, with squares where they are numbers.
Learning draws no random numbers, so the same rows make the same bytes. The artefact is JSON whose
trees are told as XGBoost's dump does (`yes` is below `split_condition`, `no` is not); every node
also has `value`, the mean of the leaves below it, by which a score is told in parts.
"""

from __future__ import annotations

import json
import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

FORMAT = "cloudsync-trees-1"
_BINS = 32
_DEPTH = 2
_LEAST_ROWS = 20
_RIDGE = 1.0
_LARGEST_TREES = 200
_CLIP = 30.0
_DECILES = 10
_SAMPLE = 1_000
_NEVER = 1e-4

Row = Mapping[str, float]
Node = dict[str, Any]


class UnreadableError(ValueError):
    """Bytes that are no artefact of ours."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """How to learn: number of trees from 1 to 200, and the share of each that counts."""

    trees: int = 30
    rate: float = 0.2

    @classmethod
    def read(cls, told: Mapping[str, str]) -> Parameters:
        """Of texts.

        Raises:
            ValueError: an unknown name, or a value out of range.
        """
        unknown = set(told) - {"trees", "rate"}
        if unknown:
            raise ValueError(f"no parameter {', '.join(sorted(unknown))}")
        usual = cls()
        found = cls(int(told.get("trees", usual.trees)), float(told.get("rate", usual.rate)))
        if not 1 <= found.trees <= _LARGEST_TREES or not 0 < found.rate <= 1:
            raise ValueError("trees from 1 to 200, rate above 0 and at most 1")
        return found


@dataclass(frozen=True, slots=True)
class Ensemble:
    """What was learnt, with what scores and reasons were like on the rows that it learnt from.

    `edges`: at most nine scores that divide those rows, `shares` of them between the edges;
    `usual`: the mean size of each feature's part.
    """

    features: tuple[str, ...]
    binary: bool
    base: float
    trees: tuple[Node, ...]
    edges: tuple[float, ...] = ()
    shares: tuple[float, ...] = (1.0,)
    usual: Mapping[str, float] = field(default_factory=dict)

    def score(self, row: Row) -> float:
        """The probability of the label 1, or the number that is expected."""
        margin = self.base + sum(_leaf(each, row)["leaf"] for each in self.trees)
        return _probability(margin) if self.binary else margin

    def reasons(self, row: Row) -> dict[str, float]:
        """By how much each feature moved log-odds or number, from the mean of all (Saabas 2014)."""
        found = dict.fromkeys(self.features, 0.0)
        for tree in self.trees:
            node = tree
            while "leaf" not in node:
                below = _next(node, row)
                found[node["split"]] += below["value"] - node["value"]
                node = below
        return found

    def to_bytes(self) -> bytes:
        """The artefact."""
        told = {
            "format": FORMAT,
            "features": list(self.features),
            "binary": self.binary,
            "base": self.base,
            "trees": list(self.trees),
            "edges": list(self.edges),
            "shares": list(self.shares),
            "usual": dict(self.usual),
        }
        return json.dumps(told, sort_keys=True, separators=(",", ":")).encode()

    @classmethod
    def from_bytes(cls, content: bytes) -> Ensemble:
        """Of an artefact; nothing in it is run.

        Raises:
            UnreadableError: it is none.
        """
        try:
            told = json.loads(content)
            if told["format"] != FORMAT:
                raise ValueError("another format")
            names = frozenset(told["features"])
            for each in told["trees"]:
                _check(each, names, 0)
            return cls(
                tuple(told["features"]),
                told["binary"] is True,
                float(told["base"]),
                tuple(told["trees"]),
                tuple(float(each) for each in told["edges"]),
                tuple(float(each) for each in told["shares"]),
                {str(name): float(each) for name, each in told["usual"].items()},
            )
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise UnreadableError("no trees of ours") from error


def learn(
    rows: Sequence[Row], labels: Sequence[float], parameters: Parameters, *, binary: bool = True
) -> Ensemble:
    """Trees that tell the labels 1 and 0 apart, or come near to numbers.

    Raises:
        ValueError: no rows, or nothing to tell apart.
    """
    if len(set(labels)) < 2:
        raise ValueError("one label only, so there is nothing to tell apart")
    features = tuple(sorted({name for row in rows for name in row}))
    edges = {name: _edges([row.get(name, 0.0) for row in rows]) for name in features}
    places = {n: [bisect_right(edges[n], r.get(n, 0.0)) for r in rows] for n in features}
    mean = sum(labels) / len(labels)
    base = math.log(mean / (1 - mean)) if binary else mean
    margins = [base] * len(rows)
    trees: list[Node] = []
    for _ in range(parameters.trees):
        guesses = [_probability(each) for each in margins] if binary else margins
        slopes = [label - guess for label, guess in zip(labels, guesses, strict=True)]
        curves = [each * (1 - each) for each in guesses] if binary else [1.0] * len(rows)
        grower = _Grower(edges, places, slopes, curves, parameters.rate)
        trees.append(grower.grow(list(range(len(rows))), 0))
        for place, more in grower.moved.items():
            margins[place] += more
    return _measured(Ensemble(features, binary, base, tuple(trees)), rows)


class _Grower:
    """One tree over binned features."""

    def __init__(
        self,
        edges: Mapping[str, list[float]],
        places: Mapping[str, list[int]],
        slopes: list[float],
        curves: list[float],
        rate: float,
    ) -> None:
        self._edges = edges
        self._places = places
        self._slopes = slopes
        self._curves = curves
        self._rate = rate
        self.moved: dict[int, float] = {}

    def grow(self, rows: list[int], depth: int) -> Node:
        """A node with all below it; `moved` tells by how much each row's margin moves."""
        split = self._best(rows) if depth < _DEPTH else None
        if split is None:
            slope, curve = self._sums(rows)
            leaf = self._rate * slope / (curve + _RIDGE)
            self.moved.update(dict.fromkeys(rows, leaf))
            return {"leaf": leaf, "value": leaf}
        name, edge = split
        place = self._places[name]
        low = [row for row in rows if place[row] <= edge]
        high = [row for row in rows if place[row] > edge]
        yes, no = self.grow(low, depth + 1), self.grow(high, depth + 1)
        mean = (yes["value"] * len(low) + no["value"] * len(high)) / len(rows)
        condition = self._edges[name][edge]
        return {"split": name, "split_condition": condition, "yes": yes, "no": no, "value": mean}

    def _best(self, rows: list[int]) -> tuple[str, int] | None:
        """The feature and bin whose ends differ most; None where nothing is gained."""
        all_slope, all_curve = self._sums(rows)
        before = all_slope**2 / (all_curve + _RIDGE)
        best, found = 1e-9, None
        for name, place in self._places.items():
            bins = [[0.0, 0.0, 0] for _ in range(len(self._edges[name]) + 1)]
            for row in rows:
                each = bins[place[row]]
                each[0] += self._slopes[row]
                each[1] += self._curves[row]
                each[2] += 1
            slope = curve = count = 0.0
            for edge in range(len(bins) - 1):
                slope, curve = slope + bins[edge][0], curve + bins[edge][1]
                count += bins[edge][2]
                if min(count, len(rows) - count) < _LEAST_ROWS:
                    continue
                rest = all_slope - slope
                gain = slope**2 / (curve + _RIDGE) + rest**2 / (all_curve - curve + _RIDGE)
                if gain - before > best:
                    best, found = gain - before, (name, edge)
        return found

    def _sums(self, rows: list[int]) -> tuple[float, float]:
        return sum(self._slopes[each] for each in rows), sum(self._curves[each] for each in rows)


def auc(scores: Sequence[float], labels: Sequence[float]) -> float:
    """How often a 1 scores above a 0, ties half (the area below the ROC curve); 0.5 of one label."""
    ranked = sorted(zip(scores, labels, strict=True))
    positive = sum(labels)
    negative = len(labels) - positive
    if not positive or not negative:
        return 0.5
    wins, below, place = 0.0, 0.0, 0
    while place < len(ranked):
        end = bisect_right(ranked, (ranked[place][0], math.inf))
        ones = sum(label for _, label in ranked[place:end])
        zeros = end - place - ones
        wins += ones * (below + zeros / 2)
        below, place = below + zeros, end
    return wins / (positive * negative)


def mean_error(scores: Sequence[float], labels: Sequence[float]) -> float:
    """By how much scores are off, in the mean."""
    pairs = zip(scores, labels, strict=True)
    return sum(abs(score - label) for score, label in pairs) / max(1, len(labels))


def stability(known: Ensemble, scores: Sequence[float]) -> float:
    """The population stability index of scores, beside those of the rows that were learnt from.

    Below 0.1 nothing moved, from 0.25 on it is another population (Siddiqi 2006).
    """
    found = 0.0
    for before, now in zip(known.shares, _shares(known.edges, scores), strict=True):
        was, share = max(before, _NEVER), max(now, _NEVER)
        found += (share - was) * math.log(share / was)
    return found


def _shares(edges: Sequence[float], scores: Sequence[float]) -> tuple[float, ...]:
    counts = [0] * (len(edges) + 1)
    for each in scores:
        counts[bisect_right(edges, each)] += 1
    return tuple(each / max(1, len(scores)) for each in counts)


def _measured(known: Ensemble, rows: Sequence[Row]) -> Ensemble:
    """The same, with what it says of the rows that it learnt from."""
    scores = sorted(known.score(row) for row in rows)
    edges = sorted({scores[len(scores) * step // _DECILES] for step in range(1, _DECILES)})
    sample = rows[:: max(1, len(rows) // _SAMPLE)]
    sums = dict.fromkeys(known.features, 0.0)
    for row in sample:
        for name, each in known.reasons(row).items():
            sums[name] += abs(each)
    usual = {name: each / len(sample) for name, each in sums.items()}
    return replace(known, edges=tuple(edges), shares=_shares(edges, scores), usual=usual)


def _edges(values: Sequence[float]) -> list[float]:
    """At most 31 values that divide all evenly, with some below each."""
    ranked = sorted(values)
    steps = {ranked[len(ranked) * step // _BINS] for step in range(1, _BINS)}
    return sorted(steps - {ranked[0]})


def _next(node: Node, row: Row) -> Node:
    side = "yes" if row.get(node["split"], 0.0) < node["split_condition"] else "no"
    found: Node = node[side]
    return found


def _leaf(node: Node, row: Row) -> Node:
    while "leaf" not in node:
        node = _next(node, row)
    return node


def _probability(margin: float) -> float:
    return 1 / (1 + math.exp(-max(-_CLIP, min(_CLIP, margin))))


def _check(node: Node, names: frozenset[str], depth: int) -> None:
    if depth > _DEPTH:
        raise ValueError("too deep")
    float(node["value"])
    if "leaf" in node:
        float(node["leaf"])
        return
    if node["split"] not in names:
        raise ValueError("splits by what is no feature")
    float(node["split_condition"])
    _check(node["yes"], names, depth + 1)
    _check(node["no"], names, depth + 1)
