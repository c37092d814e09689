"""The condition of what a command requires cannot be evaluated.

What it does: parses `requires[].condition` and the values of `count.where` as CEL and looks up
`this.<property>` in the entity and `input.<property>` in the command's input.

Why: it is evaluated before the command; one that fails refuses every call, with a reason that is
not the real one.

Example: `condition: now <= this.placedOn + duration('168h')` where the entity has `placedAt`.

Use instead: CEL over `this`, `input`, `principal` and `now`; `count` where something is
counted.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.layers.application import Aggregate, Command
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._conditions import condition_fault, expressions_of
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    for command in model.all(Command):
        aggregate = model.get(Aggregate, command.aggregate)
        for pointer, expression in expressions_of(command):
            message, hint = condition_fault(model, expression, aggregate, command)
            if message:
                yield RULE.at(
                    model.ref(command.id, *pointer),
                    message,
                    hint,
                    element=command.id,
                    facts=(expression,),
                )


RULE = Rule(
    code="DDD019",
    name="requirement-condition",
    family="domain-driven design",
    check=check,
    each=(Command,),
)
