"""What a method of a port is called with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, kw_only_default=True)
def request(cls: type[T]) -> type[T]:
    """A frozen dataclass with slots, made by keywords alone (PEP 681 tells type checkers)."""
    return dataclass(frozen=True, slots=True, kw_only=True)(cls)
