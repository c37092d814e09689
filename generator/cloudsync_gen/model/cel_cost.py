"""How many steps a CEL expression may take, before any service evaluates it.

As the cost estimate of cel-go (`checker.Cost`) and of Kubernetes' validation rules: a loop takes
as many turns as its list may have entries (`maxItems`, else `UNDECLARED`), times what its body
takes; texts and lists that are put together are as large as their parts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from msgspec import Struct, structs

from cloudsync_gen.model.schema_view import resolved
from cloudsync_gen.model.system import Model

MOST_STEPS = 300_000
"""Where services stop an evaluation (`cloudsync_chassis.steps`)."""

MOST_NESTED = 12
"""Brackets and loops within each other, as many as every reader of CEL takes (cel-spec, "Syntax":
12 repetitions of recursive rules).
"""

UNDECLARED = 1_000
"""Entries of a list of which nothing says how many it may have."""

BEYOND = 10**12
"""More than anybody counts."""

_RAW = r'[bB]?[rR](?:"""[\s\S]*?"""|\'\'\'[\s\S]*?\'\'\'|"[^"]*"|\'[^\']*\')'
_LONG = r'"""(?:[^\\]|\\.)*?"""|\'\'\'(?:[^\\]|\\.)*?\'\'\''
_SHORT = r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\''
_TOKEN = re.compile(rf"{_RAW}|{_LONG}|{_SHORT}|//[^\n]*|\w+|\s+|[^\w\s]", re.DOTALL)
_LOOPS = frozenset(("all", "exists", "exists_one", "existsOne", "map", "filter"))
_OPENS = {"(": ")", "[": "]", "{": "}"}


class Shape(Struct, frozen=True):
    """A schema where it is written: what a field of a variable may hold."""

    model: Model
    element: str
    schema: object

    def member(self, name: str) -> Shape | None:
        """The property with that name; `None`: nothing is known of it."""
        holder, found = self._found()
        within = found.get("properties")
        if isinstance(within, dict) and name in within:
            return Shape(self.model, holder, within[name])
        return None

    def entries(self) -> Shape | None:
        """What a list holds."""
        holder, found = self._found()
        return Shape(self.model, holder, found["items"]) if "items" in found else None

    def most(self, undeclared: int) -> int:
        """How many entries a list or a map may have; 1 for anything else."""
        _, found = self._found()
        limits = [found.get("maxItems"), found.get("maxProperties")]
        bounded = [each for each in limits if isinstance(each, int)]
        if bounded:
            return max(1, *bounded)
        kinds, names = found.get("type"), found.get("properties")
        if isinstance(names, dict) and found.get("additionalProperties") is False:
            return max(1, len(names))
        listed = kinds if isinstance(kinds, list) else [kinds]
        many = kinds is None or "array" in listed or "object" in listed
        return undeclared if many else 1

    def _found(self) -> tuple[str, Mapping[str, Any]]:
        named, found = resolved(self.model, self.element, self.schema)
        return (named.id if named else self.element), found


class _Value(Struct, frozen=True):
    """`cost`: steps until it is there. `items`: turns of a loop over it. `size`: how many times as
    large as what it is made of. `given`: what schemas or callers hold is in it, of whatever length.
    """

    cost: int = 0
    items: int = 1
    size: int = 1
    shape: Shape | None = None
    given: bool = False


Variables = Mapping[str, _Value]


def steps(expression: str, shapes: Mapping[str, Shape], undeclared: int = UNDECLARED) -> int:
    """At most as many steps, or `BEYOND`. `shapes`: of the variables whose schema is known.

    `expression`: of valid CEL; what is none may come to anything.
    """
    known = {
        name: _Value(items=shape.most(undeclared), shape=shape, given=True)
        for name, shape in shapes.items()
    }
    found = _Estimate(_tokens(expression), undeclared).whole(known)
    return min(BEYOND, found.cost + found.size)


@lru_cache(maxsize=4096)
def _tokens(expression: str) -> tuple[str, ...]:
    found = (each[0] for each in _TOKEN.finditer(expression))
    return tuple(each for each in found if not each.isspace() and not each.startswith("//"))


class _Estimate:
    """Of one expression. Operators are not told apart: what is put together has the size of its
    parts, whatever becomes of them.
    """

    def __init__(self, tokens: Sequence[str], undeclared: int) -> None:
        self._tokens = tokens
        self._undeclared = undeclared
        self._nested = 0

    def whole(self, known: Variables) -> _Value:
        return self._parts(0, len(self._tokens), known)

    def _parts(self, at: int, end: int, known: Variables) -> _Value:
        """All that stands between two places; a single thing is what it is."""
        self._nested += 1
        found: list[_Value] = []
        while at < end and self._nested <= MOST_NESTED:
            token = self._tokens[at]
            if token in _OPENS or token[0].isalnum() or token[0] in "_'\"":
                value, at = self._chain(at, end, known)
                found.append(value)
            else:
                at += 1
        deep = self._nested > MOST_NESTED
        self._nested -= 1
        if len(found) == 1:
            return found[0]
        cost = BEYOND if deep else sum(each.cost for each in found)
        items, size = sum(each.items for each in found), sum(each.size for each in found)
        given = any(each.given for each in found)
        return _Value(_bounded(cost), max(1, items), _bounded(max(1, size)), given=given)

    def _chain(self, at: int, end: int, known: Variables) -> tuple[_Value, int]:
        """A name, literal or bracket, with all that is selected of it."""
        token = self._tokens[at]
        if token in _OPENS:
            close = self._close(at, end)
            value, at = self._bracket(at, close, known), close + 1
        else:
            value, at = known.get(token, _Value(given=token[0].isalpha())), at + 1
        while at < end and self._tokens[at] in (".", "(", "["):
            if self._tokens[at] == ".":
                value, at = self._selected(value, at + 1, end, known)
                continue
            close = self._close(at, end)
            inner = self._parts(at + 1, close, known)
            one = self._entry(value) if self._tokens[at] == "[" else inner
            value = structs.replace(one, cost=_bounded(value.cost + inner.cost))
            at = close + 1
        return value, at

    def _bracket(self, at: int, close: int, known: Variables) -> _Value:
        inner = self._parts(at + 1, close, known)
        if self._tokens[at] == "(":
            return inner
        items = self._count(at + 1, close)
        return _Value(inner.cost, items, inner.size, given=inner.given)

    def _selected(self, of: _Value, at: int, end: int, known: Variables) -> tuple[_Value, int]:
        """A field, a loop or another function of a value; the place behind it."""
        name = self._tokens[at] if at < end else ""
        if at + 1 >= end or self._tokens[at + 1] != "(":
            shape = of.shape.member(name) if of.shape else None
            items = shape.most(self._undeclared) if shape else self._undeclared
            return _Value(of.cost, items, of.size, shape, of.given), at + 1
        close = self._close(at + 1, end)
        if name in _LOOPS and at + 4 < close and self._tokens[at + 3] == ",":
            return self._loop(name, of, (at + 2, close), known), close + 1
        given = self._parts(at + 2, close, known)
        return _Value(_bounded(of.cost + given.cost)), close + 1

    def _loop(self, name: str, of: _Value, call: tuple[int, int], known: Variables) -> _Value:
        at, close = call
        entry = self._entry(of)
        body = self._parts(at + 2, close, {**known, self._tokens[at]: entry})
        cost = _bounded(of.cost + of.items * (entry.size + body.cost))
        if name == "map":
            return _Value(cost, of.items, _bounded(of.items * body.size), given=body.given)
        if name == "filter":
            return structs.replace(of, cost=cost)
        return _Value(cost)

    def _entry(self, of: _Value) -> _Value:
        """One entry of a list."""
        shape = of.shape.entries() if of.shape else None
        size = -(-of.size // of.items)
        items = shape.most(self._undeclared) if shape else self._undeclared if of.given else size
        return _Value(items=items, size=size, shape=shape, given=of.given)

    def _close(self, at: int, end: int) -> int:
        """The bracket that closes the one that opens there."""
        depth = 0
        for place in range(at, end):
            depth += self._tokens[place] in _OPENS
            depth -= self._tokens[place] in (")", "]", "}")
            if not depth:
                return place
        return end

    def _count(self, at: int, end: int) -> int:
        """How many things stand there, one after the other."""
        depth, commas = 0, 0
        for token in self._tokens[at:end]:
            depth += (token in _OPENS) - (token in (")", "]", "}"))
            commas += token == "," and not depth
        return commas + 1


def _bounded(number: int) -> int:
    return min(number, BEYOND)
