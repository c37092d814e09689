"""Nothing asks for a permission.

What it does: reports actions of resources that no command, query, screen or component demands.

Why: an action that nothing checks is a promise of protection; whoever grants or withholds it
believes that something follows.
What is written before it is used may be committed: this is a warning, unless a project asks for
more (`severity`).

Example: `security.resource.recipe` with an action `taste` that no operation needs.

Use instead: demand it where it was meant, or remove it.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Severity
from cloudsync_gen.model.ids import name_of
from cloudsync_gen.model.layers.application import Command, Query
from cloudsync_gen.model.layers.security import Resource
from cloudsync_gen.model.layers.ux import Component, Screen
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    if _misspelt(model):
        return
    wanted = {each.permission for each in _performed(model)}
    wanted.update(p for each in model.all(Screen) for p in each.security.required_permissions)
    wanted.update(p for each in model.all(Component) for p in each.security.required_permissions)
    for resource in model.all(Resource):
        for index, action in enumerate(resource.actions):
            permission = f"{name_of(resource.id)}:{action.action}"
            if permission not in wanted:
                yield RULE.at(
                    model.ref(resource.id, "actions", index, "action"),
                    f"nothing asks for `{permission}`",
                    "demand it where it was meant, or remove it",
                    element=resource.id,
                    facts=(action.action,),
                )


def _performed(model: Model) -> tuple[Command | Query, ...]:
    return (*model.all(Command), *model.all(Query))


def _misspelt(model: Model) -> bool:
    """Whether somebody asks for what there is not, or for nothing: that may be what was meant."""
    known = {
        f"{name_of(each.id)}:{action.action}"
        for each in model.all(Resource)
        for action in each.actions
    }
    return any(
        each.permission not in known if each.permission else each.access == "authenticated"
        for each in _performed(model)
    )


RULE = Rule(
    code="SEC015",
    name="action-nobody-needs",
    family="zero trust",
    severity=Severity.WARNING,
    check=check,
    whole=True,
)
