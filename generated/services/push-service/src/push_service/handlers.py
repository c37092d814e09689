"""What push-service does beyond its model. This file is yours."""

from __future__ import annotations

from .facts import Facts


class Handlers(Facts):
    """Devices, fan-out, and what is told of facts elsewhere."""
