"""What a method of a port is called with."""

from __future__ import annotations

import re
from dataclasses import MISSING, FrozenInstanceError, dataclass, fields
from typing import Any, NoReturn, TypeVar, dataclass_transform

T = TypeVar("T")

_WORD = re.compile("_([a-z0-9])")


@dataclass_transform(frozen_default=True, kw_only_default=True)
def request(cls: type[T]) -> type[T]:
    """A frozen dataclass with slots, made by keywords alone (PEP 681 tells type checkers).

    All share their methods: written and compiled for each, as `dataclasses` does, these would take
    three quarters of the time of making one. A default is a value.
    """
    # of a class without a text `dataclasses` would have one read from how it is called
    cls.__doc__ = cls.__doc__ or cls.__qualname__
    made = dataclass(init=False, repr=False, eq=False, slots=True, kw_only=True)(cls)
    for name, method in _METHODS.items():
        setattr(made, name, method)
    return made


def _begin(request: Any, /, **given: Any) -> None:
    for each in fields(request):
        value = given.pop(each.name, each.default)
        if value is MISSING:
            raise TypeError(f"{type(request).__qualname__} lacks {each.name}")
        object.__setattr__(request, each.name, value)
    if given:
        raise TypeError(f"{type(request).__qualname__} has no {', '.join(sorted(given))}")


def _fixed(request: object, name: str, *_: object) -> NoReturn:
    raise FrozenInstanceError(f"{name} of a {type(request).__qualname__} stays as it is")


def _values(request: Any) -> tuple[Any, ...]:
    return tuple(getattr(request, each.name) for each in fields(request))


def _restored(request: Any, values: tuple[Any, ...]) -> None:
    for each, value in zip(fields(request), values, strict=True):
        object.__setattr__(request, each.name, value)


def _equal(one: object, other: object) -> Any:
    if type(one) is not type(other):
        return NotImplemented
    return _values(one) == _values(other)


def _hash(request: object) -> int:
    return hash(_values(request))


def _shown(request: Any) -> str:
    told = ", ".join(f"{each.name}={getattr(request, each.name)!r}" for each in fields(request))
    return f"{type(request).__qualname__}({told})"


_METHODS = {
    "__init__": _begin,
    "__setattr__": _fixed,
    "__delattr__": _fixed,
    "__getstate__": _values,
    "__setstate__": _restored,
    "__eq__": _equal,
    "__hash__": _hash,
    "__repr__": _shown,
}


def wire_name(name: str) -> str:
    """`book_id` -> `bookId`."""
    return _WORD.sub(lambda found: found[1].upper(), name)
