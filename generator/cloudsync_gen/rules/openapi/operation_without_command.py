"""An operation carries no command or query.

What it does: reports operations of OpenAPI sources without `x-command`.

Why: permission, errors, idempotency and the handler of an operation come from its command or query;
an operation without one can be called, but nothing is behind it.

Example: `get: {operationId: getRecipe, …}` alone.

Use instead: `x-command: application.query.get-recipe` beside the `operationId`.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.system import Model
from cloudsync_gen.naming import nearest
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.rules.openapi._sources import LINK_FIELDS, written


def check(model: Model) -> Iterator[Diagnostic]:
    for each in written(model):
        if each.operation.command is None and not any(map(_is_meant, each.data)):
            yield RULE.at(
                each.ref,
                f"`{each.operation.operation_id}` carries no command or query",
                "name the one that it carries in `x-command`",
                element=each.operation.id,
            )


def _is_meant(name: str) -> bool:
    """Whether a field is `x-command`, misspelt."""
    return (
        name not in LINK_FIELDS and nearest(name, LINK_FIELDS) == "x-command" and name[:2] == "x-"
    )


RULE = Rule(
    code="OAS010",
    name="operation-without-command",
    family="OpenAPI contracts",
    check=check,
)
