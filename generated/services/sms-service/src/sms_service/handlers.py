"""What sms-service does beyond its model. This file is yours."""

from __future__ import annotations

from .people import People


class Handlers(People):
    """Texts, receipts, countries, and what is told of facts elsewhere."""
