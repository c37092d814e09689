"""The language of metrics: sums over facts, what is put together of them, and conditions.

    sum(value)                                     count(channel != "cli")
    sum(value, movement == "new") / count()        unique(value)
    quantile(value, 0.95)                          last(value), min(value), max(value), avg(value)

An expression is parsed to a tree of which everything else is refused; it is evaluated here and never
becomes part of a statement. What it needs of a bucket's facts is one `State` for each of its sums;
states of hours put together are the state of the day.
"""

from __future__ import annotations

import ast
import base64
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from .sketches import Distinct, Quantiles

Dims = Mapping[str, str]

_PLAIN = frozenset({"sum", "count", "avg", "min", "max", "last"})
_KNOWN = _PLAIN | {"unique", "quantile"}
_MOST = 8
_OPERATORS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
_LARGEST = 1e15


class ExpressionError(ValueError):
    """A text that is no expression; says why."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A dimension and the values that it has, or has not."""

    dimension: str
    values: frozenset[str]
    wanted: bool

    def holds(self, dims: Dims) -> bool:
        """Whether facts with these dimensions pass."""
        return (dims.get(self.dimension) in self.values) is self.wanted


@dataclass(frozen=True, slots=True)
class Leaf:
    """One sum over facts; `share` belongs to quantiles."""

    kind: str
    conditions: tuple[Condition, ...]
    share: float = 0.0


@dataclass(frozen=True, slots=True)
class Expression:
    """`tree` is a number, the place of a leaf, or (operator, left, right)."""

    leaves: tuple[Leaf, ...]
    tree: Any

    @property
    def dimensions(self) -> frozenset[str]:
        """Those that conditions speak of."""
        return frozenset(one.dimension for each in self.leaves for one in each.conditions)

    @property
    def kinds(self) -> frozenset[str]:
        """Sorts of sums in it."""
        return frozenset(each.kind for each in self.leaves)

    @property
    def divides(self) -> bool:
        """Whether it is a ratio."""
        return _divides(self.tree)

    @property
    def additive(self) -> bool:
        """Whether the value of two buckets is the sum of theirs."""
        return self.kinds <= {"sum", "count"} and _linear(self.tree)

    def empty(self) -> States:
        """The states of no fact."""
        return States(tuple(State(each) for each in self.leaves))

    def value(self, states: States) -> float:
        """What it comes to; 0 where it would divide by nothing."""
        found = _value(self.tree, [each.value for each in states.each])
        return max(-_LARGEST, min(_LARGEST, found))

    def read(self, text: str) -> States:
        """States as `States.text` wrote them."""
        told = json.loads(zlib.decompress(base64.b64decode(text)))
        pairs = zip(self.leaves, told, strict=True)
        return States(tuple(State.from_json(leaf, each) for leaf, each in pairs))


class State:
    """What one sum knows of the facts that it has seen."""

    def __init__(self, leaf: Leaf) -> None:
        self._leaf = leaf
        self._count = 0
        self._sum = 0.0
        self._least: float | None = None
        self._most: float | None = None
        self._last: tuple[float, float] | None = None
        self._distinct = Distinct() if leaf.kind == "unique" else None
        self._quantiles = Quantiles() if leaf.kind == "quantile" else None

    def add(self, value: float, at: datetime, dims: Dims) -> None:
        """Count a fact in, if it passes."""
        if not all(each.holds(dims) for each in self._leaf.conditions):
            return
        self._count += 1
        self._sum += value
        self._least = value if self._least is None else min(self._least, value)
        self._most = value if self._most is None else max(self._most, value)
        self._last = max(self._last or (0.0, 0.0), (at.timestamp(), value))
        if self._distinct is not None:
            self._distinct.add(repr(value))
        if self._quantiles is not None:
            self._quantiles.add(value)

    def merge(self, other: State) -> None:
        """Count in what the other has counted."""
        if not other._count:
            return
        self._count += other._count
        self._sum += other._sum
        lows = [each for each in (self._least, other._least) if each is not None]
        highs = [each for each in (self._most, other._most) if each is not None]
        lasts = [each for each in (self._last, other._last) if each is not None]
        self._least, self._most, self._last = min(lows), max(highs), max(lasts)
        if self._distinct is not None and other._distinct is not None:
            self._distinct.merge(other._distinct)
        if self._quantiles is not None and other._quantiles is not None:
            self._quantiles.merge(other._quantiles)

    @property
    def value(self) -> float:
        """What the sum comes to; 0 of no fact."""
        if not self._count:
            return 0.0
        if self._distinct is not None:
            return self._distinct.count
        if self._quantiles is not None:
            return self._quantiles.at(self._leaf.share)
        found = {
            "sum": self._sum,
            "count": float(self._count),
            "avg": self._sum / self._count,
            "min": self._least,
            "max": self._most,
            "last": self._last[1] if self._last is not None else 0.0,
        }
        return found[self._leaf.kind] or 0.0

    def to_json(self) -> list[Any]:
        """As a list of JSON values."""
        sketch: Any = None
        if self._distinct is not None:
            sketch = self._distinct.to_json()
        elif self._quantiles is not None:
            sketch = self._quantiles.to_json()
        return [self._count, self._sum, self._least, self._most, self._last, sketch]

    @classmethod
    def from_json(cls, leaf: Leaf, told: Sequence[Any]) -> State:
        """Of such a list."""
        found = cls(leaf)
        found._count, found._sum, found._least, found._most, last, sketch = told
        found._last = (last[0], last[1]) if last is not None else None
        if leaf.kind == "unique":
            found._distinct = Distinct.from_json(sketch)
        elif leaf.kind == "quantile":
            found._quantiles = Quantiles(sketch)
        return found


