"""A command that should move a life cycle and the life cycle do not know each other.

What it does: reports a command with `effect: transition` that no transition names, and a transition
whose command neither creates nor moves nor is custom, or works on another aggregate.

Why: the default handler looks the transition up by the command; without one every call is refused.

Example: `effect: transition` on `archive-document`, and a life cycle without that command.

Use instead: add the transition, or the effect that the command really has.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.layers.application import Command, Lifecycle
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._links import astray, misled
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    yield from _unmoved(model)
    yield from _unmoving(model)


def _unmoved(model: Model) -> Iterator[Diagnostic]:
    if astray(model, Lifecycle, "transition-command"):
        return
    for command in model.all(Command):
        if command.effect == "transition" and not model.origins(command.id, "transition-command"):
            yield RULE.at(
                model.ref(command.id, "effect"),
                f"no life cycle has a transition by `{command.id}`",
                "add it to `transitions`, or choose another effect",
                element=command.id,
            )


def _unmoving(model: Model) -> Iterator[Diagnostic]:
    for lifecycle in model.all(Lifecycle):
        if misled(model, lifecycle.id, "lifecycle-aggregate"):
            continue
        for index, transition in enumerate(lifecycle.transitions):
            found = model.get(Command, transition.command)
            if found is None or misled(model, found.id, "performed-on-aggregate"):
                continue
            problem = _problem(lifecycle, found)
            if problem:
                yield RULE.at(
                    model.ref(lifecycle.id, "transitions", index, "command"),
                    f"`{found.id}` {problem}",
                    "name a command that moves this aggregate",
                    element=lifecycle.id,
                    related=(Related(model.ref(found.id), "the command"),),
                )


def _problem(lifecycle: Lifecycle, command: Command) -> str:
    if command.aggregate != lifecycle.aggregate:
        return f"works on `{command.aggregate}`"
    if command.effect == "update":
        return "has `effect: update`, which leaves the state as it is"
    return ""


RULE = Rule(
    code="DDD011",
    name="transition-effect",
    family="domain-driven design",
    check=check,
    whole=True,
)
