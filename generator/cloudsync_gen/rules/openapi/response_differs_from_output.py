"""The answer of an operation is not the output of its command.

What it does: compares the schema of the JSON answer that means success with `output` of the command
or query.

Why: the port returns the output; clients read what the contract says.

Example: an answer `$ref: …/recipe.yaml#/recipe-page/schema` where the output is `recipe`.

Use instead: a `$ref` to the output's schema; no content where there is no output.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.effects import performed_by
from cloudsync_gen.model.layers.application import Command, Query
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._links import misled
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.rules.openapi._sources import (
    Written,
    element_at,
    json_schemas,
    successes,
    table,
    written,
)
from cloudsync_gen.rules.openapi._structure import strangers
from cloudsync_gen.source import Ref


def check(model: Model) -> Iterator[Diagnostic]:
    for each in written(model):
        performed = performed_by(model, each.operation.command)
        if performed is None or misled(model, performed.id, "output-schema"):
            continue
        statuses = successes(each)
        found = _problem(model, each, statuses[0], performed) if len(statuses) == 1 else None
        if found is not None:
            yield RULE.at(
                found[0],
                found[1],
                "refer to the output's schema, or change the output",
                element=each.operation.id,
                related=(Related(model.ref(performed.id, "output"), "the output"),),
            )


def _problem(
    model: Model, each: Written, status: str, performed: Command | Query
) -> tuple[Ref, str] | None:
    response = table(each.data["responses"]).get(status)
    ref = each.ref.at("responses", status)
    content = table(table(response).get("content"))
    if performed.output is None:
        return (ref.name("content"), f"`{performed.id}` gives no output") if content else None
    if strangers("response", table(response)):
        return None
    if not content:
        return ref.name(), f"`{performed.id}` gives `{performed.output}`, but there is no content"
    for place, schema in json_schemas(ref, response):
        element = element_at(model, place, schema)
        if element is not None and element != performed.output:
            what = f"`{element}`" if element else "a schema of its own"
            return place.at("$ref"), f"the answer is {what}, the output `{performed.output}`"
    return None


RULE = Rule(
    code="OAS015",
    name="response-differs-from-output",
    family="OpenAPI contracts",
    check=check,
)
