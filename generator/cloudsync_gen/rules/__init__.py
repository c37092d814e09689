"""All rules, one line each, ordered by code. Retired codes keep their meaning in `RETIRED`."""

from __future__ import annotations

from collections.abc import Mapping

from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.rules.ddd import (
    call_cycle,
    command_of_another_service,
    create_leaves_property_unset,
    invariant_expression,
    lifecycle_field,
    lifecycle_unknown_state,
    self_call,
    transition_effect,
    unknown_field,
    unreachable_state,
)
from cloudsync_gen.rules.events import (
    event_key_not_in_payload,
    event_nobody_emits,
    payload_property_unfillable,
    topic_with_two_producers,
    topic_without_dead_letter,
)
from cloudsync_gen.rules.links import dangling_link, link_target_type
from cloudsync_gen.rules.model import key_differs_from_id
from cloudsync_gen.rules.observability import (
    alert_without_condition,
    metric_name_style,
    service_without_alert,
    service_without_dashboard,
    service_without_log,
    service_without_trace,
)
from cloudsync_gen.rules.openapi import (
    body_differs_from_input,
    command_in_two_operations,
    compiled_in,
    get_with_command,
    operation_id_differs,
    operation_of_another_service,
    operation_without_command,
    path_parameter,
    response_differs_from_output,
    route_twice,
    success_response,
    unknown_extension,
    unresolved_ref,
)
from cloudsync_gen.rules.regions import failover_leaves_residency, tier_1_in_one_region
from cloudsync_gen.rules.schema import (
    entity_envelope,
    enum_member_style,
    invalid_schema,
    nullable_property,
    property_name_style,
    required_without_property,
    unbounded_value,
    unresolved_schema_ref,
)
from cloudsync_gen.rules.security import (
    command_without_permission,
    permission_granted_to_nobody,
    restricted_in_event,
    role_inheritance_cycle,
    stored_in_clear,
    unclassified_property,
)
from cloudsync_gen.rules.shapes import (
    enum_members_differ,
    extra_field,
    format_differs,
    integer_width,
    length_differs,
    missing_field,
    optionality_differs,
    type_differs,
)
from cloudsync_gen.rules.slo import (
    latency_without_threshold,
    service_without_availability_slo,
    sla_above_slo,
    slo_of_another_service,
)

RULES: tuple[Rule, ...] = (
    command_of_another_service.RULE,
    call_cycle.RULE,
    self_call.RULE,
    lifecycle_unknown_state.RULE,
    unreachable_state.RULE,
    lifecycle_field.RULE,
    invariant_expression.RULE,
    create_leaves_property_unset.RULE,
    unknown_field.RULE,
    transition_effect.RULE,
    event_nobody_emits.RULE,
    event_key_not_in_payload.RULE,
    topic_without_dead_letter.RULE,
    topic_with_two_producers.RULE,
    payload_property_unfillable.RULE,
    dangling_link.RULE,
    link_target_type.RULE,
    key_differs_from_id.RULE,
    operation_without_command.RULE,
    compiled_in.RULE,
    path_parameter.RULE,
    operation_id_differs.RULE,
    body_differs_from_input.RULE,
    response_differs_from_output.RULE,
    command_in_two_operations.RULE,
    operation_of_another_service.RULE,
    unresolved_ref.RULE,
    get_with_command.RULE,
    success_response.RULE,
    unknown_extension.RULE,
    route_twice.RULE,
    service_without_dashboard.RULE,
    service_without_alert.RULE,
    service_without_trace.RULE,
    service_without_log.RULE,
    alert_without_condition.RULE,
    metric_name_style.RULE,
    tier_1_in_one_region.RULE,
    failover_leaves_residency.RULE,
    invalid_schema.RULE,
    unresolved_schema_ref.RULE,
    required_without_property.RULE,
    unbounded_value.RULE,
    enum_member_style.RULE,
    entity_envelope.RULE,
    property_name_style.RULE,
    nullable_property.RULE,
    command_without_permission.RULE,
    permission_granted_to_nobody.RULE,
    unclassified_property.RULE,
    stored_in_clear.RULE,
    restricted_in_event.RULE,
    role_inheritance_cycle.RULE,
    missing_field.RULE,
    extra_field.RULE,
    type_differs.RULE,
    optionality_differs.RULE,
    enum_members_differ.RULE,
    length_differs.RULE,
    integer_width.RULE,
    format_differs.RULE,
    service_without_availability_slo.RULE,
    slo_of_another_service.RULE,
    sla_above_slo.RULE,
    latency_without_threshold.RULE,
)

RETIRED: Mapping[str, str] = {}
"""Code that is no longer given -> the code that took its place, or an empty string."""
