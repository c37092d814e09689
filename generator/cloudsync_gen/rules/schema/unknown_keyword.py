"""A schema has a keyword that nobody knows.

What it does: reports extensions (`x-…`) of the data model's schemas that are none of ours, and
keywords of schemas in OpenAPI sources that are none of JSON Schema 2020-12, of OpenAPI's schema
objects, nor ours. Other keywords of the data model are `invalid-schema`'s business.

Why: JSON Schema ignores what it does not know, so that a bound or a class of data that is misspelt
holds nothing and protects nobody.

Example: `title: {type: string, maxLength: 80, x-clasification: public}`.

Use instead: the keyword as the hint spells it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.system import Model
from cloudsync_gen.naming import offered
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.rules.openapi._structure import documents, objects
from cloudsync_gen.rules.schema._walk import elements, subschemas
from cloudsync_gen.source import Ref

_CORE = "$schema $id $ref $anchor $dynamicRef $dynamicAnchor $vocabulary $comment $defs"
_APPLICATORS = (
    "allOf anyOf oneOf not if then else dependentSchemas prefixItems items contains properties"
    " patternProperties additionalProperties propertyNames unevaluatedItems unevaluatedProperties"
)
_VALIDATION = (
    "type enum const multipleOf maximum exclusiveMaximum minimum exclusiveMinimum maxLength"
    " minLength pattern maxItems minItems uniqueItems maxContains minContains maxProperties"
    " minProperties required dependentRequired"
)
_OTHERS = (
    "title description default deprecated readOnly writeOnly examples format contentEncoding"
    " contentMediaType contentSchema"
)
_OPENAPI = "discriminator xml externalDocs example"
_OURS = "x-classification"
KEYWORDS = frozenset(" ".join((_CORE, _APPLICATORS, _VALIDATION, _OTHERS, _OPENAPI, _OURS)).split())
"""JSON Schema 2020-12 (Core 8 and 10, Validation 6 to 9), OpenAPI 3.1 4.8.24, and ours."""


def check(model: Model) -> Iterator[Diagnostic]:
    for element in elements(model):
        yield from _unknown(model.ref(element.id, "schema"), element.schema, element.id, "x-")
    for source in documents(model):
        for _, pointer, data in objects(source.data):
            if isinstance(data.get("schema"), dict):
                yield from _unknown(Ref(source.file, (*pointer, "schema")), data["schema"], "", "")


def _unknown(
    ref: Ref, schema: Mapping[str, Any], element: str, prefix: str
) -> Iterator[Diagnostic]:
    for pointer, each in subschemas(schema):
        for keyword in sorted(each.keys() - KEYWORDS):
            if not keyword.startswith(prefix):
                continue
            yield RULE.at(
                ref.at(*pointer).name(keyword),
                f"`{keyword}` is no keyword of a schema, and would be ignored",
                offered(keyword, KEYWORDS, otherwise="remove it"),
                element=element,
                facts=(".".join(map(str, pointer)), keyword),
            )


RULE = Rule(
    code="SCH014", name="unknown-keyword", family="schema validation", check=check, alone=True
)
