"""A schema has a format that nobody knows.

What it does: reports values of `format` that neither JSON Schema 2020-12 (Validation, section 7.3)
nor OpenAPI's format registry (`int32`, `int64`, `float`, `double`, `byte`, `binary`, `password`)
defines.

Why: an unknown format is ignored: an integer gets another width, a text is not validated.

Example: `lemons: {type: integer, format: int23}`.

Use instead: the format as the hint spells it.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.system import Model
from cloudsync_gen.naming import offered
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.rules.schema._walk import elements, subschemas

FORMATS = frozenset(
    [
        "date-time",
        "date",
        "time",
        "duration",
        "email",
        "idn-email",
        "hostname",
        "idn-hostname",
        "ipv4",
        "ipv6",
        "uri",
        "uri-reference",
        "iri",
        "iri-reference",
        "uuid",
        "uri-template",
        "json-pointer",
        "relative-json-pointer",
        "regex",
        "int32",
        "int64",
        "float",
        "double",
        "byte",
        "binary",
        "password",
    ]
)


def check(model: Model) -> Iterator[Diagnostic]:
    for element in elements(model):
        for pointer, schema in subschemas(element.schema):
            written = schema.get("format")
            if isinstance(written, str) and written not in FORMATS:
                yield RULE.at(
                    model.ref(element.id, "schema", *pointer, "format"),
                    f"nobody knows the format `{written}`",
                    offered(written, FORMATS),
                    element=element.id,
                    facts=(".".join(map(str, pointer)),),
                )


RULE = Rule(
    code="SCH015", name="unknown-format", family="schema validation", check=check, alone=True
)
