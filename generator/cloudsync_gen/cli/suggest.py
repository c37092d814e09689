"""What somebody may have meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

_ALIKE = 0.5


def did_you_mean(given: str, known: Iterable[str], before: str = "") -> str:
    """`; did you mean `x`?`, or nothing where nothing reads alike; `before` goes before names."""
    found = get_close_matches(given, sorted(known), n=1, cutoff=_ALIKE)
    return f"; did you mean `{before}{found[0]}`?" if found else ""
