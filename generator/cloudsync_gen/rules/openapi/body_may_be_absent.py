"""An operation does not say whether its body may be left out, or says so although it may not.

What it does: wants `required` of each request body in an OpenAPI source, and wants it to be `true`
where the body has properties that are required.

Why: a body is optional unless it says otherwise (OpenAPI 3.1, Request Body Object), which nobody
means who forgets it: clients offer the call without one, and the service refuses it.

Example: `requestBody: { content: … }`.

Use instead: `requestBody: { required: true, content: … }`, or `required: false` where it is meant.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.schema_view import required
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.rules.openapi._sources import element_at, json_schemas, written


def check(model: Model) -> Iterator[Diagnostic]:
    for each in written(model):
        body = each.data.get("requestBody")
        if not isinstance(body, dict) or body.get("required") is True:
            continue
        place = each.ref.at("requestBody")
        if "required" not in body:
            yield RULE.at(
                place,
                "this body may be left out, since nothing else is said",
                "add `required: true`, or `required: false` where that is meant",
                element=each.operation.id,
            )
            continue
        for ref, schema in json_schemas(place, body):
            if body["required"] is False and required(model, element_at(model, ref, schema)):
                yield RULE.at(
                    place.at("required"),
                    "this body may be left out, but has properties that may not",
                    "write `required: true`",
                    element=each.operation.id,
                )


RULE = Rule(code="OAS032", name="body-may-be-absent", family="OpenAPI contracts", check=check)
