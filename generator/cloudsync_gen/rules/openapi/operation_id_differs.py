"""An operation is not called like the command or query that it carries.

What it does: compares `operationId` with the name in the id of `x-command`.

Why: the handler's method is named after the command, the client's after the operation; people who
read one look for the other.

Example: `operationId: fetchRecipe` with `x-command: application.query.get-recipe`.

Use instead: `operationId: getRecipe`.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.effects import performed_by
from cloudsync_gen.model.ids import name_of
from cloudsync_gen.model.layers.api import Operation
from cloudsync_gen.model.system import Model
from cloudsync_gen.naming import camel, kebab
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    for operation in model.all(Operation):
        performed = performed_by(model, operation.command)
        if performed is None or kebab(operation.operation_id) == name_of(performed.id):
            continue
        if len(model.origins(performed.id, "operation-command")) > 1:
            continue
        yield RULE.at(
            model.ref(operation.id, "operationId"),
            f"`{operation.operation_id}` carries `{performed.id}`",
            f"call it `{camel(name_of(performed.id))}`",
            element=operation.id,
            related=(Related(model.ref(performed.id), "what it carries"),),
        )


RULE = Rule(code="OAS013", name="operation-id-differs", family="OpenAPI contracts", check=check)
