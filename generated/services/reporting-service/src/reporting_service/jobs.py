"""`python -m reporting_service.jobs`: one look at the clock for all tenants, for a job by the minute.

A service that is asked nothing after a start has no worker; where schedules must not wait for the
first request, run this beside it. It ends once the reports that it has begun are written.
"""

from __future__ import annotations

import asyncio
import sys

from cloudsync_chassis.runtime import Runtime

from .generated.service import SERVICE
from .generated.settings import ServiceSettings
from .handlers import Handlers


async def once(settings: ServiceSettings) -> None:
    """Do what is due, over the service's own store."""
    runtime = Runtime(SERVICE, settings)
    handlers = Handlers(runtime)
    handlers.lasting = False
    await runtime.start()
    try:
        await handlers.round()
        await handlers.finished()
    finally:
        await runtime.stop()


def main() -> int:
    """The exit code."""
    asyncio.run(once(ServiceSettings()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
