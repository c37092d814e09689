"""A text has another format than the entity's property.

What it does: compares formats (`uuid`, `date-time`, `date`, `uri`, …) of the schema with column
types and scalars.

Why: a moment kept as a day has lost its hour; a day read as a moment gets one that nobody meant.

Example: a column of type `date` for a property of format `date-time`.

Use instead: the type that stands for the format (`uuid`, `timestamptz`, `UUID`, `DateTime`).
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.rules.schema._walk import KINDS
from cloudsync_gen.rules.shapes._aspects import both, differs, form


def check(model: Model) -> Iterator[Diagnostic]:
    for each, meant, found in both(model, "format"):
        is_, should = found.format or "plain text", meant.format or "plain text"
        message = f"`{found.name}` of {form(each)} is {is_}, the schema's {should}"
        yield differs(RULE, each, message, f"use the type that stands for {should}")


RULE = Rule(
    code="SHP008", name="format-differs", family="agreement of shapes", check=check, each=KINDS
)
