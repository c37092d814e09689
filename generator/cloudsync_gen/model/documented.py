"""What the fields of elements mean: the text that the structs' docstrings give them under
"Attributes:", and the types of elements that the link registry lets them name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from inspect import cleandoc, getdoc
from typing import Any

import msgspec
from msgspec import Struct, inspect

_ATTRIBUTES = "\n\nAttributes:\n"
_FIELD = re.compile(r"^    (\w+): (.+(?:\n        .+)*)", re.MULTILINE)


def summary_of(struct: type[Struct]) -> str:
    """What an element or a part of one is, without its fields."""
    return (getdoc(struct) or "").partition(_ATTRIBUTES)[0]


@cache
def fields_of(struct: type[Struct]) -> Mapping[str, str]:
    """Name of a field as it is written in YAML -> what it means, a sentence; inherited ones
    included.
    """
    told: dict[str, str] = {}
    for each in reversed(struct.__mro__):
        own = cleandoc(each.__doc__ or "").partition(_ATTRIBUTES)[2]
        told |= {name: _sentence(text) for name, text in _FIELD.findall(own)}
    names = {each.name: each.encode_name for each in msgspec.structs.fields(struct)}
    return {names[name]: text for name, text in told.items() if name in names}


def structs_in(types: Iterable[type[Struct]]) -> Mapping[str, type[Struct]]:
    """Name -> struct, of these and of all that they hold."""
    found: dict[str, type[Struct]] = {}
    pending: list[Any] = list(inspect.multi_type_info(types))
    while pending:
        kind = pending.pop()
        if isinstance(kind, inspect.StructType):
            if kind.cls.__name__ in found:
                continue
            found[kind.cls.__name__] = kind.cls
            pending += [each.type for each in kind.fields]
        else:
            pending += _within(kind)
    return found


def _within(kind: Any) -> Iterator[Any]:
    """Types that a type is made of: entries, keys and values, alternatives."""
    for name in ("type", "item_type", "key_type", "value_type"):
        if hasattr(kind, name):
            yield getattr(kind, name)
    for name in ("types", "item_types"):
        yield from getattr(kind, name, ())


def _sentence(text: str) -> str:
    """A text of several lines on one, begun with a capital."""
    joined = " ".join(text.split())
    return joined[0].upper() + joined[1:]
