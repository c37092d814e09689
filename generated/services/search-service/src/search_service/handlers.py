"""What search-service does beyond its model. This file is yours."""

from __future__ import annotations

from .rebuilding import Rebuilding


class Handlers(Rebuilding):
    """Entries by call and event, people, tuning, questions, what remains of them, rebuilds."""
