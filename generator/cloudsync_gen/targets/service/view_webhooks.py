"""How webhooks are delivered, as a template sees it."""

from __future__ import annotations

from msgspec import Struct


class WebhooksView(Struct, frozen=True, kw_only=True):
    """Headers of a delivery, and its times in seconds; `jitter` is a share."""

    id_header: str
    timestamp_header: str
    signature_header: str
    connect_timeout: float
    timeout: float
    attempts: tuple[float, ...]
    jitter: float
    retry_after_at_most: float
