"""Two operations answer to one method and path.

What it does: compares method and path of all operations of all OpenAPI sources, whatever the names
of their path parameters (OpenAPI 3.1, Paths Object: such templates are identical).

Why: all sources meet at one gateway, which can lead a request to one service alone.

Example: `GET /v1/recipes/{id}` in one document and `GET /v1/recipes/{recipeId}` in another.

Use instead: a path of its own for each.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.layers.api import Operation
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule

_NAME = re.compile(r"\{[^{}]*\}")


def check(model: Model) -> Iterator[Diagnostic]:
    first: dict[tuple[str, str], Operation] = {}
    for operation in model.all(Operation):
        earlier = first.setdefault((operation.method, _NAME.sub("{}", operation.path)), operation)
        if earlier is not operation:
            yield RULE.at(
                model.ref(operation.id).name(),
                f"`{earlier.id}` answers to {operation.method.upper()} {earlier.path} too",
                "choose another path",
                element=operation.id,
                related=(Related(model.ref(earlier.id).name(), "the other operation"),),
            )


RULE = Rule(code="OAS022", name="route-twice", family="OpenAPI contracts", check=check)
