"""A command or query that anybody who is signed in may use.

What it does: reports commands and queries with `access: authenticated` and no `permission`.

Why: access is denied by default; an operation without a permission has no rule that allows it.

Example: `delete-document` without `permission: document:delete`.

Use instead: a permission of a resource; `access: public` or `workload` where that is meant.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.layers.application import Command, Query
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    performed: tuple[Command | Query, ...] = (*model.all(Command), *model.all(Query))
    for each in performed:
        if each.access == "authenticated" and each.permission is None:
            yield RULE.at(
                model.ref(each.id),
                f"`{each.id}` asks for no permission",
                "add `permission: <resource>:<action>`, or say `access: public` or `workload`",
                element=each.id,
            )


RULE = Rule(code="SEC001", name="command-without-permission", family="zero trust", check=check)
