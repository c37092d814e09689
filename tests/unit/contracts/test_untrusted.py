"""Whatever stands in a source or schema: findings, never an exception, never without end."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cloudsync_gen.contracts.agree import shapes
from cloudsync_gen.contracts.compile import compile_contracts
from cloudsync_gen.contracts.validate import validate
from cloudsync_gen.diagnostics import Diagnostic, has_errors
from cloudsync_gen.engine.serialise import yaml_text
from cloudsync_gen.link import link
from cloudsync_gen.load import load
from cloudsync_gen.load.cache import ParseCache
from cloudsync_gen.source import Pointer, tree_from_disk
from support import plain_yaml

FILES = tree_from_disk(Path(__file__).parent / "library", "model")
SOURCES = (
    "model/api/rest-apis/catalogue.openapi.yaml",
    "model/api/webhooks/lending.yaml",
    "model/data/all.yaml",
)
STRANGE: tuple[Any, ...] = (
    None,
    [],
    {},
    "x",
    1,
    True,
    [None],
    {"x": None},
    {"$ref": "#/x"},
    {"$ref": 1},
    [[]],
)
_stored: dict[str, bytes] = {}
MEMORY = ParseCache(_stored.get, _stored.__setitem__)


def _nodes(value: Any, pointer: Pointer = ()) -> Iterator[Pointer]:
    yield pointer
    steps: Iterable[tuple[Any, Any]] = value.items() if isinstance(value, dict) else ()
    if isinstance(value, list):
        steps = enumerate(value)
    for step, each in steps:
        yield from _nodes(each, (*pointer, step))


PLACES = [(file, place) for file in SOURCES for place in _nodes(plain_yaml.load(FILES[file]))]


def _replaced(value: Any, pointer: Pointer, by: Any) -> Any:
    if not pointer:
        return by
    result = copy.deepcopy(value)
    target = result
    for step in pointer[:-1]:
        target = target[step]
    target[pointer[-1]] = by
    return result


def _all_findings(files: dict[str, bytes]) -> tuple[Diagnostic, ...]:
    """What the stages say up to the first that says something."""
    loaded = load(files, MEMORY)
    if loaded.value is None or has_errors(loaded.diagnostics):
        return loaded.diagnostics
    linked = link(loaded.value)
    shapes(linked.value)
    compiled = compile_contracts(linked.value, MEMORY)
    found = (*linked.diagnostics, *compiled.diagnostics)
    return found or validate(linked.value, compiled.value, MEMORY)


@given(st.sampled_from(PLACES), st.sampled_from(STRANGE))
def test_a_strange_value_anywhere_is_no_exception(place: tuple[str, Pointer], by: Any) -> None:
    file, pointer = place
    text = yaml_text(_replaced(plain_yaml.load(FILES[file]), pointer, by))
    found = _all_findings({**FILES, file: text.encode()})
    assert all(each.code and each.message and each.ref.file in FILES for each in found)


def test_the_library_as_it_is_has_no_finding() -> None:
    assert _all_findings(FILES) == ()


def test_schemas_that_refer_to_themselves_in_every_way_come_to_an_end(library_with: Any) -> None:
    knot = (
        "schema: {anyOf: [{$ref: '#/uuid/schema'}, {$ref: '#/timestamp/schema'}], "
        "allOf: [{$ref: '#/uuid/schema'}], items: {$ref: '#/uuid/schema'}}"
    )
    edits = {
        "model/data/all.yaml": {
            "schema: {type: string, format: uuid}": knot,
            "schema: {type: string, format: date-time}": "schema: {$ref: '#/timestamp/schema'}",
        }
    }
    compiled = library_with(edits)
    assert compiled.staged.diagnostics == ()
    assert shapes(compiled.model)
    assert validate(compiled.model, compiled.contracts) == ()
