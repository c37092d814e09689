"""The condition of a transition cannot be evaluated.

What it does: parses `condition` as CEL and looks up `this.<property>` in the entity and
`input.<property>` in the command's input.

Why: the condition is evaluated before the command; one that fails refuses it for ever.

Example: `condition: this.approvedBy != ''` where the entity has `ownerId`.

Use instead: CEL over `this`, `input`, `principal` and `now`.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.layers.application import Aggregate, Command, Lifecycle, Transition
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._conditions import condition_fault
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    for lifecycle in model.all(Lifecycle):
        for index, transition in enumerate(lifecycle.transitions):
            message, hint = _fault(model, lifecycle, transition)
            if message:
                yield RULE.at(
                    model.ref(lifecycle.id, "transitions", index, "condition"),
                    message,
                    hint,
                    element=lifecycle.id,
                    facts=(transition.command, transition.condition or ""),
                )


def _fault(model: Model, lifecycle: Lifecycle, transition: Transition) -> tuple[str, str]:
    if transition.condition is None:
        return "", ""
    aggregate = model.get(Aggregate, lifecycle.aggregate)
    command = model.get(Command, transition.command)
    return condition_fault(model, transition.condition, aggregate, command)


RULE = Rule(
    code="DDD016",
    name="transition-condition",
    family="domain-driven design",
    check=check,
    each=(Lifecycle,),
)
