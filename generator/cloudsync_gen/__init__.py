"""One architecture model in, every contract and skeleton that must agree with it out."""

from __future__ import annotations

__all__ = ["__version__"]

__version__ = "0.1.0"
