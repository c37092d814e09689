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
from cloudsync_gen.model.layers.api import Operation
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    for operation in model.all(Operation):
        if operation.command is None:
            yield RULE.at(
                model.ref(operation.id),
                f"`{operation.operation_id}` carries no command or query",
                "name the one that it carries in `x-command`",
                element=operation.id,
            )


RULE = Rule(
    code="OAS010",
    name="operation-without-command",
    family="OpenAPI contracts",
    check=check,
)
