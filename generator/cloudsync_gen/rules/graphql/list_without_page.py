"""A GraphQL field answers a list, but not page by page.

What it does: of root fields that lead to a query of `kind: list`, wants the arguments `cursor` and
`limit`, and a type with a list `items` and `nextCursor`, as REST answers have them.

Why: a list without pages grows until it no longer fits into one answer; the field cannot be mended
then without breaking who reads it.

Example: `recipes: [Recipe!]!`.

Use instead: `recipes(cursor: String, limit: Int): RecipePage!`.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.effects import carried_by
from cloudsync_gen.model.layers.api import RootField
from cloudsync_gen.model.layers.application import Query
from cloudsync_gen.model.sources import GraphqlSource, SourceField
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    sources = {source.document: source for source in model.sources.graphql}
    for field in model.all(RootField):
        performed = carried_by(model, field.id)
        source = sources.get(field.document)
        written = _written(source, field) if source else None
        if source is None or written is None or not isinstance(performed, Query):
            continue
        if performed.kind != "list":
            continue
        for message, hint in _lacks(source, written):
            yield RULE.at(model.ref(field.id), message, hint, element=field.id, facts=(hint,))


def _written(source: GraphqlSource, field: RootField) -> SourceField | None:
    root = field.operation_type.capitalize()
    fields = (each for kind in source.types if kind.name == root for each in kind.fields)
    return next((each for each in fields if each.name == field.field_name), None)


def _lacks(source: GraphqlSource, written: SourceField) -> Iterator[tuple[str, str]]:
    """(message, hint) of what keeps the field from being read page by page."""
    missing = [each for each in ("cursor", "limit") if each not in written.arguments]
    if missing:
        what = " and ".join(f"`{each}`" for each in missing)
        yield f"`{written.name}` is a list without {what}", f"add the argument {what}"
    found = (each for each in source.types if each.name == written.type)
    page = {each.name: each for kind in found for each in kind.fields}
    items = page.get("items")
    if written.repeated or items is None or not items.repeated or "nextCursor" not in page:
        yield (
            f"`{written.name}` answers `{written.type}`, which is no page",
            "answer a type with `items` and `nextCursor`",
        )


RULE = Rule(code="GQL015", name="list-without-page", family="GraphQL contracts", check=check)
