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
from cloudsync_gen.rules._conditions import condition_fault
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.source import Pointer


def check(model: Model) -> Iterator[Diagnostic]:
    for command in model.all(Command):
        aggregate = model.get(Aggregate, command.aggregate)
        for pointer, expression in _expressions(command):
            message, hint = condition_fault(model, expression, aggregate, command)
            if message:
                yield RULE.at(
                    model.ref(command.id, *pointer),
                    message,
                    hint,
                    element=command.id,
                    facts=(expression,),
                )


def _expressions(command: Command) -> Iterator[tuple[Pointer, str]]:
    for index, each in enumerate(command.requires):
        if each.condition is not None:
            yield ("requires", index, "condition"), each.condition
        for name, value in each.count.where.items() if each.count else ():
            yield ("requires", index, "count", "where", name), value


RULE = Rule(code="DDD019", name="requirement-condition", family="domain-driven design", check=check)
