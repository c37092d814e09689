"""Data stores: tables that a database will accept."""

from __future__ import annotations