@dataclass(frozen=True, slots=True)
class States:
    """One for each sum of an expression."""

    each: tuple[State, ...]

    def add(self, value: float, at: datetime, dims: Dims) -> None:
        """Count a fact in."""
        for state in self.each:
            state.add(value, at, dims)

    def merge(self, other: States) -> None:
        """Count in what the others have counted."""
        for mine, theirs in zip(self.each, other.each, strict=True):
            mine.merge(theirs)

    @property
    def text(self) -> str:
        """Base64, at most 4 KiB before that."""
        told = json.dumps([each.to_json() for each in self.each], separators=(",", ":"))
        return base64.b64encode(zlib.compress(told.encode(), 9)).decode()


@lru_cache(maxsize=1024)
def compiled(text: str) -> Expression:
    """The expression.

    Raises:
        ExpressionError: it is none.
    """
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ExpressionError("cannot be parsed") from error
    leaves: list[Leaf] = []
    found = _tree(tree, leaves)
    if not leaves:
        raise ExpressionError("no sum over facts in it")
    if len(leaves) > _MOST:
        raise ExpressionError(f"more than {_MOST} sums")
    if sum(each.kind not in _PLAIN for each in leaves) > 1:
        raise ExpressionError("more than one unique or quantile")
    return Expression(tuple(leaves), found)


def _tree(node: ast.expr, leaves: list[Leaf]) -> Any:
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return _number(node.value)
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        sign = _OPERATORS[type(node.op)]
        return (sign, _tree(node.left, leaves), _tree(node.right, leaves))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
        leaves.append(_leaf(node.func.id, list(node.args)))
        return len(leaves) - 1
    raise ExpressionError(f"{type(node).__name__} is not part of the language")


def _number(value: float) -> float:
    if isinstance(value, bool) or not -_LARGEST <= value <= _LARGEST:
        raise ExpressionError("not a number that can be counted with")
    return float(value)


def _leaf(kind: str, arguments: list[ast.expr]) -> Leaf:
    if kind not in _KNOWN:
        raise ExpressionError(f"there is no {kind}()")
    if kind != "count":
        subject = arguments.pop(0) if arguments else None
        if not isinstance(subject, ast.Name) or subject.id != "value":
            raise ExpressionError(f"{kind}() is over value")
    share = 0.0
    if kind == "quantile":
        told = arguments.pop(0) if arguments else None
        if not isinstance(told, ast.Constant) or not isinstance(told.value, float):
            raise ExpressionError("quantile() says which")
        share = told.value
        if not 0 < share < 1:
            raise ExpressionError("a quantile lies between 0 and 1")
    return Leaf(kind, tuple(_condition(each) for each in arguments), share)


def _condition(node: ast.expr) -> Condition:
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.left, ast.Name):
        operator, right = node.ops[0], node.comparators[0]
        if isinstance(operator, ast.Eq | ast.NotEq):
            return Condition(node.left.id, frozenset({_text(right)}), isinstance(operator, ast.Eq))
        if isinstance(operator, ast.In) and isinstance(right, ast.List | ast.Tuple):
            return Condition(node.left.id, frozenset(_text(each) for each in right.elts), True)
    raise ExpressionError('a condition is dimension == "text", != or in ("a", "b")')


def _text(node: ast.expr) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    raise ExpressionError("dimensions have texts")


def _divides(tree: Any) -> bool:
    return isinstance(tree, tuple) and (tree[0] == "/" or _divides(tree[1]) or _divides(tree[2]))


def _linear(tree: Any) -> bool:
    """Whether it is a sum of leaves, each times a number."""
    if isinstance(tree, int):
        return True
    if not isinstance(tree, tuple):
        return False
    sign, left, right = tree
    if sign in "+-":
        return _linear(left) and _linear(right)
    if sign == "*":
        return (_linear(left) and isinstance(right, float)) or (
            isinstance(left, float) and _linear(right)
        )
    return _linear(left) and isinstance(right, float)


def _value(tree: Any, values: Sequence[float]) -> float:
    if isinstance(tree, int):
        return values[tree]
    if not isinstance(tree, tuple):
        return float(tree)
    left, right = _value(tree[1], values), _value(tree[2], values)
    if tree[0] == "/":
        return left / right if right else 0.0
    return {"+": left + right, "-": left - right, "*": left * right}[tree[0]]
