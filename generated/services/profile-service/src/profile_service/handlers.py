"""What profile-service does beyond its model. This file is yours."""

from __future__ import annotations

from .timers import Timers


class Handlers(Timers):
    """What people do with their profiles, what others see of them, what accounts do to them."""
