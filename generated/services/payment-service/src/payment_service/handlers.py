"""What payment-service does beyond its model. This file is yours."""

from __future__ import annotations

from .notices import Notices


class Handlers(Notices):
    """Ledger, attempts, charges, refunds, disputes, settlements, methods, notices."""
