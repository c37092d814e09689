"""What ml-service does beyond its model. This file is yours."""

from __future__ import annotations

from .forgetting import Forgetting


class Handlers(Forgetting):
    """Serving, observing, the registry, training and forgetting; each builds on the one before."""
