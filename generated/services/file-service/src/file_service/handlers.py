"""What file-service does beyond its model. This file is yours."""

from __future__ import annotations

from .upkeep import Upkeep


class Handlers(Upkeep):
    """Uploads, scans, links, downloads, other bytes, endings, tenants, and what runs by itself."""
