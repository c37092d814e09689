"""A requirement of a command cannot be carried out as it stands.

What it does: each entry of `requires` has a `condition` or names a `unique` set, and not both; a
`count` has a condition that speaks of `count`, and counts an aggregate of the same service; a
`unique` set is one of the aggregate's.

Why: the default handler evaluates a condition, or answers for a taken value. What it cannot count
or never sees taken refuses nothing.

Example: `unique: [email]` where the aggregate has `unique: [[organizationId, email]]`.

Use instead: the set as the aggregate has it; a condition such as `count < 20`.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.layers.application import Aggregate, Command, Requirement
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._cel import mentioned
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.source import Pointer


def check(model: Model) -> Iterator[Diagnostic]:
    for command in model.all(Command):
        aggregate = model.get(Aggregate, command.aggregate)
        for index, each in enumerate(command.requires):
            for pointer, message, hint in _faults(model, each, command, aggregate):
                yield RULE.at(
                    model.ref(command.id, "requires", index, *pointer),
                    message,
                    hint,
                    element=command.id,
                    facts=(each.problem, *map(str, pointer)),
                )


def _faults(
    model: Model, requirement: Requirement, command: Command, aggregate: Aggregate | None
) -> Iterator[tuple[Pointer, str, str]]:
    condition, unique = requirement.condition, requirement.unique
    if (condition is None) == (not unique):
        hint = "give it a `condition`, or the `unique` properties whose taken values it answers"
        yield (), "a requirement has a condition or a unique set", hint
    if condition is not None and mentioned(condition, "count") != (requirement.count is not None):
        hint = "say with `count` what is counted, and in `condition` what `count` must be"
        yield ("condition",), "`count` and the condition do not belong together", hint
    if aggregate is not None and unique and set(unique) not in map(set, aggregate.unique):
        known = ", ".join(f"[{', '.join(each)}]" for each in aggregate.unique) or "none"
        hint = f"`{aggregate.id}` has: {known}"
        yield ("unique",), f"[{', '.join(unique)}] is no unique set of the aggregate", hint
    counted = model.get(Aggregate, requirement.count.aggregate) if requirement.count else None
    if counted is not None and counted.service != command.service:
        hint = "ask that service, in a handler of your own (`effect: custom`)"
        message = f"`{counted.id}` is kept by `{counted.service}`"
        yield ("count", "aggregate"), message, hint


RULE = Rule(code="DDD022", name="requirement-form", family="domain-driven design", check=check)
