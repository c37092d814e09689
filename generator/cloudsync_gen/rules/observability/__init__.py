"""Comprehensive observability: every service can be watched."""

from __future__ import annotations
