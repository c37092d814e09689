"""A role may do nothing.

What it does: reports roles without `permissions`, with neither those of the related nor inherited
ones.

Why: whoever is given it is refused everywhere, and learns it from the first screen.

Example: `permissions: []` and no `inherits`.

Use instead: the permissions that its holders need, or no such role.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.layers.application import Service
from cloudsync_gen.model.layers.security import Role
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    if not model.all(Service):  # it has only begun
        return
    for role in model.all(Role):
        if not (role.permissions or role.related_permissions or role.inherits):
            yield RULE.at(
                model.ref(role.id, "permissions"),
                f"`{role.id}` may do nothing",
                "grant it something, or remove it",
                element=role.id,
            )


RULE = Rule(code="SEC017", name="role-without-permission", family="zero trust", check=check)
