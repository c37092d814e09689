"""A transition names a state that the life cycle does not have.

What it does: looks up `initial`, `from` and `to` among the states.

Why: a service generated from it could enter a state that nothing leads out of, or never enter one.

Example: `to: archieved` where the states are draft, active and archived.

Use instead: the name of a state; the hint gives the nearest.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.layers.application import Lifecycle
from cloudsync_gen.model.system import Model
from cloudsync_gen.naming import offered
from cloudsync_gen.rules._mends import MISSPELT, misspelt
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.source import Ref


def check(model: Model) -> Iterator[Diagnostic]:
    for lifecycle in model.all(Lifecycle):
        states = {state.name for state in lifecycle.states}
        for ref, name in _named(model, lifecycle):
            if name not in states:
                yield RULE.at(
                    ref,
                    f"`{name}` is no state of `{lifecycle.id}`",
                    offered(name, states, otherwise="add the state"),
                    element=lifecycle.id,
                    facts=(name,),
                    mends=misspelt(ref, name, states),
                )


def _named(model: Model, lifecycle: Lifecycle) -> Iterator[tuple[Ref, str]]:
    yield model.ref(lifecycle.id, "initial"), lifecycle.initial
    for index, transition in enumerate(lifecycle.transitions):
        place = model.ref(lifecycle.id, "transitions", index)
        yield place.at("to"), transition.to
        for position, name in enumerate(transition.sources):
            yield place.at("from", position), name


RULE = Rule(
    code="DDD005",
    name="lifecycle-unknown-state",
    family="domain-driven design",
    check=check,
    mends=MISSPELT,
)
