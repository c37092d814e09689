"""No screen shows a component.

What it does: reports components that no screen names in `components`.

Why: nobody will ever see it, but it is designed, tested and translated.
What is written before it is used may be committed: this is a warning, unless a project asks for
more (`severity`).

Example: `ux.component.price-tag`, of a screen that is gone.

Use instead: name it in the `components` of a screen, or remove it.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Severity
from cloudsync_gen.model.layers.ux import Component, Screen
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._links import astray
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    if astray(model, Screen, "screen-component"):
        return
    shown = {each for screen in model.all(Screen) for each in screen.components}
    for component in model.all(Component):
        if component.id not in shown:
            yield RULE.at(
                model.ref(component.id).name(),
                f"no screen shows `{component.id}`",
                "name it in the `components` of a screen, or remove it",
                element=component.id,
            )


RULE = Rule(
    code="UX005",
    name="component-without-screen",
    family="screens and routes",
    severity=Severity.WARNING,
    check=check,
    whole=True,
)
