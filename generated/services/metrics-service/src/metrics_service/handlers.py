"""What metrics-service does beyond its model. This file is yours."""

from __future__ import annotations

from .watching import Watching


class Handlers(Watching):
    """Definitions, facts, roll-ups, questions and bands; each builds on the one before."""
