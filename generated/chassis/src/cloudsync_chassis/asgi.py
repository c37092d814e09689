"""uvicorn without its command line: who serves reads arguments of its own."""

from __future__ import annotations

from cloudsync_chassis.lean import promised

with promised("uvicorn.main"):
    from uvicorn.config import Config
    from uvicorn.server import Server

__all__ = ["Config", "Server"]
