"""What usage-service does beyond its model. This file is yours."""

from __future__ import annotations

from .metering import Metering


class Handlers(Metering):
    """Seats, the people on them, what plans entitle to, and what is used."""
