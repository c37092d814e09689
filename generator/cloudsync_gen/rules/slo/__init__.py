"""SLI/SLO/SLA definitions: promises that can be kept."""

from __future__ import annotations

from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.rules.slo import (
    call_outlasts_caller,
    call_outlasts_request,
    latency_without_threshold,
    retry_amplification,
    service_without_availability_slo,
    sla_above_slo,
    sla_window_shorter,
    slo_above_dependencies,
    slo_of_another_service,
    timeout_below_target,
)

RULES: tuple[Rule, ...] = (
    service_without_availability_slo.RULE,
    slo_of_another_service.RULE,
    sla_above_slo.RULE,
    latency_without_threshold.RULE,
    slo_above_dependencies.RULE,
    timeout_below_target.RULE,
    retry_amplification.RULE,
    call_outlasts_caller.RULE,
    call_outlasts_request.RULE,
    sla_window_shorter.RULE,
)
