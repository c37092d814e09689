"""What webhook-service does beyond its model. This file is yours."""

from __future__ import annotations

from .deliveries import Deliveries


class Handlers(Deliveries):
    """Endpoints and what is delivered to them."""
