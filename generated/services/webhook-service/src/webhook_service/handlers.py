"""What webhook-service does beyond its model. This file is yours."""

from __future__ import annotations

from .dispatch import Dispatch


class Handlers(Dispatch):
    """Endpoints and what is delivered to them."""
