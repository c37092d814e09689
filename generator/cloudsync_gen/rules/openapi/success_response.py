"""An operation has no answer that means success, or several.

What it does: counts the responses with a status of 200 to 299.

Why: an operation has one output; clients have one type to return.

Example: `responses: {"200": …, "201": …}`.

Use instead: one status; two operations where two outcomes differ.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.rules.openapi._sources import successes, written
from cloudsync_gen.rules.openapi._structure import strangers


def check(model: Model) -> Iterator[Diagnostic]:
    for each in written(model):
        found = successes(each)
        written_so = isinstance(each.data.get("responses", {}), dict)
        if len(found) == 1 or strangers("operation", each.data) or not written_so:
            continue
        what = f"answers {' and '.join(found)}" if found else "has no answer that means success"
        yield RULE.at(
            each.ref.name("responses") if "responses" in each.data else each.ref,
            f"`{each.operation.operation_id}` {what}",
            "give exactly one status of 200 to 299",
            element=each.operation.id,
        )


RULE = Rule(code="OAS020", name="success-response", family="OpenAPI contracts", check=check)
