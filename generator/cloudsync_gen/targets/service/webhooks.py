"""What the service that delivers webhooks has to keep to."""

from __future__ import annotations

from cloudsync_gen.targets.service.facts import ServiceFacts
from cloudsync_gen.targets.service.surroundings import seconds
from cloudsync_gen.targets.service.view_webhooks import WebhooksView


def webhooks_of(facts: ServiceFacts) -> WebhooksView | None:
    """How the gateway has them delivered; None for any service but the one that does it."""
    gateway = facts.system.gateway
    said = gateway.webhook_delivery if gateway else None
    if said is None or said.service != facts.service.id:
        return None
    return WebhooksView(
        id_header=said.id_header,
        timestamp_header=said.timestamp_header,
        signature_header=said.signature_header,
        connect_timeout=seconds(said.connect_timeout),
        timeout=seconds(said.timeout),
        attempts=tuple(map(seconds, said.attempts)),
        jitter=said.jitter_percent / 100,
        retry_after_at_most=seconds(said.retry_after_at_most),
    )
