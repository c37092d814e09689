"""What subscription-service does beyond its model. This file is yours."""

from __future__ import annotations

from .changes import Changes


class Handlers(Changes):
    """Catalogue, orders, their saga, lives of subscriptions and changes of them."""
