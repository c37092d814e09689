"""The garbage collector in a process that serves."""

from __future__ import annotations

import gc

_YOUNG = 10_000
"""Objects that come, less those that go, between two looks at the youngest."""


def settle() -> None:
    """Leave what a start has made, and keeps, out of all collections to come.

    Libraries, models and routes are some hundred thousand objects, none of which goes before the
    process does. Each full collection would look at all of them, and let a request wait meanwhile.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, *gc.get_threshold()[1:])
