"""JSON values of documents nobody vouches for: equality, short text, safe readers, limits.

Values may share sub-trees (YAML aliases), so that everything here is memoised by identity and
costs time in the number of distinct containers, never in the size of the expanded tree.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction
from hashlib import sha256
from math import isfinite

Raw = object
"""A parsed JSON or YAML value of any shape."""

MAX_DEPTH = 200
MAX_STEPS = 10_000_000
_NUMBER_DIGITS = 400


def mapping(value: Raw) -> Mapping[str, Raw]:
    """The value when it is a mapping, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def sequence(value: Raw) -> Sequence[Raw]:
    """The value when it is a list, else an empty one."""
    return value if isinstance(value, list | tuple) else ()


def text(value: Raw) -> str:
    """The value when it is a string, else the empty string."""
    return value if isinstance(value, str) else ""


def entries(value: Raw) -> list[tuple[str, Raw, str | int]]:
    """Items of a mapping by name: (name as text, value, key as written), sorted by name.

    YAML reads the key of `200:` as a number; the name of a status code is text all the same.
    """
    found = [
        (name_of(key), item, key if isinstance(key, str | int) else name_of(key))
        for key, item in mapping(value).items()
    ]
    return sorted(found, key=lambda entry: entry[0])


def clean(value: str) -> str:
    """Text that every encoder takes: cut to 120 characters, lone surrogates replaced."""
    cut = value if len(value) <= 120 else value[:117] + "…"
    return cut.encode("utf-8", "replace").decode("utf-8")


def name_of(key: Raw) -> str:
    """A mapping's key as text."""
    if isinstance(key, str):
        return key
    return brief(key)


def number(value: Raw) -> Fraction | None:
    """The value as an exact number, or `None` when it is not a finite number of sane size."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return Fraction(value) if value.bit_length() < _NUMBER_DIGITS * 4 else None
    if isinstance(value, float) and isfinite(value):
        return Fraction(repr(value))
    return None


def atom(value: Raw) -> str:
    """The name of what a value is."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    exact = number(value)
    if exact is not None:
        return "integer" if exact.denominator == 1 else "fraction"
    if isinstance(value, str):
        return "string"
    if isinstance(value, list | tuple):
        return "array"
    return "object" if hasattr(value, "keys") else "?"


def count(value: Raw) -> int | None:
    """The value as a non-negative whole number (`2.0` is 2, as in JSON Schema), else `None`."""
    exact = number(value)
    if exact is None or exact.denominator != 1 or exact < 0:
        return None
    return int(exact)


class Digests:
    """Digests of JSON values, equal exactly when the values are equal in JSON.

    `1` equals `1.0` and differs from `true`; the order of a mapping's keys means nothing.
    Values must stay alive as long as this object, and be no deeper than `MAX_DEPTH`.
    """

    def __init__(self) -> None:
        self._known: dict[int, tuple[str, Raw]] = {}

    def of(self, value: Raw) -> str:
        """Digest of a value."""
        if not isinstance(value, Mapping | list | tuple):
            return _scalar(value)
        known = self._known.get(id(value))
        if known is None:
            digest = sha256(self._shape(value).encode()).hexdigest()[:32]
            known = self._known[id(value)] = (digest, value)
        return known[0]

    def _shape(self, value: Mapping[str, Raw] | Sequence[Raw]) -> str:
        if isinstance(value, Mapping):
            pairs = (f"{json.dumps(name)}:{self.of(item)}" for name, item, _ in entries(value))
            return "{" + ",".join(pairs) + "}"
        return "[" + ",".join(map(self.of, value)) + "]"


def _scalar(value: Raw) -> str:
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, str):
        return json.dumps(value)
    exact = number(value)
    if exact is not None:
        return f"n{exact.numerator}/{exact.denominator}"
    if isinstance(value, date):
        return json.dumps(value.isoformat())
    return f"?{type(value).__name__}:{_plain(value)}"


def _plain(value: Raw) -> str:
    if isinstance(value, int):
        return f"{value:x}"
    return repr(value) if isinstance(value, float | bytes) else ""


def brief(value: Raw, depth: int = 3) -> str:
    """Short JSON text of a value for people: deep or long parts are cut with an ellipsis."""
    if isinstance(value, Mapping):
        if depth == 0 or len(value) > 8:
            return "{…}" if value else "{}"
        pairs = (f"{_brief_scalar(n)}:{brief(v, depth - 1)}" for n, v, _ in entries(value))
        return "{" + ",".join(pairs) + "}"
    if isinstance(value, list | tuple):
        if depth == 0 or len(value) > 12:
            return "[…]" if value else "[]"
        return "[" + ",".join(brief(item, depth - 1) for item in value) + "]"
    return _brief_scalar(value)


def _brief_scalar(value: Raw) -> str:
    if isinstance(value, str):
        return json.dumps(clean(value), ensure_ascii=False)
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 200:
        return "…"
    if isinstance(value, date):
        return json.dumps(value.isoformat())
    if value is None or isinstance(value, bool | int | float):
        return json.dumps(value)
    return json.dumps(type(value).__name__)


def plain_number(value: Fraction) -> str:
    """A number as people write it."""
    return str(value.numerator) if value.denominator == 1 else repr(float(value))


def containers(document: Raw) -> int | None:
    """Number of distinct mappings and lists, or `None` when it is too deep, too large or cyclic."""
    seen: dict[int, int] = {}
    open_: set[int] = set()
    stack: list[tuple[Raw, int]] = [(document, 0)]
    steps = 0
    while stack:
        value, depth = stack.pop()
        steps += 1
        if depth < 0:
            open_.discard(id(value))
            continue
        if not isinstance(value, Mapping | list | tuple):
            continue
        if depth > MAX_DEPTH or id(value) in open_ or steps > MAX_STEPS:
            return None
        if seen.get(id(value), -1) >= depth:
            continue
        seen[id(value)] = depth
        open_.add(id(value))
        stack.append((value, -1))
        children = value.values() if isinstance(value, Mapping) else value
        stack.extend((child, depth + 1) for child in children)
    return len(seen)
