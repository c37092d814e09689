"""Data stores: tables that a database will accept."""

from __future__ import annotations

from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.rules.stores import (
    column_of_no_schema,
    foreign_key_across_schemas,
    foreign_key_cycle,
    foreign_key_mismatch,
    order_without_identity,
    outbox_missing,
    partition_outside_key,
    property_in_two_columns,
    reserved_word,
    schema_without_owner,
    sql_expression,
    store_untold,
    technical_table_form,
    unique_without_index,
    unknown_index_column,
    unknown_key_column,
    version_column_form,
)

RULES: tuple[Rule, ...] = (
    unknown_key_column.RULE,
    unknown_index_column.RULE,
    partition_outside_key.RULE,
    sql_expression.RULE,
    reserved_word.RULE,
    foreign_key_across_schemas.RULE,
    schema_without_owner.RULE,
    foreign_key_mismatch.RULE,
    foreign_key_cycle.RULE,
    property_in_two_columns.RULE,
    unique_without_index.RULE,
    technical_table_form.RULE,
    version_column_form.RULE,
    order_without_identity.RULE,
    column_of_no_schema.RULE,
    outbox_missing.RULE,
    store_untold.RULE,
)
