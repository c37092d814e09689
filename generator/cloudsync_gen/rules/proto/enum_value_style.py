"""A value of a proto enumeration is not called after it, or the first one means something.

What it does: wants values in capitals that begin with the enumeration's name, and the first of them
to be `<ENUM>_UNSPECIFIED` (buf: ENUM_VALUE_PREFIX, ENUM_VALUE_UPPER_SNAKE_CASE,
ENUM_ZERO_VALUE_SUFFIX).

Why: a field that nobody set reads as the value 0 (proto3, Default Values), which must not be taken
for an answer; and values share the scope of their enumeration, so that two of a file cannot both
have `ACTIVE`.

Example: `enum Colour { YELLOW = 0; }`.

Use instead: `enum Colour { COLOUR_UNSPECIFIED = 0; COLOUR_YELLOW = 1; }`.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.sources import GrpcSource, SourceType, misnamed_values, value_prefix
from cloudsync_gen.model.system import Model
from cloudsync_gen.naming import screaming
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.source import Ref


def check(model: Model) -> Iterator[Diagnostic]:
    for source in model.sources.grpc:
        for enum in source.types:
            if enum.kind == "enum":
                yield from _of_enum(source, enum)


def _of_enum(source: GrpcSource, enum: SourceType) -> Iterator[Diagnostic]:
    prefix = value_prefix(enum)
    place = Ref(source.file, ("enums", enum.name, "values"))
    for value in misnamed_values(enum):
        if value == enum.members[0]:
            yield RULE.at(
                place.at(value),
                f"`{value}` is what a field has that nobody set",
                f"begin with `{prefix}UNSPECIFIED = 0;`",
                element=source.id,
                facts=(enum.name, value),
            )
        else:
            yield RULE.at(
                place.at(value),
                f"`{value}` is not called after `{enum.name}`",
                f"call it `{prefix}{screaming(value).removeprefix(prefix)}`",
                element=source.id,
                facts=(enum.name, value),
            )


RULE = Rule(code="PRT016", name="enum-value-style", family="gRPC contracts", check=check)
