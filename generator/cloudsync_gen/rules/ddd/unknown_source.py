"""A command sets a field to something that nobody gives it.

What it does: looks up `parameter.…` sources among the parameters of the operations and RPCs that
carry the command, and `context.…` sources among what a request's context has.

Why: the default handler would store nothing, or fail at the first request.

Example: `source: parameter.userID` where the path has `{userId}`.

Use instead: the parameter as the operation spells it; `context.subject`, `organizationId` or `now`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.effects import operations_of, parameters_of
from cloudsync_gen.model.layers.application import Command
from cloudsync_gen.model.system import Model
from cloudsync_gen.naming import offered
from cloudsync_gen.rules._rule import Rule

_CONTEXT = ("now", "organizationId", "subject")


def check(model: Model) -> Iterator[Diagnostic]:
    for command in model.all(Command):
        for index, each in enumerate(command.sets):
            kind, _, name = (each.source or "").partition(".")
            known = _known(model, command, kind)
            if known is not None and name not in known:
                yield RULE.at(
                    model.ref(command.id, "sets", index, "source"),
                    f"there is no {kind} `{name}`",
                    offered(name, known, f"{kind}.", otherwise="take it from the body"),
                    element=command.id,
                    facts=(each.field, name),
                )


def _known(model: Model, command: Command, kind: str) -> Collection[str] | None:
    """Names that a source of this kind may have; `None` where that cannot be told."""
    if kind == "context":
        return _CONTEXT
    if kind == "parameter" and operations_of(model, command.id):
        return parameters_of(model, command.id)
    return None


RULE = Rule(code="DDD015", name="unknown-source", family="domain-driven design", check=check)
