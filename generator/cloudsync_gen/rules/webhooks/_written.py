"""Webhook sources as written, webhook by webhook."""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.model.layers.api import Webhook
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules.openapi._sources import Tree, table


def operations(model: Model) -> Iterator[tuple[Webhook, Tree]]:
    """All webhooks that are called by POST, each with its operation as written."""
    sources = {source.document: source.data for source in model.sources.webhooks}
    for webhook in model.all(Webhook):
        item = table(sources.get(webhook.document, {}).get("webhooks")).get(webhook.webhook_name)
        operation = table(table(item).get("post"))
        if operation:
            yield webhook, operation
