"""Schemas of the data model: valid, bounded, named alike."""

from __future__ import annotations

from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.rules.schema import (
    contradictory_bounds,
    entity_envelope,
    entity_of_nobody,
    enum_member_style,
    input_wider_than_entity,
    integer_beyond_json,
    invalid_schema,
    nullable_property,
    open_object,
    property_name_style,
    property_without_type,
    required_without_property,
    unbounded_value,
    unknown_format,
    unknown_keyword,
    unresolved_schema_ref,
    unused_schema,
)

RULES: tuple[Rule, ...] = (
    invalid_schema.RULE,
    unresolved_schema_ref.RULE,
    required_without_property.RULE,
    unbounded_value.RULE,
    enum_member_style.RULE,
    entity_envelope.RULE,
    property_name_style.RULE,
    nullable_property.RULE,
    open_object.RULE,
    contradictory_bounds.RULE,
    property_without_type.RULE,
    unused_schema.RULE,
    input_wider_than_entity.RULE,
    unknown_keyword.RULE,
    unknown_format.RULE,
    entity_of_nobody.RULE,
    integer_beyond_json.RULE,
)
