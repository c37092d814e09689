"""The method of an operation does not fit what it carries.

What it does: reports GET and HEAD with a command, and PUT, PATCH and DELETE with a query; a query
may also be a POST, when its input is too large for an address.

Why: GET is safe (RFC 9110, 9.2.1): caches, crawlers and retries call it at will, so it must change
nothing.

Example: `get` with `x-command: application.command.approve-recipe`.

Use instead: `post`, or `put`, `patch`, `delete` where they say it better.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.effects import performed_by
from cloudsync_gen.model.layers.api import Operation
from cloudsync_gen.model.layers.application import Command
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule

_SAFE = ("get", "head")
_CHANGING = ("put", "patch", "delete")


def check(model: Model) -> Iterator[Diagnostic]:
    for operation in model.all(Operation):
        performed = performed_by(model, operation.command)
        if performed is None:
            continue
        changes = isinstance(performed, Command)
        if operation.method not in (_SAFE if changes else _CHANGING):
            continue
        what = "a command, which changes something" if changes else "a query, which changes nothing"
        yield RULE.at(
            model.ref(operation.id).name(),
            f"{operation.method.upper()} carries {what}",
            "use `post`, `put`, `patch` or `delete`" if changes else "use `get`, or `post`",
            element=operation.id,
        )


RULE = Rule(code="OAS019", name="get-with-command", family="OpenAPI contracts", check=check)
