"""An integer is too narrow for the entity's property.

What it does: compares the width of columns, proto and GraphQL integers with what the schema's
format and bounds need. `Int` of GraphQL has 32 bits (specification, 3.5.1).

Why: the value wraps around or is refused once it has grown.

Example: `version: Int!` in GraphQL for `format: int64`.

Use instead: `bigint`, `int64`, a scalar `Long`; or a bound in the schema that fits.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.rules.schema._walk import KINDS
from cloudsync_gen.rules.shapes._aspects import both, differs, form


def check(model: Model) -> Iterator[Diagnostic]:
    for each, meant, found in both(model, "width"):
        message = f"`{found.name}` of {form(each)} has {found.bits} bits, the schema {meant.bits}"
        yield differs(RULE, each, message, f"use an integer of {meant.bits} bits")


RULE = Rule(
    code="SHP007", name="integer-width", family="agreement of shapes", check=check, each=KINDS
)
