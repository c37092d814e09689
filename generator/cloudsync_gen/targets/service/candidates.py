"""Values that a field may hold: those at which a condition that speaks of it changes its mind."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import combinations, islice, pairwise, product
from typing import Any

from cloudsync_gen.targets._python_types import followed
from cloudsync_gen.targets.service.samples import FORMATS, Unsampled, sample
from cloudsync_gen.targets.service.texts import variants

ABSENT = "\0absent"
"""Stands for a field that is not there."""

_MOST = 64
_MOST_ITEMS = 500
_VARIANTS = 5
_DEPTH = 3
_TEXT = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")
_NUMBER = re.compile(r"(?<![\w.'])-?\d+(?:\.\d+)?(?![\w.'])")
_NAME = re.compile(r"\.([A-Za-z_]\w*)")
_DURATION = re.compile(r"duration\(\s*['\"](\d+)(h|m|s)['\"]\s*\)")
_SECONDS = {"h": 3600, "m": 60, "s": 1}
_PAST, _FUTURE = "2000-01-01T00:00:00Z", "2099-12-31T00:00:00Z"
_TIMES = ("2030-01-02T02:04:05Z", "2030-01-02T04:04:05Z", "2030-02-15T00:00:00Z")
_PEOPLE = ("{subject}", "{organization}")
_KEYWORDS = {
    "x-unique": "uniqueItems",
    "x-min-properties": "minProperties",
    "x-dependent-required": "dependentRequired",
    "x-format": "format",
}
_HOUR = 3600


class Hints:
    """What the expressions that speak of a field compare with: texts, numbers, spans of seconds.

    `texts`: those of other fields.
    """

    def __init__(self, expressions: Iterable[str], texts: Iterable[str] = ()) -> None:
        others = list(texts)
        self.texts = list(others)
        self.names: set[str] = set()
        self.numbers: list[float] = []
        self.spans: list[int] = []
        for each in dict.fromkeys(expressions):
            bare = _DURATION.sub("0", each)
            written = [_written(text) for text in _TEXT.findall(bare)]
            self.texts += written + [text + other for text in written for other in others]
            self.names |= set(_NAME.findall(each))
            self.numbers += [float(n) for n in _NUMBER.findall(_TEXT.sub("''", bare))]
            self.spans += [int(n) * _SECONDS[unit] for n, unit in _DURATION.findall(each)]


@lru_cache(maxsize=16_384)
def _written(literal: str) -> Any:
    return ast.literal_eval(literal)


class Candidates:
    """Of the schemas of one service; `definitions` are its `$defs`."""

    def __init__(self, definitions: Mapping[str, Any]) -> None:
        self._definitions = {name: _whole(each) for name, each in definitions.items()}
        self._schemas = {f"#/$defs/{name}": each for name, each in self._definitions.items()}
        self._validators: dict[str, Any] = {}

    def of(self, schema: Mapping[str, Any], hints: Hints, name: str = "") -> list[Any]:
        """Values that satisfy the schema, plain ones first; none where none is known."""
        whole = _whole(schema)
        key = repr(whole)
        if key not in self._validators:
            import jsonschema_rs

            written = {**whole, "$defs": self._definitions}
            self._validators[key] = jsonschema_rs.Draft202012Validator(
                written, validate_formats=True
            )
        valid = self._validators[key].is_valid
        found: dict[str, Any] = {}
        for each in self._guesses(schema, hints, name, 0):
            if len(found) < _MOST and (_marked(each) or valid(each)):
                found.setdefault(repr(each), each)
        return list(found.values())

    def schema(self, name: str) -> Mapping[str, Any]:
        """A definition; empty where there is none of that name."""
        found: Mapping[str, Any] = self._schemas.get(f"#/$defs/{name}", {})
        return found

    def example(self, schema: Mapping[str, Any], name: str = "") -> Any:
        """A value that satisfies the schema. Raises `Unsampled`."""
        return sample(schema, self._schemas, name)

    def _guesses(self, schema: Any, hints: Hints, name: str, depth: int) -> Iterator[Any]:
        _, found = followed(schema, self._schemas)
        try:
            first = sample(found, self._schemas, name)
        except Unsampled:
            return
        if "const" in found or "enum" in found:
            yield from [found["const"]] if "const" in found else found["enum"]
            return
        yield first
        kind = found.get("type")
        if isinstance(first, bool):
            yield not first
        elif isinstance(first, int | float):
            yield from _numbers(found, hints, whole=kind == "integer")
        elif isinstance(first, str):
            yield from _texts(found, hints, first, name)
        elif depth < _DEPTH and isinstance(first, list):
            yield from self._lists(found, hints, name, depth)
        elif depth < _DEPTH and isinstance(first, dict):
            yield from self._objects(found, hints, first, depth)

    def _lists(
        self, schema: Mapping[str, Any], hints: Hints, name: str, depth: int
    ) -> Iterator[list[Any]]:
        items = list(self._guesses(schema.get("items", {}), hints, f"{name}1", depth + 1))
        fewest = schema.get("minItems", 0)
        yield []
        for first in items[:1]:
            yield from ([first], [first, first])
            for number in hints.numbers:
                if 0 < number < _MOST_ITEMS:
                    yield from ([first] * (int(number) + more) for more in (0, 1))
                    yield from (items[: int(number) + more] for more in (0, 1))
            yield from (items, [*items, first], [first] * fewest)
            for each in items[1:]:
                yield from ([each], [first, each])
        yield from ([one, other] for one, other in pairwise(items[1:]))

    def _objects(
        self, schema: Mapping[str, Any], hints: Hints, first: dict[str, Any], depth: int
    ) -> Iterator[dict[str, Any]]:
        properties = schema.get("properties", {})
        own = {
            name: list(self._guesses(each, hints, name, depth + 1))
            for name, each in properties.items()
            if not depth or name in hints.names
        }
        for name, values in own.items():
            yield from ({**first, name: each} for each in values[:12] if first.get(name) != each)
        for (one, ones), (other, others) in combinations(own.items(), 2):
            if depth:
                pairs = product(ones[1:4], others[1:4])
                yield from ({**first, one: a, other: b} for a, b in pairs)
        optional = [name for name in first if name not in schema.get("required", ())]
        yield from ({n: v for n, v in first.items() if n != each} for each in optional)
        more = schema.get("additionalProperties")
        if isinstance(more, Mapping):
            values = list(self._guesses(more, hints, "", depth + 1))
            for key in hints.texts:
                yield from ({**first, key: each} for each in values[:4])


def _numbers(schema: Mapping[str, Any], hints: Hints, *, whole: bool) -> Iterator[int | float]:
    step = schema.get("multipleOf", 1 if whole else 0.25)
    ends = [schema[key] for key in ("minimum", "maximum") if key in schema]
    for each in (0, 1, 2, *hints.numbers, *ends):
        for more in (0, step, -step):
            yield int(each + more) if whole else float(each + more)


def _texts(schema: Mapping[str, Any], hints: Hints, first: str, name: str) -> Iterator[str]:
    kind = schema.get("format")
    if kind == "uuid":
        yield from _PEOPLE
        yield from (FORMATS["uuid"][:-12] + end * 12 for end in "ab")
        yield from hints.texts
    elif kind == "date-time":
        yield from (*_TIMES, _PAST, _FUTURE)
        for span in (_HOUR, 24 * _HOUR, *hints.spans):
            yield from (f"{{now{s:+d}}}" for s in (span // 2, span + _HOUR, -span // 2))
            yield f"{{now{-span - _HOUR:+d}}}"
    elif kind == "date":
        yield from (f"{day}" for day in ("2030-01-03", "2030-01-01", "2000-01-01", "2099-12-31"))
    else:
        if "pattern" in schema:
            bounds = (schema.get("minLength", 0), schema.get("maxLength", 10_000))
            yield from islice(variants(schema["pattern"], *bounds), 1, _VARIANTS)
        yield from _plain_texts(hints, first, name)


def _plain_texts(hints: Hints, first: str, name: str) -> Iterator[str]:
    last = first[-1:]
    yield ""
    yield from (first[:-1] + each for each in "bcz129" if each != last)
    yield from ("12:00", "23:00", "00:00", " ", f"{name}-other")
    for each in hints.texts:
        yield from (each, each + first, first + each, first + each + first)
        yield each + first[first.find(each[-1:]) + 1 :]
        yield first[: max(0, first.find(each[:4]))] + each
        yield each + "a"
    for number in hints.numbers:
        if 0 < number < 100_000 and first:
            yield from (first[0] * (int(number) + more) for more in (0, 1))


def _marked(value: Any) -> bool:
    return isinstance(value, str) and value.startswith("{")


def _whole(value: Any) -> Any:
    """A schema with the keywords that models say by marks of their own."""
    if isinstance(value, Mapping):
        return {_KEYWORDS.get(key, key): _whole(each) for key, each in value.items()}
    return [_whole(each) for each in value] if isinstance(value, list) else value
