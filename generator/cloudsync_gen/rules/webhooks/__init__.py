"""Webhook sources: every webhook tells an event as it is."""

from __future__ import annotations

from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.rules.webhooks import (
    body_differs_from_payload,
    delivery_form,
    delivery_untold,
    webhook_form,
    webhook_without_answer,
    webhook_without_event,
)

RULES: tuple[Rule, ...] = (
    webhook_without_event.RULE,
    body_differs_from_payload.RULE,
    webhook_form.RULE,
    webhook_without_answer.RULE,
    delivery_untold.RULE,
    delivery_form.RULE,
)
