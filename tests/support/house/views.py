"""What a view may hold: plain data whose every name is final, so that its hash is its identity."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import PurePath
from types import ModuleType
from typing import Any, get_args, get_type_hints

import msgspec

from cloudsync_gen.source import Ref, SourceMap, Span

FORBIDDEN = (
    Ref,
    Span,
    SourceMap,
    PurePath,
    datetime.date,
    datetime.time,
    datetime.timedelta,
    ModuleType,
)


def structs_of(module: ModuleType) -> list[type[msgspec.Struct]]:
    """The structs that a module of views defines, sorted by name; none for other modules."""
    if not module.__name__.split(".")[-1].startswith("view"):
        return []
    return [
        value
        for _, value in sorted(vars(module).items())
        if isinstance(value, type)
        and issubclass(value, msgspec.Struct)
        and value.__module__ == module.__name__
    ]


def complaints(struct: type[msgspec.Struct]) -> Iterator[str]:
    """Fields, at any depth, that hold a position, a path or a time; structs that can change."""
    yield from _complaints(struct, struct.__name__, set())


def _complaints(struct: type[msgspec.Struct], path: str, seen: set[type]) -> Iterator[str]:
    if struct in seen:
        return
    seen.add(struct)
    if not struct.__struct_config__.frozen:
        yield f"{path}: not frozen"
    for name, hint in get_type_hints(struct).items():
        for kind in _types(hint):
            if issubclass(kind, FORBIDDEN):
                yield f"{path}.{name}: {kind.__name__}"
            elif issubclass(kind, msgspec.Struct):
                yield from _complaints(kind, f"{path}.{name}.{kind.__name__}", seen)


def _types(hint: Any) -> Iterator[type]:
    """The classes that a type hint is made of."""
    if isinstance(hint, type) and not get_args(hint):
        yield hint
    for argument in get_args(hint):
        yield from _types(argument)
