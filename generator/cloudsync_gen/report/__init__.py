"""Findings in each format. Pure: text in, text out; `cli` prints it."""

from __future__ import annotations
