"""What search-service does beyond its model. This file is yours."""

from __future__ import annotations

from .asking import Asking


class Handlers(Asking):
    """Entries by call and event, people, tuning, questions, and what remains of them."""
