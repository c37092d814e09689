"""What metrics-service does beyond its model. This file is yours."""

from __future__ import annotations

from .generated.defaults import Defaults


class Handlers(Defaults):
    """Override what you need: each method of `Defaults` shows how, and may still be called."""
