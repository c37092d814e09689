"""A list holds the same entry twice.

What it does: reports entries equal to an earlier one of their list, in elements and in OpenAPI
sources, at any depth. Examples, defaults and constants are values of somebody else's, so that
their lists may.

Why: lists of a model are sets or orders of different things; the second entry is a slip of the
pen for another one, or makes the same thing twice.

Example: `roles: [security.role.brewer, security.role.brewer]`.

Use instead: the entry once, or the one that was meant.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.rules.openapi._structure import documents
from cloudsync_gen.source import Pointer, Ref

_DATA = frozenset(("examples", "example", "default", "const"))


def check(model: Model) -> Iterator[Diagnostic]:
    for element, found in model.elements.items():
        for pointer, first in repeated(msgspec.to_builtins(found)):
            yield _finding(model.ref(element), pointer, first, element)
    for source in documents(model):
        for pointer, first in repeated(source.data):
            yield _finding(Ref(source.file), pointer, first, "")


def _finding(ref: Ref, pointer: Pointer, first: int, element: str) -> Diagnostic:
    return RULE.at(
        ref.at(*pointer),
        "this entry stands in the list twice",
        "remove it, or write the one that was meant",
        element=element,
        related=(Related(ref.at(*pointer[:-1], first), "the first one"),),
        facts=(".".join(map(str, pointer[:-1])),),
    )


def repeated(value: Any, pointer: Pointer = ()) -> Iterator[tuple[Pointer, int]]:
    """(place, index of the first) of every entry equal to an earlier one of its list."""
    if isinstance(value, dict):
        for key, each in value.items():
            if key not in _DATA and isinstance(each, dict | list | tuple):
                yield from repeated(each, (*pointer, key))
    elif isinstance(value, list | tuple):
        seen: dict[bytes, int] = {}
        for index, each in enumerate(value):
            first = seen.setdefault(_key(each), index)
            if first != index:
                yield (*pointer, index), first
            elif isinstance(each, dict | list | tuple):
                yield from repeated(each, (*pointer, index))


_encode = msgspec.msgpack.Encoder(order="deterministic").encode


def _key(value: Any) -> bytes:
    """Equal for equal values; `1`, `1.0`, `true` and `"1"` all differ."""
    return _encode(value)


RULE = Rule(
    code="MDL011", name="entry-twice", family="standard validation", check=check, alone=True
)
