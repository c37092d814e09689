"""Comprehensive observability: every service can be watched."""

from __future__ import annotations

from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.rules.observability import (
    alert_metric_unnamed,
    alert_without_condition,
    attribute_masked,
    attribute_misspelt,
    bucket_order,
    golden_signal_missing,
    label_classified,
    log_without_basics,
    metric_name_style,
    metric_unit_style,
    nobody_is_woken,
    service_without_alert,
    service_without_dashboard,
    service_without_log,
    service_without_trace,
    unknown_label_in_expression,
    unknown_metric_in_expression,
    unused_metric,
)

RULES: tuple[Rule, ...] = (
    service_without_dashboard.RULE,
    service_without_alert.RULE,
    service_without_trace.RULE,
    service_without_log.RULE,
    alert_without_condition.RULE,
    metric_name_style.RULE,
    unknown_metric_in_expression.RULE,
    attribute_masked.RULE,
    unused_metric.RULE,
    golden_signal_missing.RULE,
    alert_metric_unnamed.RULE,
    nobody_is_woken.RULE,
    log_without_basics.RULE,
    bucket_order.RULE,
    label_classified.RULE,
    metric_unit_style.RULE,
    unknown_label_in_expression.RULE,
    attribute_misspelt.RULE,
)
