"""The release job: `python -m subscription_service.release [FILE]` enters plans and prices.

FILE is the reviewed catalogue, JSON with `plans` (as `introduce-plan`) and `prices` (as
`publish-plan-price`); without it, the one beside this module. What is there already stays.
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

from .generated import models, operations, port
from .generated.service import SERVICE
from .generated.settings import ServiceSettings
from .handlers import Handlers

BUNDLED = Path(__file__).with_name("catalogue.json")


class CatalogueFile(BaseModel):
    """The file's content."""

    plans: list[models.IntroducePlanRequest]
    prices: list[models.PublishPlanPriceRequest]


async def enter(handlers: Handlers, path: Path) -> None:
    """Enter all plans and prices in one transaction.

    Raises:
        pydantic.ValidationError: the file is not a catalogue.
        Problem: what a plan or price is refused for.
    """
    catalogue = CatalogueFile.model_validate_json(path.read_bytes())
    runtime = handlers.runtime
    incoming = Incoming(principal=workload(runtime.spec.name, PLATFORM), trace=Trace.new())

    async def all_of_it(ctx: Context) -> None:
        for plan in catalogue.plans:
            if await handlers.plan.find(ctx, code=plan.code) is None:
                await handlers.introduce_plan(ctx, port.IntroducePlan(body=plan))
        for price in catalogue.prices:
            await handlers.publish_plan_price(ctx, port.PublishPlanPrice(body=price))

    await runtime.executor.run(operations.INTRODUCE_PLAN, incoming, all_of_it)


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
