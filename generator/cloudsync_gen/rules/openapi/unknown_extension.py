"""A source has an `x-` field that means nothing.

What it does: reports `x-` fields of a document's root and of its operations that are no link field.

Why: extensions are read as links and left out of the contract; a misspelt one is silently lost.

Example: `x-suports-goals: [...]`.

Use instead: the field as the hint spells it.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.system import Model
from cloudsync_gen.naming import offered
from cloudsync_gen.rules._mends import MISSPELT, misspelt
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.rules.openapi._sources import LINK_FIELDS, ROOT_FIELDS, Tree, written
from cloudsync_gen.source import Ref


def check(model: Model) -> Iterator[Diagnostic]:
    for source in model.sources.rest:
        yield from _unknown(Ref(source.file), source.data, ROOT_FIELDS, source.id)
    for each in written(model):
        yield from _unknown(each.ref, each.data, LINK_FIELDS, each.operation.id)


def _unknown(ref: Ref, data: Tree, known: frozenset[str], element: str) -> Iterator[Diagnostic]:
    for name in data:
        if name.startswith("x-") and name not in known:
            yield RULE.at(
                ref.name(name),
                f"`{name}` has no meaning here and would be lost",
                offered(name, known, otherwise="remove it"),
                element=element,
                mends=misspelt(ref.name(name), name, known - data.keys()),
            )


RULE = Rule(
    code="OAS021", name="unknown-extension", family="OpenAPI contracts", check=check, mends=MISSPELT
)
