"""A name of a GraphQL schema is not written as its readers expect.

What it does: wants types in PascalCase, those of arguments ending in `Input`, fields and arguments
in lowerCamelCase, and members of enumerations in capitals (GraphQL specification, 3.9: "enum values
are recommended to be all caps"; the rest as its examples and all its tools have it).

Why: a schema is one name space for all clients; who has to look up how a name is written, looks up
every name.

Example: `owner_id: UUID!`.

Use instead: `ownerId: UUID!`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.sources import SourceType
from cloudsync_gen.model.system import Model
from cloudsync_gen.naming import camel, pascal, screaming
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.source import Pointer, Ref

_PASCAL = re.compile(r"[A-Z][A-Za-z0-9]*")
_CAMEL = re.compile(r"[a-z][A-Za-z0-9]*")
_CAPITALS = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*")
_INPUT = re.compile(r"[A-Z][A-Za-z0-9]*Input")


def check(model: Model) -> Iterator[Diagnostic]:
    for source in model.sources.graphql:
        for kind in source.types:
            for pointer, name, pattern, style in _names(kind):
                if not pattern.fullmatch(name):
                    yield RULE.at(
                        Ref(source.file, ("types", kind.name, *pointer)),
                        f"`{name}` is not in the style of GraphQL names",
                        f"call it `{style(name)}`",
                        element=source.id,
                        facts=(kind.name, *map(str, pointer)),
                    )


def _names(
    kind: SourceType,
) -> Iterator[tuple[Pointer, str, re.Pattern[str], Callable[[str], str]]]:
    """(place in the type, name, what it must look like, how it would) of the type and its parts."""
    is_input = kind.kind == "input"
    yield (), kind.name, _INPUT if is_input else _PASCAL, _input_name if is_input else pascal
    for member in kind.members:
        yield ("values", member), member, _CAPITALS, screaming
    for field in kind.fields:
        yield ("fields", field.name), field.name, _CAMEL, camel
        for argument in field.arguments:
            place = ("fields", field.name, "arguments", argument)
            yield place, argument, _CAMEL, camel


def _input_name(name: str) -> str:
    return f"{pascal(name).removesuffix('Input')}Input"


RULE = Rule(code="GQL014", name="graphql-name-style", family="GraphQL contracts", check=check)
