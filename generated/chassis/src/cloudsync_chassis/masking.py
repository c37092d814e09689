"""What must not be told: values of the properties that the model classes as not to be logged."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any

from pydantic import BaseModel

MASK = "***"
_DEPTH = 16
_WORD = re.compile(r"_([a-z0-9])")


@lru_cache(maxsize=4096)
def _camel(name: str) -> str:
    return _WORD.sub(lambda m: m[1].upper(), name)


class Masking:
    """Knows the names of those properties, as JSON and as Python writes them."""

    def __init__(self, names: Collection[str] = ()) -> None:
        self.names = frozenset(names)

    def hides(self, name: str) -> bool:
        """Whether values of that name are hidden: `tax_id` as well as `taxId`."""
        return name in self.names or _camel(name) in self.names

    def shown(self, value: Any, depth: int = 0) -> Any:
        """The value with all that is hidden within it replaced; models become plain data."""
        if depth > _DEPTH:
            return MASK
        if isinstance(value, BaseModel):
            value = value.model_dump(mode="python", by_alias=True, exclude_none=True)
        elif dataclasses.is_dataclass(value) and not isinstance(value, type):
            value = {each.name: getattr(value, each.name) for each in dataclasses.fields(value)}
        if isinstance(value, Mapping):
            return {
                name: MASK if self.hides(str(name)) else self.shown(each, depth + 1)
                for name, each in value.items()
            }
        if isinstance(value, list | tuple | set | frozenset):
            return [self.shown(each, depth + 1) for each in value]
        return value


def described(error: BaseException) -> str:
    """An exception by its type, and those that caused it: what they say may quote data.

    One that quotes none has what may be told of it in its attribute `told`.
    """
    names: list[str] = []
    cause: BaseException | None = error
    while cause is not None and len(names) < _DEPTH:
        told = getattr(cause, "told", "")
        names.append(f"{type(cause).__name__}: {told}" if told else type(cause).__name__)
        cause = cause.__cause__
    return " from ".join(names)
