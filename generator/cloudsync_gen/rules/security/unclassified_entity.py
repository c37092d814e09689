"""An entity has no classification.

What it does: reports entities without `x-security-classification`.

Why: what treats the entity as a whole (its bucket, its log, its backup, who may export it) goes by
the class of the whole.

Example: an entity with classified properties alone.

Use instead: `x-security-classification: security.classification.internal`, or whichever fits.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.layers.data_model import Entity
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    for entity in model.all(Entity):
        if entity.security_classification is None:
            yield RULE.at(
                model.ref(entity.id),
                f"`{entity.id}` has no `x-security-classification`",
                "name one of the `security.classification` elements",
                element=entity.id,
            )


RULE = Rule(code="SEC004", name="unclassified-entity", family="zero trust", check=check)
