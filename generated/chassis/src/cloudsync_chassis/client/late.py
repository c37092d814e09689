"""What a client loads with the first call: most services call few of those that they may."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from importlib import import_module
from types import ModuleType
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter

from cloudsync_chassis.lean import Late

R = TypeVar("R")


def late(name: str) -> ModuleType:
    """A module of a package that is loaded; it is itself loaded once something of it is asked for.

    Until then who imports it from the package (`from package import module`) gets this one.
    """
    package, _, child = name.rpartition(".")
    module = Late(name)
    setattr(import_module(package), child, module)
    return module


class Result(Generic[R]):
    """What an operation answers with; `kind` names its type when there is an answer to read."""

    def __init__(self, kind: Callable[[], Any]) -> None:
        self._kind = kind

    @cached_property
    def adapter(self) -> TypeAdapter[R]:
        """Reads it."""
        return TypeAdapter(self._kind())


def reader(result: TypeAdapter[R] | Result[R]) -> TypeAdapter[R]:
    """What reads a result that may be a late one."""
    return result.adapter if isinstance(result, Result) else result
