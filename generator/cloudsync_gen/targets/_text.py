"""Prose of the model, cut to what fits a line of code."""

from __future__ import annotations

import re

_SENTENCE = re.compile(r"^(.+?[.!?])(\s|$)")


def summary(text: str, width: int = 88) -> str:
    """The first sentence of a text on one line, shortened at a word where it is longer than
    `width`.
    """
    line = " ".join(text.split())
    match = _SENTENCE.match(line)
    first = match[1] if match else line
    if len(first) <= width:
        return first
    return first[: width - 1].rpartition(" ")[0].rstrip(",;:") + "…"
