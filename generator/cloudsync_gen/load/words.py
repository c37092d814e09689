"""What texts say again and again, kept once: strings, mappings and lists that are equal."""

from __future__ import annotations

from typing import Any

MOST_PARTS = 20_000
"""So many mappings and lists are known at a time: a large model has more than may be remembered,
and what it says often is soon met again.
"""

_LARGEST = 16
"""Members of the largest that may be one with another: those with more hardly ever are."""


class Words(dict[str, str]):
    """Each string that was read so far, as the object that stands for all equal ones. Nobody may
    change what was read with the same words.
    """

    def __init__(self) -> None:
        super().__init__()
        self._parts: dict[Any, Any] = {}

    def part(self, value: Any) -> Any:
        """A mapping or a list that was read just now, its members being such already: itself, or
        an equal one, in the same order and of the same types.
        """
        if len(value) > _LARGEST:
            return value
        if isinstance(value, dict):
            key: Any = (dict, *value, *map(_mark, value.values()))
        else:
            key = (list, *map(_mark, value))
        found = self._parts.get(key)
        if found is not None:
            return found
        if len(self._parts) >= MOST_PARTS:
            self._parts.clear()
        self._parts[key] = value
        return value


def _mark(value: Any) -> Any:
    """What tells a member from others, for as long as somebody holds it."""
    if isinstance(value, str):
        return value
    return id(value) if isinstance(value, (dict, list)) else (type(value), repr(value))


def share(value: Any, words: Words) -> Any:
    """Data that was read by somebody else, of which keys alone may still be there twice. What was
    given may be changed.
    """
    if isinstance(value, str):
        return words.setdefault(value, value)
    if isinstance(value, dict):
        for key, each in value.items():
            value[key] = share(each, words)
        return words.part(value)
    if isinstance(value, list):
        value[:] = [share(each, words) for each in value]
        return words.part(value)
    return value
