"""What version-service does beyond its model. This file is yours."""

from __future__ import annotations

from .timers import Timers


class Handlers(Timers):
    """Histories and their readers, sessions of editing, holds, thinning, farewells."""
