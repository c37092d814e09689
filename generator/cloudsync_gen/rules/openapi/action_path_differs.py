"""An operation stands at the path of another one's action.

What it does: for paths that end in the name of an action (`/recipes/{recipeId}/retire`), reports
those none of whose operations is called after it, where an operation at another path beside it is,
and is not called after its own.

Why: whoever calls the path gets something else than it says; paths were changed for each other.

Example: `approveRecipe` at `/v1/recipes/{recipeId}/retire`, and `retireRecipe` at
`/v1/recipes/{recipeId}/approve`.

Use instead: each at the path of its own name.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.layers.api import Operation
from cloudsync_gen.model.system import Model
from cloudsync_gen.naming import words
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    beside: defaultdict[tuple[str, str], defaultdict[str, list[Operation]]]
    beside = defaultdict(lambda: defaultdict(list))
    for operation in model.all(Operation):
        parent, _, action = operation.path.rpartition("/")
        if words(action) and "{" not in action:
            beside[operation.document, parent][action].append(operation)
    for group in beside.values():
        for action, operations in group.items():
            meant = _meant(group, action) if not _any_after(operations, action) else None
            if meant is not None:
                yield RULE.at(
                    model.ref(operations[0].id, "path"),
                    f"`{operations[0].operation_id}` is at `…/{action}`, "
                    f"`{meant.operation_id}` at another path",
                    "put each at the path of its own name",
                    element=operations[0].id,
                    related=(Related(model.ref(meant.id), "what the path is called after"),),
                    facts=(action,),
                )


def _meant(group: Mapping[str, list[Operation]], action: str) -> Operation | None:
    """The operation of another path that is called after this action and not after its own."""
    for other, operations in group.items():
        if other != action and not _any_after(operations, other):
            for each in operations:
                if words(each.operation_id)[: len(words(action))] == words(action):
                    return each
    return None


def _any_after(operations: list[Operation], action: str) -> bool:
    """Whether the name of any of these has a word of the action."""
    return any(set(words(action)) & set(words(each.operation_id)) for each in operations)


RULE = Rule(
    code="OAS033",
    name="action-path-differs",
    family="OpenAPI contracts",
    check=check,
)
