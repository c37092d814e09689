"""Two operations carry one command.

What it does: reports operations of OpenAPI sources whose `x-command` another operation has too.

Why: callers cannot know which of the two is meant to stay, and measurements of the command are
split.

Example: `POST /v1/recipes` and `PUT /v1/recipes/{id}` with one `x-command`.

Use instead: one operation, or a command of its own for the second.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.effects import performed_by
from cloudsync_gen.model.layers.api import Operation
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    first: dict[str, Operation] = {}
    for operation in model.all(Operation):
        if performed_by(model, operation.command) is None:
            continue
        earlier = first.setdefault(operation.command or "", operation)
        if earlier is not operation:
            yield RULE.at(
                model.ref(operation.id, "x-command"),
                f"`{earlier.operation_id}` carries `{operation.command}` already",
                "remove one of the two, or give this one a command of its own",
                element=operation.id,
                related=(Related(model.ref(earlier.id, "x-command"), "the other operation"),),
            )


RULE = Rule(
    code="OAS016",
    name="command-in-two-operations",
    family="OpenAPI contracts",
    check=check,
)
