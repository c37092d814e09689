"""Screens and routes against the operations behind them."""

from __future__ import annotations
