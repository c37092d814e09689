"""Event-driven patterns: facts with an owner, a key, a payload and a way out for dead letters."""

from __future__ import annotations

from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.rules.events import (
    collecting_form,
    consumer_of_own_event,
    dead_letter_retention,
    duplicate_consumption,
    event_key_not_in_payload,
    event_key_untold,
    event_nobody_emits,
    event_not_past,
    handler_of_another_service,
    payload_property_unfillable,
    queue_without_dead_letter,
    queue_without_worker,
    queued_call_topic,
    replication_above_nodes,
    topic_version,
    topic_with_two_producers,
    topic_without_dead_letter,
)

RULES: tuple[Rule, ...] = (
    event_nobody_emits.RULE,
    event_key_not_in_payload.RULE,
    topic_without_dead_letter.RULE,
    topic_with_two_producers.RULE,
    payload_property_unfillable.RULE,
    consumer_of_own_event.RULE,
    dead_letter_retention.RULE,
    duplicate_consumption.RULE,
    handler_of_another_service.RULE,
    queue_without_dead_letter.RULE,
    queued_call_topic.RULE,
    event_key_untold.RULE,
    replication_above_nodes.RULE,
    queue_without_worker.RULE,
    topic_version.RULE,
    event_not_past.RULE,
    collecting_form.RULE,
)
