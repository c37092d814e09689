"""A list query does not answer with a page.

What it does: looks for a required list `items` and a text `nextCursor` in the output of queries
with `kind: list`.

Why: contract, client and default handler go from page to page by these two names.

Example: `kind: list` with `output: data_model.entity.recipe`.

Use instead: a message with `items` (required, bounded) and `nextCursor`.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.layers.application import Query
from cloudsync_gen.model.schema_view import data_element, properties, required, resolved
from cloudsync_gen.model.system import Model
from cloudsync_gen.naming import camel
from cloudsync_gen.rules._known import sound
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    for query in model.all(Query):
        if query.kind != "list" or data_element(model, query.output) is None:
            continue
        problem = _problem(model, query.output)
        if problem and sound(model, query.output):
            yield RULE.at(
                model.ref(query.id, "output"),
                f"`{query.output}` {problem}",
                "answer with a message of `items` and `nextCursor`",
                element=query.id,
                related=(Related(model.ref(query.output, "schema"), "the output"),),
            )


def _problem(model: Model, output: str) -> str:
    fields = properties(model, output)
    _, items = resolved(model, output, fields.get("items"))
    if "items" not in fields or items.get("type", "array") != "array":
        return "has no list `items`"
    if "items" not in required(model, output):
        return "does not require `items`"
    return "" if "nextCursor" in map(camel, fields) else "has no `nextCursor`"


RULE = Rule(code="DDD014", name="page-form", family="domain-driven design", check=check)
