"""What a method of a port is called with."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import Any, TypeVar, dataclass_transform

T = TypeVar("T")

_WORD = re.compile("_([a-z0-9])")


@dataclass_transform(frozen_default=True, kw_only_default=True)
def request(cls: type[T]) -> type[T]:
    """A frozen dataclass with slots, made by keywords alone (PEP 681 tells type checkers).

    All share what compares and shows them: made for each, that takes half the time of making one.
    """
    made = dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)(cls)
    for name, method in (("__eq__", _equal), ("__hash__", _hash), ("__repr__", _shown)):
        setattr(made, name, method)
    return made


def _values(request: Any) -> tuple[Any, ...]:
    return tuple(getattr(request, each.name) for each in fields(request))


def _equal(one: object, other: object) -> Any:
    if type(one) is not type(other):
        return NotImplemented
    return _values(one) == _values(other)


def _hash(request: object) -> int:
    return hash(_values(request))


def _shown(request: Any) -> str:
    told = ", ".join(f"{each.name}={getattr(request, each.name)!r}" for each in fields(request))
    return f"{type(request).__qualname__}({told})"


def wire_name(name: str) -> str:
    """`book_id` -> `bookId`."""
    return _WORD.sub(lambda found: found[1].upper(), name)
