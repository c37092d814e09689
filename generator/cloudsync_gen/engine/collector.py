"""How often Python looks for cycles among its objects. Imports nothing heavy."""

from __future__ import annotations

import gc


def collect_rarely() -> None:
    """A model is some hundred thousand objects that live as long as the run: Python's defaults look
    at all of them again and again, a fifth of a cold run. What is dropped is still found.
    """
    gc.set_threshold(50_000, 20, 100)


def dropped() -> None:
    """Takes back at once what somebody has just done with: the next that is made needs its room,
    and of what refers to itself nothing would be found for long.
    """
    gc.collect()
