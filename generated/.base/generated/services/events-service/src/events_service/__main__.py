"""`python -m events_service`."""

from __future__ import annotations

import sys

from cloudsync_chassis import heap

with heap.still():
    from cloudsync_chassis import serve

    from .generated.app import build
    from .generated.service import SERVICE
    from .generated.settings import ServiceSettings
    from .handlers import Handlers


def main() -> int:
    """Serve, or what the arguments say; the exit code."""
    return serve.main(SERVICE, ServiceSettings, lambda runtime: build(runtime, Handlers(runtime)))


if __name__ == "__main__":
    sys.exit(main())
