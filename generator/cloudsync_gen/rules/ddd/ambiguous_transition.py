"""A command could lead to several states, and nothing tells which.

What it does: looks for transitions by one command from one state to different states that the same
callers may take, where the earlier has no `condition`, or both have the same. Handlers of custom
commands choose themselves.

Why: the first that fits is taken, so that the other is never; the life cycle promises a state that
nothing reaches.

Example: `settle` from `open` to `paid` and to `partlyPaid`, both without `condition`.

Use instead: `condition: input.amount == this.amount` on the first, or `effect: custom`.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.layers.application import Command, Lifecycle, Transition
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._links import misled
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    for lifecycle in model.all(Lifecycle):
        if misled(model, lifecycle.id, "transition-command", "transition-role"):
            continue
        rows = enumerate(lifecycle.transitions)
        for (first, earlier), (second, later) in combinations(rows, 2):
            command = model.get(Command, later.command)
            if command is None or command.effect == "custom" or not _alike(earlier, later):
                continue
            yield RULE.at(
                model.ref(lifecycle.id, "transitions", second),
                f"`{command.id}` never leads to `{later.to}`, but to `{earlier.to}` first",
                "give the first a `condition` that tells them apart, or let a handler choose",
                element=lifecycle.id,
                related=(Related(model.ref(lifecycle.id, "transitions", first), "taken first"),),
                facts=(command.id, earlier.to, later.to),
            )


def _alike(earlier: Transition, later: Transition) -> bool:
    """Whether whoever takes the later could as well, and so would, take the earlier."""
    if earlier.command != later.command or earlier.to == later.to:
        return False
    if earlier.condition is not None and earlier.condition != later.condition:
        return False
    same_start = not earlier.sources and not later.sources
    return (same_start or bool({*earlier.sources} & {*later.sources})) and _callers(earlier, later)


def _callers(earlier: Transition, later: Transition) -> bool:
    """Whether all who may take the later may take the earlier."""
    if not earlier.roles and not earlier.relations:
        return True
    named = bool(later.roles or later.relations)
    return (
        named and {*later.roles} <= {*earlier.roles} and {*later.relations} <= {*earlier.relations}
    )


RULE = Rule(code="DDD025", name="ambiguous-transition", family="domain-driven design", check=check)
