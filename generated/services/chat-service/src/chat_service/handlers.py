"""What chat-service does beyond its model. This file is yours."""

from __future__ import annotations

from .timers import Timers


class Handlers(Timers):
    """Messages, channels and their people, presence, farewells, and what happens by the clock."""
