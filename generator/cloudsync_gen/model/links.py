"""The link registry: every type of typed reference from one element to another (`link_table`).

A path walks the element as it is written: `calls[].operation` is the `operation` of every entry of
`calls`, `columns.*.x` the `x` of every value of a mapping, `**.x` every `x` at any depth.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from typing import Any, Literal

from msgspec import Struct

from cloudsync_gen.model.ids import ElementId, type_of
from cloudsync_gen.model.link_table import GROUPS, TABLE
from cloudsync_gen.source import Pointer

Form = Literal["id", "permission", "ref"]


class LinkType(Struct, frozen=True):
    """A row of the registry.

    `sources` and `targets` are `layer.type`, or `layer.*` for all types of a layer. `form` says
    how the value is written: an element's id, a permission (`resource:action`, found in a
    resource's actions), or the `$ref` of a schema (a relative path and a pointer).
    """

    name: str
    sources: tuple[str, ...]
    path: str
    targets: tuple[str, ...]
    inverse: str
    form: Form = "id"

    @property
    def many(self) -> bool:
        """Whether one element may have several links of this type."""
        return "[]" in self.path or "*" in self.path


class Link(Struct, frozen=True, gc=False):
    """A link as written: `target` may not exist, rules judge that. `tail` leads from the element
    to where it stands (`Model.place`); links of one kind share theirs.
    """

    type: str
    source: ElementId
    target: str
    tail: Pointer


def _cells(text: str) -> Iterator[list[str]]:
    for line in text.strip().splitlines():
        if not line.startswith("#"):
            yield [cell.strip() for cell in line.split("|")]


_FORMS: Mapping[str, Form] = {"": "id", "permission": "permission", "ref": "ref"}
_GROUPS = {name: types.split() for name, types in _cells(GROUPS)}


def _types(cell: str) -> tuple[str, ...]:
    return tuple(each for name in cell.split() for each in _GROUPS.get(name, [name]))


def _rows() -> Iterator[LinkType]:
    for name, sources, path, targets, inverse in _cells(TABLE):
        bare, _, form = path.partition(" :")
        yield LinkType(name, _types(sources), bare, _types(targets), inverse, _FORMS[form])


REGISTRY: tuple[LinkType, ...] = tuple(_rows())
"""All link types, grouped by the layer of their source."""

BY_NAME: Mapping[str, LinkType] = {row.name: row for row in REGISTRY}


def covers(patterns: tuple[str, ...], element_type: str) -> bool:
    """Whether `layer.type` is one of `patterns` (`layer.*` stands for the whole layer)."""
    layer = element_type.partition(".")[0]
    return element_type in patterns or f"{layer}.*" in patterns


def rows_of(element_type: str) -> tuple[LinkType, ...]:
    """The rows whose source may be an element of this `layer.type`."""
    return tuple(row for row in REGISTRY if covers(row.sources, element_type))


@cache
def first_key(path: str) -> str | None:
    """The key without which an element has nothing at a registry path, if there is one."""
    key = _steps(path)[0].removesuffix("[]")
    return None if "*" in key else key


@cache
def _steps(path: str) -> tuple[str, ...]:
    return tuple(path.split("."))


def links_in(element: ElementId, data: Mapping[str, Any]) -> Iterator[Link]:
    """The links of an element as written; their targets are values of which the form of their type
    says how an id is read from them.
    """
    for row in _rows_of(type_of(element)):
        if (key := first_key(row.path)) is not None and key not in data:
            continue
        for pointer, value in values_at(data, row.path):
            if isinstance(value, str):
                yield Link(row.name, element, value, shared(pointer))


_rows_of = cache(rows_of)


@lru_cache(maxsize=4096)
def shared(pointer: Pointer) -> Pointer:
    """The one of equal pointers that was met first."""
    return pointer


def values_at(data: Any, path: str) -> list[tuple[Pointer, Any]]:
    """(pointer, value) for each value that a registry path reaches in an element as written."""
    found: list[tuple[Pointer, Any]] = []
    _walk(data, _steps(path), (), found)
    return found


def _walk(
    data: Any, steps: tuple[str, ...], pointer: Pointer, found: list[tuple[Pointer, Any]]
) -> None:
    if not steps:
        found.append((pointer, data))
        return
    if not isinstance(data, dict):
        return
    step, rest = steps[0], steps[1:]
    if step == "**":
        _deep(data, rest[0], pointer, found)
        return
    if step == "*":
        for key, value in data.items():
            _walk(value, rest, (*pointer, key), found)
        return
    key = step.removesuffix("[]")
    value = data.get(key)
    if value is None:
        return
    if key == step:
        _walk(value, rest, (*pointer, key), found)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _walk(item, rest, (*pointer, key, index), found)


def _deep(node: Any, key: str, pointer: Pointer, found: list[tuple[Pointer, Any]]) -> None:
    """Every value of `key`, in the order written. Data are no deeper than their readers allow."""
    if isinstance(node, dict):
        if key in node:
            found.append(((*pointer, key), node[key]))
        for name, each in node.items():
            if isinstance(each, (dict, list)):
                _deep(each, key, (*pointer, name), found)
    else:
        for index, each in enumerate(node):
            if isinstance(each, (dict, list)):
                _deep(each, key, (*pointer, index), found)
