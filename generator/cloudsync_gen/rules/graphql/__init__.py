"""GraphQL sources: every root field is resolved by an operation, every entity exists."""

from __future__ import annotations

from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.rules.graphql import (
    field_without_resolver,
    follow_form,
    follow_unknown_property,
    graphql_name_style,
    join_differs_from_answer,
    join_form,
    join_unanswerable,
    list_without_page,
    nullable_mutation,
    performs_of_another_service,
    query_with_command,
    resolved_out_of_reach,
    unknown_entity,
)

RULES: tuple[Rule, ...] = (
    field_without_resolver.RULE,
    unknown_entity.RULE,
    query_with_command.RULE,
    performs_of_another_service.RULE,
    graphql_name_style.RULE,
    list_without_page.RULE,
    nullable_mutation.RULE,
    join_form.RULE,
    resolved_out_of_reach.RULE,
    join_unanswerable.RULE,
    join_differs_from_answer.RULE,
    follow_form.RULE,
    follow_unknown_property.RULE,
)
