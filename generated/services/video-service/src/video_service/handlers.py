"""What video-service does beyond its model. This file is yours."""

from __future__ import annotations

from .timers import Timers


class Handlers(Timers):
    """Meetings, their doors and rooms, who is in them, and what is kept of them."""
