"""A transition leads out of a terminal state.

What it does: looks for states with `terminal: true` in `from` of the transitions.

Why: what has ended is archived, purged and reported as ended; it does not come back.

Example: `from: [retired]` where `retired` is terminal.

Use instead: a state that is not terminal, or the state without `terminal`.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.layers.application import Lifecycle
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    for lifecycle in model.all(Lifecycle):
        ends = {state.name: i for i, state in enumerate(lifecycle.states) if state.terminal}
        for index, transition in enumerate(lifecycle.transitions):
            for position, name in enumerate(transition.sources):
                if name in ends:
                    place = model.ref(lifecycle.id, "states", ends[name], "terminal")
                    yield RULE.at(
                        model.ref(lifecycle.id, "transitions", index, "from", position),
                        f"`{name}` is terminal",
                        "let the transition begin elsewhere, or the state not be terminal",
                        element=lifecycle.id,
                        related=(Related(place, "declared terminal here"),),
                        facts=(name, transition.command),
                    )


RULE = Rule(code="DDD013", name="terminal-state-left", family="domain-driven design", check=check)
