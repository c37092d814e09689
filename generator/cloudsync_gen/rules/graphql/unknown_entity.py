"""A GraphQL type says that it is a form of something that does not exist.

What it does: looks up the `schema` of `@entity` in the data model.

Why: the type would be compared with nothing, and drift from the entity unseen.

Example: `type Recipe @entity(schema: "data_model.entity.recipes")`.

Use instead: the id of the element; the hint names the nearest.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._entities import unknown
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    for source in model.sources.graphql:
        for ref, message, hint in unknown(model, source.file, "types", source.types):
            yield RULE.at(ref, message, hint, element=source.id)


RULE = Rule(code="GQL011", name="unknown-entity", family="GraphQL contracts", check=check)
