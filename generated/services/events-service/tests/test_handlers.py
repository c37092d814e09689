"""What the handlers of events-service do beyond the model. This file is yours."""

from __future__ import annotations

import asyncio
from pathlib import Path

from events_service.generated.testing import started


def test_it_starts(tmp_path: Path) -> None:
    async def ready() -> bool:
        async with started(tmp_path) as service:
            return await service.ready()

    assert asyncio.run(ready())
