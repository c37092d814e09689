"""Agreement: every shape of an entity says the same as its JSON Schema."""

from __future__ import annotations

from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.rules.shapes import (
    column_name_misspelt,
    column_of_another_property,
    enum_members_differ,
    extra_field,
    format_differs,
    integer_width,
    length_differs,
    missing_field,
    optionality_differs,
    type_differs,
)

RULES: tuple[Rule, ...] = (
    missing_field.RULE,
    extra_field.RULE,
    type_differs.RULE,
    optionality_differs.RULE,
    enum_members_differ.RULE,
    length_differs.RULE,
    integer_width.RULE,
    format_differs.RULE,
    column_of_another_property.RULE,
    column_name_misspelt.RULE,
)
