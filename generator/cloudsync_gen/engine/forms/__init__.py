"""Forms -> bytes: one module per form that needs a library of its own."""

from __future__ import annotations
