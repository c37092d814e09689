"""What email-service does beyond its model. This file is yours."""

from __future__ import annotations

from .people import People


class Handlers(People):
    """Words, orders, hand-overs, receipts, digests, and what is told of facts elsewhere."""
