"""Roles inherit from each other in a circle.

What it does: reports a role that reaches itself along `inherits`.

Why: the circle's roles all mean the same, which nobody intended.

Example: `member` inherits `guest`, `guest` inherits `member`.

Use instead: let the role that may more inherit from the one that may less.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.layers.security import Role
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._permissions import above
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    for role in model.all(Role):
        for index, parent in enumerate(role.inherits):
            if role.id in above(model, parent):
                yield RULE.at(
                    model.ref(role.id, "inherits", index),
                    f"`{parent}` inherits from `{role.id}` in turn",
                    "remove one of the two",
                    element=role.id,
                    facts=(parent,),
                )


RULE = Rule(code="SEC008", name="role-inheritance-cycle", family="zero trust", check=check)
