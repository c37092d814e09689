"""The body of an operation is not the input of its command.

What it does: compares the schema of each JSON request body with `input` of the command or query.

Why: the port takes the input; a body of another schema would be validated as one thing and handled
as another.

Example: a body `$ref: …/recipe.yaml#/recipe/schema` where the command's input is `new-recipe`.

Use instead: a `$ref` to the input's schema; no body where the command takes no input.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.effects import performed_by
from cloudsync_gen.model.layers.application import Command, Query
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._links import misled
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.rules.openapi._sources import Written, element_at, json_schemas, written
from cloudsync_gen.rules.openapi._structure import strangers
from cloudsync_gen.source import Ref


def check(model: Model) -> Iterator[Diagnostic]:
    for each in written(model):
        performed = performed_by(model, each.operation.command)
        if performed is None or misled(model, performed.id, "input-schema"):
            continue
        found = _problem(model, each, performed)
        if found is not None:
            yield RULE.at(
                found[0],
                found[1],
                "refer to the input's schema, or change the input",
                element=each.operation.id,
                related=(Related(model.ref(performed.id, "input"), "the input"),),
            )


def _problem(model: Model, each: Written, performed: Command | Query) -> tuple[Ref, str] | None:
    body = each.data.get("requestBody")
    if each.operation.method in ("get", "head"):
        wrong = body is not None
        return (
            (each.ref.name("requestBody"), "a GET has no body (RFC 9110, 9.3.1)") if wrong else None
        )
    if performed.input is None:
        message = f"`{performed.id}` takes no input"
        return (each.ref.name("requestBody"), message) if body is not None else None
    if body is None and strangers("operation", each.data):
        return None
    if body is None:
        return each.ref, f"`{performed.id}` takes `{performed.input}`, but there is no body"
    for place, schema in json_schemas(each.ref.at("requestBody"), body):
        element = element_at(model, place, schema)
        if element is not None and element != performed.input:
            what = f"`{element}`" if element else "a schema of its own"
            return place.at("$ref"), f"the body is {what}, the input `{performed.input}`"
    return None


RULE = Rule(code="OAS014", name="body-differs-from-input", family="OpenAPI contracts", check=check)
