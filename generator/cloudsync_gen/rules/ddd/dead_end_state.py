"""A life comes to a stand in a state that is no end.

What it does: reports states that no transition leaves and that are not `terminal`.

Why: an entity gets there and never away: either a transition was forgotten, or its end is not
known as one, so that what waits for the end (retention, counts of what is open) waits for ever.

Example: `archived` without a transition from it and without `terminal: true`.

Use instead: `terminal: true`, or the transition that leaves it.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.layers.application import Lifecycle
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    for life in model.all(Lifecycle):
        left = {state for transition in life.transitions for state in transition.sources}
        if any(state.terminal and state.name in left for state in life.states):
            continue  # one of these transitions was meant to leave another state
        for index, state in enumerate(life.states):
            if not state.terminal and state.name not in left:
                yield RULE.at(
                    model.ref(life.id, "states", index, "name"),
                    f"no transition leaves `{state.name}`, and it is not `terminal`",
                    "add `terminal: true`, or the transition that leaves it",
                    element=life.id,
                    facts=(state.name,),
                )


RULE = Rule(code="DDD030", name="dead-end-state", family="domain-driven design", check=check)
