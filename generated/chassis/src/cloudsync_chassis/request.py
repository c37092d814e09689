"""What a method of a port is called with."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypeVar, dataclass_transform

T = TypeVar("T")

_WORD = re.compile("_([a-z0-9])")


@dataclass_transform(frozen_default=True, kw_only_default=True)
def request(cls: type[T]) -> type[T]:
    """A frozen dataclass with slots, made by keywords alone (PEP 681 tells type checkers)."""
    return dataclass(frozen=True, slots=True, kw_only=True)(cls)


def wire_name(name: str) -> str:
    """`book_id` -> `bookId`."""
    return _WORD.sub(lambda found: found[1].upper(), name)
