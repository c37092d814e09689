"""An entity does not say whose it is.

What it does: wants `x-archimate-ref` of each entity.

Why: impact, owners of findings and the catalogue follow from an entity to its service by this link.

Example: `data_model.entity.recipe` without `x-archimate-ref`.

Use instead: `x-archimate-ref: application.service.recipe`.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.layers.data_model import Entity
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    for entity in model.all(Entity):
        if entity.archimate_ref is None:
            yield RULE.at(
                model.ref(entity.id).name(),
                f"`{entity.id}` does not name its service",
                "add `x-archimate-ref: application.service.…`",
                element=entity.id,
            )


RULE = Rule(code="SCH016", name="entity-of-nobody", family="schema validation", check=check)
