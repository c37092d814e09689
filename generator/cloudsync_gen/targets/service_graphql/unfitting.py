"""What a field is refused with that nothing can answer."""

from __future__ import annotations


class Unfitting(RuntimeError):
    """A field that cannot be answered by what it names."""
