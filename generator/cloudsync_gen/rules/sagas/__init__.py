"""Sagas: every step can be undone, in time."""

from __future__ import annotations
