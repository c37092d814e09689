"""No transition leads to a state.

What it does: follows the transitions from the initial state and reports the states that are left.

Why: nothing can ever be in such a state; either it is dead, or a transition was forgotten.

Example: a state `archived` without a transition `to: archived`.

Use instead: add the transition, or remove the state.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.layers.application import Lifecycle
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    for lifecycle in model.all(Lifecycle):
        names = {state.name for state in lifecycle.states}
        used = {s for t in lifecycle.transitions for s in (*t.sources, t.to)} | {lifecycle.initial}
        if not used <= names:
            continue
        reached = _reached(lifecycle)
        for index, state in enumerate(lifecycle.states):
            if state.name not in reached:
                yield RULE.at(
                    model.ref(lifecycle.id, "states", index, "name"),
                    f"nothing leads to the state `{state.name}`",
                    "add a transition to it, or remove it",
                    element=lifecycle.id,
                    facts=(state.name,),
                )


def _reached(lifecycle: Lifecycle) -> set[str]:
    reached = {lifecycle.initial} | {t.to for t in lifecycle.transitions if not t.sources}
    while True:
        more = {t.to for t in lifecycle.transitions if reached & set(t.sources)} - reached
        if not more:
            return reached
        reached |= more


RULE = Rule(code="DDD006", name="unreachable-state", family="domain-driven design", check=check)
