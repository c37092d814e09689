"""A member of an enumeration is not written in lowerCamelCase.

What it does: looks at the members of enumerations, named ones and those written in place. A single
member is a constant, which may be spelled by somebody else's standard (`ES256`).

Why: each language spells members by its own style (`IN_REVIEW`, `InReview`), which works one to one
from lowerCamelCase alone.

Example: `enum: [draft, in_review]`.

Use instead: `enum: [draft, inReview]`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.system import Model
from cloudsync_gen.naming import camel
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.rules.schema._walk import elements, subschemas

_STYLE = re.compile(r"^[a-z][a-zA-Z0-9]*$")


def check(model: Model) -> Iterator[Diagnostic]:
    for element in elements(model):
        for pointer, schema in subschemas(element.schema):
            members = schema.get("enum")
            if not isinstance(members, list) or len(members) < 2:
                continue
            for index, member in enumerate(members):
                if isinstance(member, str) and not _STYLE.match(member):
                    name = camel(member)
                    yield RULE.at(
                        model.ref(element.id, "schema", *pointer, "enum", index),
                        f"`{member}` is not written in lowerCamelCase",
                        f"write `{name}`" if name else "begin with a letter",
                        element=element.id,
                        facts=(*map(str, pointer), member),
                    )


RULE = Rule(
    code="SCH005", name="enum-member-style", family="schema validation", check=check, alone=True
)
