"""Whatever stands at a place of the model, checking it ends with findings and not with a crash."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from cloudsync_gen.load import yaml_tree
from cloudsync_gen.source import Pointer
from support.effort import Effort
from support.rules import BASE, findings
from support.trees import read_tree

FILES = read_tree(BASE)
WRITTEN = {
    name: yaml_tree.parse(name, text.decode()).value
    for name, text in FILES.items()
    if name.endswith(".yaml")
}
SOURCES = (".yaml", ".graphql", ".proto")
ODD: list[Any] = [None, 7, -1.5, True, "", "x", "é" * 500, [], [[]], [None], {}, {"a": {}}]
ODD += [{"$ref": 7}, {"$ref": "#/x"}, {"": ""}, {"type": []}, ["x", "x"], {"x-": None}]


_DECLARED = re.compile(r'\bid"?: *"?([a-z_]+)\.([a-z-]+)\.[a-z]')
"""The id of an element or of a contract's document, as YAML, SDL and proto write it."""


def places(value: Any, pointer: Pointer = ()) -> Iterator[Pointer]:
    """Every place below a value."""
    entries: dict[Any, Any] = value if isinstance(value, dict) else {}
    for key, each in enumerate(value) if isinstance(value, list) else entries.items():
        yield (*pointer, key)
        yield from places(each, (*pointer, key))


def put(value: Any, pointer: Pointer, odd: Any) -> Any:
    """The value with something else at a place."""
    if not pointer:
        return odd
    copy: Any = dict(value) if isinstance(value, dict) else list(value)
    copy[pointer[0]] = put(value[pointer[0]], pointer[1:], odd)
    return copy


@pytest.mark.parametrize("file", sorted(WRITTEN))
def test_an_odd_value_is_no_crash(file: str, effort: Effort) -> None:
    trials = [(pointer, odd) for pointer in places(WRITTEN[file]) for odd in ODD]
    step = effort.count(small=83, full=23)
    silent = 0
    for pointer, odd in trials[::step]:
        text = json.dumps(put(WRITTEN[file], pointer, odd))
        found = findings({**FILES, file: text.encode()})
        silent += not found
        assert all(each.line >= 1 for each in found)
    assert silent < len(trials[::step]), "nothing odd was ever found"


@pytest.mark.parametrize("file", sorted(name for name in FILES if name.endswith(SOURCES)))
def test_a_type_that_no_layer_has_is_told_where_it_stands(file: str) -> None:
    text = FILES[file].decode()
    for each in [*_DECLARED.finditer(text)][:3]:
        misspelt = f"{text[: each.start(2)]}{each[2][:-1]}{text[each.end(2) :]}"
        line = text[: each.start()].count("\n") + 1
        found = findings({**FILES, file: misspelt.encode()})
        assert [e for e in found if e.file == file and line - 1 <= e.line <= line], each[0]
