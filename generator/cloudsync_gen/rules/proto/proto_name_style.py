"""A name of a proto source is not written as its readers expect.

What it does: wants messages, enumerations and RPCs in PascalCase, fields in snake_case, and
services that end in `Service` (buf: MESSAGE_PASCAL_CASE, ENUM_PASCAL_CASE, RPC_PASCAL_CASE,
FIELD_LOWER_SNAKE_CASE, SERVICE_SUFFIX).

Why: every generator makes its language's names from these by one rule; `recipeID` comes out as
`recipeid` here and `recipe_i_d` there, and in JSON as neither.

Example: `string recipeId = 1;`.

Use instead: `string recipe_id = 1;`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.layers.api import GrpcApi, Rpc
from cloudsync_gen.model.sources import GrpcSource
from cloudsync_gen.model.system import Model
from cloudsync_gen.naming import pascal, snake
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.source import Ref

_PASCAL = re.compile(r"[A-Z][A-Za-z0-9]*")
_SNAKE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


def check(model: Model) -> Iterator[Diagnostic]:
    for source in model.sources.grpc:
        for place, wrong, right in _strange(source):
            yield _finding(place, source.id, wrong, right)
    for rpc in model.all(Rpc):
        if not _PASCAL.fullmatch(rpc.rpc_name):
            yield _finding(model.ref(rpc.id), rpc.id, rpc.rpc_name, pascal(rpc.rpc_name))
    for api in model.all(GrpcApi):
        name = api.service_name
        if not (_PASCAL.fullmatch(name) and name.endswith("Service")):
            place = Ref(model.ref(api.id).file, ("services", name))
            stem = pascal(name).removesuffix("Service")
            yield _finding(place, api.id, name, f"{stem}Service")


def _strange(source: GrpcSource) -> Iterator[tuple[Ref, str, str]]:
    """(place, name, the name as it should be) of types and fields."""
    for kind in source.types:
        branch = "enums" if kind.kind == "enum" else "messages"
        place = Ref(source.file, (branch, kind.name))
        name = kind.name.rpartition(".")[2]
        if not _PASCAL.fullmatch(name):
            yield place, name, pascal(name)
        for field in kind.fields:
            if not _SNAKE.fullmatch(field.name):
                yield place.at("fields", field.name), field.name, snake(field.name)


def _finding(place: Ref, element: str, wrong: str, right: str) -> Diagnostic:
    return RULE.at(
        place,
        f"`{wrong}` is not in the style of proto names",
        f"call it `{right}`",
        element=element,
        facts=(wrong,),
    )


RULE = Rule(code="PRT017", name="proto-name-style", family="gRPC contracts", check=check)
