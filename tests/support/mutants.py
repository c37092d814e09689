"""Single random changes of a model's files, by operators that know none of its rules.

A mutant is one file with one place deleted, duplicated, swapped with its neighbour, retyped,
renamed, renumbered or reordered. YAML is changed as data, SDL and proto as tokens.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from random import Random
from typing import Any

from msgspec import Struct

from cloudsync_gen.load import yaml_tree
from cloudsync_gen.source import Pointer

OPERATORS = ("delete", "duplicate", "swap", "retype", "rename", "renumber", "reorder")
TOKEN = re.compile(r'"""(?:[^"]|"(?!""))*"""|"[^"\n]*"|//[^\n]*|#[^\n]*|\d+|\w+|\s+|[^\w\s]')


_TRIES = 4000
"""After so many in vain an operator has done what it can."""


class Mutant(Struct, frozen=True):
    """One change. `place`: in YAML a pointer, its keys joined by `/`; else a token's number."""

    operator: str
    file: str
    place: str
    before: Any
    after: Any
    text: bytes

    def __str__(self) -> str:
        before, after = (
            json.dumps(each, ensure_ascii=False)[:60] for each in (self.before, self.after)
        )
        return f"{self.operator} {self.file}#{self.place}: {before} -> {after}"


class Nothing(Exception):
    """This operator can do nothing at this place."""


def mutants(files: Mapping[str, bytes], number: int, seed: int) -> Iterator[Mutant]:
    """`number` different mutants, fewer where there are no more; operators take turns, places are
    chosen evenly over the files' values and tokens.
    """
    random = Random(seed)
    documents = {name: _opened(name, text.decode()) for name, text in sorted(files.items())}
    places = [(name, place) for name, each in documents.items() for place in each.places()]
    seen = {*files.items()}
    able = [*OPERATORS]
    turn = 0
    while able and turn < number:
        operator = able[turn % len(able)]
        for name, place in random.choices(places, k=_TRIES):
            made = _tried(documents[name], operator, place, random)
            if made is not None and (name, made.text) not in seen:
                break
        else:
            able.remove(operator)
            continue
        seen.add((name, made.text))
        turn += 1
        yield made


def _tried(document: _Data | _Tokens, operator: str, place: Any, random: Random) -> Mutant | None:
    try:
        return document.changed(operator, place, random)
    except Nothing:
        return None


class _Data:
    """A YAML file as data."""

    def __init__(self, name: str, text: str) -> None:
        self.name, self.value = name, yaml_tree.parse(name, text).value

    def places(self) -> list[Pointer]:
        return [*_below(self.value, ())]

    def changed(self, operator: str, place: Any, random: Random) -> Mutant:
        before = _at(self.value, place)
        holder = _at(self.value, place[:-1])
        after, held = BY_DATA[operator](holder, place[-1], random)
        value = _put(self.value, place[:-1], held)
        text = json.dumps(value, ensure_ascii=False, indent=1).encode()
        return Mutant(operator, self.name, "/".join(map(str, place)), before, after, text)


class _Tokens:
    """SDL or proto as tokens."""

    def __init__(self, name: str, text: str) -> None:
        self.name, self.tokens = name, TOKEN.findall(text)

    def places(self) -> list[int]:
        return [at for at, each in enumerate(self.tokens) if each[0].isalnum() or each[0] == "_"]

    def changed(self, operator: str, place: Any, random: Random) -> Mutant:
        tokens = list(self.tokens)
        before = tokens[place]
        others = [at for at in self.places() if self.tokens[at] != before]
        if operator == "delete":
            tokens[place] = ""
        elif operator == "duplicate":
            tokens[place] = f"{before} {before}"
        elif operator in ("swap", "reorder"):
            near = [at for at in others if at > place]
            if not near:
                raise Nothing
            tokens[place], tokens[near[0]] = tokens[near[0]], tokens[place]
        elif operator == "retype":
            tokens[place] = str(random.randrange(100)) if not before.isdigit() else "x" + before
        elif operator == "rename" and not before.isdigit():
            tokens[place] = _misspelt(before, random)
        elif operator == "renumber" and before.isdigit():
            tokens[place] = str(_renumbered(int(before), random))
        else:
            raise Nothing
        return Mutant(
            operator, self.name, str(place), before, tokens[place], "".join(tokens).encode()
        )


def _opened(name: str, text: str) -> _Data | _Tokens:
    return _Data(name, text) if name.endswith(".yaml") else _Tokens(name, text)


def _below(value: Any, pointer: Pointer) -> Iterator[Pointer]:
    entries: Any = value.items() if isinstance(value, dict) else ()
    for key, each in enumerate(value) if isinstance(value, list) else entries:
        yield (*pointer, key)
        yield from _below(each, (*pointer, key))


def _at(value: Any, pointer: Pointer) -> Any:
    for key in pointer:
        value = value[key]
    return value


def _put(value: Any, pointer: Pointer, new: Any) -> Any:
    if not pointer:
        return new
    copy: Any = dict(value) if isinstance(value, dict) else list(value)
    copy[pointer[0]] = _put(value[pointer[0]], pointer[1:], new)
    return copy


def _set(holder: Any, key: Any, value: Any) -> tuple[Any, Any]:
    return value, _put(holder, (key,), value)


def _delete(holder: Any, key: Any, random: Random) -> tuple[Any, Any]:
    if isinstance(holder, dict):
        return None, {name: each for name, each in holder.items() if name != key}
    return None, holder[:key] + holder[key + 1 :]


def _duplicate(holder: Any, key: Any, random: Random) -> tuple[Any, Any]:
    if isinstance(holder, dict):
        if not isinstance(key, str) or f"{key}-copy" in holder:
            raise Nothing
        return f"{key}-copy", {**holder, f"{key}-copy": holder[key]}
    return holder[key], [*holder[: key + 1], *holder[key:]]


def _swap(holder: Any, key: Any, random: Random) -> tuple[Any, Any]:
    keys = [*holder] if isinstance(holder, dict) else [*range(len(holder))]
    others = [each for each in keys if holder[each] != holder[key]]
    if not others:
        raise Nothing
    other = random.choice(others)
    return holder[other], _put(_put(holder, (key,), holder[other]), (other,), holder[key])


def _retype(holder: Any, key: Any, random: Random) -> tuple[Any, Any]:
    value = holder[key]
    if isinstance(value, bool):
        new: Any = random.choice([str(value).lower(), int(value)])
    elif isinstance(value, int | float):
        new = random.choice([str(value), [value], bool(value)])
    elif isinstance(value, str):
        new = random.choice([7, True, [value], {"value": value}])
    elif isinstance(value, list):
        new = random.choice([{str(at): each for at, each in enumerate(value)}, "x", 7])
    elif isinstance(value, dict):
        new = random.choice([[*value.values()], "x", 7])
    else:
        new = "x"
    return _set(holder, key, new)


def _misspelt(word: str, random: Random) -> str:
    """The word with a letter more, less or another."""
    letters = [at for at, each in enumerate(word) if each.isalnum()]
    if not letters:
        raise Nothing
    at = random.choice(letters)
    other = "q" if word[at] != "q" else "z"
    return random.choice(
        [
            word[:at] + word[at + 1 :],
            word[:at] + other + word[at + 1 :],
            word[:at] + other + word[at:],
        ]
    )


def _rename(holder: Any, key: Any, random: Random) -> tuple[Any, Any]:
    value = holder[key]
    if isinstance(value, str) and value and not re.search(r"\s", value):
        return _set(holder, key, _misspelt(value, random))
    if isinstance(holder, dict) and isinstance(key, str):
        new = _misspelt(key, random)
        if new in holder:
            raise Nothing
        return new, {new if name == key else name: each for name, each in holder.items()}
    raise Nothing


def _renumbered(value: float, random: Random) -> float:
    new = random.choice([value + 1, value - 1, value * 10, value * 1000, 0, -value])
    if new == value:
        raise Nothing
    return new


def _renumber(holder: Any, key: Any, random: Random) -> tuple[Any, Any]:
    value = holder[key]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Nothing
    return _set(holder, key, _renumbered(value, random))


def _reorder(holder: Any, key: Any, random: Random) -> tuple[Any, Any]:
    value = holder[key]
    if not isinstance(value, list) or len(value) < 2:
        raise Nothing
    new = random.sample(value, len(value))
    if new == value:
        raise Nothing
    return _set(holder, key, new)


BY_DATA: dict[str, Callable[[Any, Any, Random], tuple[Any, Any]]] = {
    "delete": _delete,
    "duplicate": _duplicate,
    "swap": _swap,
    "retype": _retype,
    "rename": _rename,
    "renumber": _renumber,
    "reorder": _reorder,
}
