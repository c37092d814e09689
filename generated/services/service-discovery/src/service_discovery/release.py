"""The release job: `python -m service_discovery.release [FILE]` defines the services of a release.

FILE is JSON with `services`, each as `define-service` takes it; without it, the one beside this
module, with the services of the platform's model.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from cloudsync_chassis.context import Context
from cloudsync_chassis.executor import Incoming
from cloudsync_chassis.ids import PLATFORM
from cloudsync_chassis.propagation import Trace
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.security.principal import workload
from pydantic import BaseModel

from .base import ITSELF
from .generated import models, operations, port
from .generated.service import SERVICE
from .generated.settings import ServiceSettings
from .handlers import Handlers

BUNDLED = Path(__file__).with_name("services.json")


class Release(BaseModel):
    """The file's content."""

    services: list[models.DefineServiceRequest]


async def enter(handlers: Handlers, path: Path) -> None:
    """Define all services anew or over the old, in one transaction.

    Raises:
        pydantic.ValidationError: the file is no release.
        Problem: `invariant-broken`.
    """
    release = Release.model_validate_json(path.read_bytes())
    incoming = Incoming(principal=workload(ITSELF, PLATFORM), trace=Trace.new())

    async def all_of_it(ctx: Context) -> None:
        for each in release.services:
            await handlers.define_service(ctx, port.DefineService(body=each))

    await handlers.runtime.executor.run(operations.DEFINE_SERVICE, incoming, all_of_it)


async def _main(path: Path) -> None:
    runtime = Runtime(SERVICE, ServiceSettings())
    try:
        await runtime.prepare_database()
        await enter(Handlers(runtime), path)
    finally:
        await runtime.database.dispose()


def main() -> int:
    """Enter the file; the exit code."""
    asyncio.run(_main(Path(sys.argv[1]) if len(sys.argv) > 1 else BUNDLED))
    return 0


if __name__ == "__main__":
    sys.exit(main())
