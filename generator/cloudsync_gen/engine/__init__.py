"""Units -> bytes -> files: render, cache, lock, reconcile, write."""

from __future__ import annotations
