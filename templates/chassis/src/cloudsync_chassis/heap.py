"""The garbage collector in a process that serves."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_YOUNG = 10_000
"""Objects that come, less those that go, between two looks at the youngest."""


@contextmanager
def still() -> Iterator[None]:
    """Collect nothing meanwhile, and what there is then never: for what is imported at a start.

    Code stays, whatever is looked through; looking takes a quarter of the time of all imports.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def settle() -> None:
    """Leave what a start has made, and keeps, out of all collections to come.

    Libraries, models and routes are some hundred thousand objects, none of which goes before the
    process does. Each full collection would look at all of them, and let a request wait meanwhile.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, *gc.get_threshold()[1:])
