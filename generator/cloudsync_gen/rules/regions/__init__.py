"""Multi-region deployment: placement, replication, residency."""

from __future__ import annotations
