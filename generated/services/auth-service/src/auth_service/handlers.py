"""What auth-service does beyond its model. This file is yours."""

from __future__ import annotations

from .tenancy import Tenancy


class Handlers(Tenancy):
    """Logins, factors, decisions, keys and tenancy, each built on the one before."""
