"""Sagas: every step can be undone, in time."""

from __future__ import annotations

from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.rules.sagas import (
    idempotency_key_unknown,
    pivot_contradicted,
    saga_deadline,
    saga_log_unfit,
    saga_never_completes,
    step_not_triggered,
    step_of_another_service,
    step_without_compensation,
)

RULES: tuple[Rule, ...] = (
    step_without_compensation.RULE,
    step_of_another_service.RULE,
    saga_deadline.RULE,
    saga_never_completes.RULE,
    step_not_triggered.RULE,
    idempotency_key_unknown.RULE,
    saga_log_unfit.RULE,
    pivot_contradicted.RULE,
)
