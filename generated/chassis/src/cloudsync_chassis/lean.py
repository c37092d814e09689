"""Libraries without what they load only to print on terminals, where that is installed at all.

Both prepare for commands and colours that no service has: with them a start takes a sixth longer.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without(name: str) -> Iterator[None]:
    """Let what is imported meanwhile take a library for not installed, unless it is loaded."""
    if name in sys.modules:
        yield
        return
    # what `import` takes for a module that is not there (Python reference, 5.3.1)
    sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[name]


with without("rich"):
    import httpx
    import structlog

__all__ = ["httpx", "structlog"]
