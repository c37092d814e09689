"""A page has more entries by default than at most.

What it does: compares `pageSize` of the gateway with its `maxPageSize`.

Why: a list that is asked for without a size would be refused for its size.

Example: `pageSize: 200, maxPageSize: 100`.

Use instead: `pageSize: 20, maxPageSize: 100`.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.layers.api import Gateway
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    for gateway in model.all(Gateway):
        if gateway.page_size > gateway.max_page_size:
            yield RULE.at(
                model.ref(gateway.id, "pageSize"),
                f"{gateway.page_size} entries by default, but at most {gateway.max_page_size}",
                "raise `maxPageSize`, or lower this",
                element=gateway.id,
                related=(Related(model.ref(gateway.id, "maxPageSize"), "at most"),),
            )


RULE = Rule(
    code="OAS030",
    name="page-size-out-of-order",
    family="OpenAPI contracts",
    check=check,
)
