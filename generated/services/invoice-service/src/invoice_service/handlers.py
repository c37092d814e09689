"""What invoice-service does beyond its model. This file is yours."""

from __future__ import annotations

from .credits import Credits


class Handlers(Credits):
    """Profiles, drafts, issuing, credits."""
