"""A role that may move a life cycle has not the permission for the command.

What it does: looks up the permission of each transition's command among what its roles may do,
inherited permissions included.

Why: the life cycle says yes and the command says no; the caller is refused by a rule that the page
about the life cycle does not show.

Example: `roles: [security.role.guest]` on a transition by `approve-recipe`, which asks for
`recipe:approve`.

Use instead: a role that has the permission, or the permission for the role.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.layers.application import Command, Lifecycle
from cloudsync_gen.model.layers.security import Role
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._links import astray, misled
from cloudsync_gen.rules._permissions import asks_for, grants, is_granted
from cloudsync_gen.rules._rule import Rule

_GRANTS = ("role-permission", "role-related-permission", "role-inherits")


def check(model: Model) -> Iterator[Diagnostic]:
    if any(astray(model, Role, each) for each in _GRANTS):
        return
    roles = grants(model)
    for lifecycle in model.all(Lifecycle):
        for index, transition in enumerate(lifecycle.transitions):
            command = model.get(Command, transition.command)
            permission = asks_for(command) if command else ""
            if command is None or not permission or not is_granted(permission, roles):
                continue
            if misled(model, command.id, "requires-permission"):
                continue
            relations = (*command.relations, *transition.relations)
            for position, name in enumerate(transition.roles):
                if name in roles and not roles[name].allow(permission, relations):
                    yield RULE.at(
                        model.ref(lifecycle.id, "transitions", index, "roles", position),
                        f"`{name}` may not `{permission}`, which `{command.id}` asks for",
                        "grant it to the role, or name a role that has it",
                        element=lifecycle.id,
                        related=(Related(model.ref(command.id, "permission"), "the permission"),),
                        facts=(command.id, name),
                    )


RULE = Rule(
    code="SEC009",
    name="transition-role-lacks-permission",
    family="zero trust",
    check=check,
)
