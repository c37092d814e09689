"""How often Python looks for cycles among its objects. Imports nothing heavy."""

from __future__ import annotations

import gc
import sys


def collect_rarely() -> None:
    """A model is some hundred thousand objects that live as long as the run: Python's defaults look
    at all of them again and again, a fifth of a cold run. What is dropped is still found.
    """
    gc.set_threshold(50_000, 20, 100)


def collect_late() -> None:
    """The same, but nothing is looked at before there is a million of them: a run after a change
    ends with fewer, and almost none of them in a cycle.
    """
    gc.set_threshold(1_000_000, 20, 100)
    gc.callbacks.append(_looked)


def dropped() -> None:
    """Takes back at once what somebody has just done with: the next that is made needs its room,
    and of what refers to itself nothing would be found for long. The C library keeps what is free
    between what is not, unless it is asked (`malloc_trim(3)` of glibc).
    """
    gc.collect()
    if sys.platform == "linux":
        import ctypes

        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)


def _looked(phase: str, _: dict[str, int]) -> None:
    if phase == "stop":
        gc.callbacks.remove(_looked)
        collect_rarely()
