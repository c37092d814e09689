"""SQLAlchemy's engine for asyncio without the ORM, which comes with its package.

Repositories work on tables. Without the ORM a process is six megabytes smaller.
"""

from __future__ import annotations

from cloudsync_chassis.lean import unpacked

with unpacked("sqlalchemy.ext.asyncio"):
    from sqlalchemy.ext.asyncio.engine import AsyncConnection, AsyncEngine, create_async_engine

__all__ = ["AsyncConnection", "AsyncEngine", "create_async_engine"]
