"""Prose of the model, as short as a whole thought of it is."""

from __future__ import annotations

import re

_SENTENCE = re.compile(r"^(.+?[.!?])(\s|$)")


def summary(text: str, width: int = 88) -> str:
    """The first sentence of a text on one line; of one that is longer than `width` only what comes
    before a semicolon, if it has one. Never part of a thought.
    """
    line = " ".join(text.split())
    match = _SENTENCE.match(line)
    first = match[1] if match else line
    clause, semicolon, _ = first.partition("; ")
    return f"{clause}." if len(first) > width and semicolon else first
