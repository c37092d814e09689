"""What a command sets a field to is not told, or told twice.

What it does: wants either `value` or `source` of each entry of `sets`, and an `offset` only beside
a `source`.

Why: without either the field is emptied, which `clears` says more plainly; of two the value is
overlooked; and nothing but a time that comes from somewhere can be put off.

Example: `sets: [{field: ownerId}]`.

Use instead: `sets: [{field: ownerId, source: context.subject}]`, or `clears: [ownerId]`.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.layers.application import Assignment, Command
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    for command in model.all(Command):
        for index, each in enumerate(command.sets):
            problem, hint = _problem(each)
            if problem:
                yield RULE.at(
                    model.ref(command.id, "sets", index),
                    f"`{each.field}` {problem}",
                    hint,
                    element=command.id,
                    facts=(each.field,),
                )


def _problem(each: Assignment) -> tuple[str, str]:
    if each.source is not None and each.value is not None:
        return "is set to a `value` and to what `source` names", "say one of them"
    if each.source is None and each.value is None:
        return "is set to nothing", "say `source` or `value`, or name the field in `clears`"
    if each.source is None and each.offset is not None:
        return "is put off, but comes from nowhere", "say the time in `source`"
    return "", ""


RULE = Rule(
    code="DDD036",
    name="assignment-form",
    family="domain-driven design",
    check=check,
    each=(Command,),
)
