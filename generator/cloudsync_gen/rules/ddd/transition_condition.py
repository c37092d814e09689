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
from cloudsync_gen.model.schema_view import properties
from cloudsync_gen.model.system import Model
from cloudsync_gen.naming import nearest
from cloudsync_gen.rules._cel import selected, syntax_fault
from cloudsync_gen.rules._known import undeclared
from cloudsync_gen.rules._links import misled
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    for lifecycle in model.all(Lifecycle):
        for index, transition in enumerate(lifecycle.transitions):
            message, hint = _problem(model, lifecycle, transition)
            if message:
                yield RULE.at(
                    model.ref(lifecycle.id, "transitions", index, "condition"),
                    message,
                    hint,
                    element=lifecycle.id,
                    facts=(transition.command, message),
                )


def _problem(model: Model, lifecycle: Lifecycle, transition: Transition) -> tuple[str, str]:
    if transition.condition is None:
        return "", ""
    fault = syntax_fault(transition.condition)
    if fault:
        return f"not CEL: {fault}", "mend the expression (CEL, language definition)"
    aggregate = model.get(Aggregate, lifecycle.aggregate)
    command = model.get(Command, transition.command)
    schemas = {"this": aggregate.schema if aggregate else None}
    if command is not None and not misled(model, command.id, "input-schema"):
        schemas["input"] = command.input
    for root, schema in schemas.items():
        fields = {*properties(model, schema), *undeclared(model, schema)}
        for name in selected(transition.condition, root):
            if fields and name not in fields:
                return f"`{schema}` has no property `{name}`", (
                    f"did you mean `{root}.{nearest(name, fields)}`?"
                )
    return "", ""


RULE = Rule(code="DDD016", name="transition-condition", family="domain-driven design", check=check)
