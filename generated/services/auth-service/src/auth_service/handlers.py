"""What auth-service does beyond its model. This file is yours."""

from __future__ import annotations

from .timers import Timers


class Handlers(Timers):
    """Logins, factors, decisions, keys and tenancy, each built on the one before."""
