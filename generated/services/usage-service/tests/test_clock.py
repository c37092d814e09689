"""What usage-service does by the clock."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from cloudsync_chassis import clock
from house import DAY, House, play
from usage_service.generated import models


def test_sums_by_the_minute_lose_and_double_nothing(tmp_path: Path) -> None:
    async def scene(at: House) -> None:
        await at.activated()
        await at.service.tick()
        assert await at.said("usage-recorded") == []
        await at.record(1_000_000)
        at.service.later(timedelta(minutes=1))
        await at.service.tick()
        await at.record(2_000_000)
        await at.service.tick()
        assert len(await at.said("usage-recorded")) == 1, "the minute is not over"
        at.service.later(timedelta(minutes=7))
        await at.record(3_000_000, occurredAt=clock.now() - timedelta(minutes=3))
        await at.service.tick()
        at.service.later(timedelta(minutes=1))
        await at.service.tick()
        told = [
            (each["quantityMicros"], each["totalMicros"])
            for each in await at.said("usage-recorded")
        ]
        assert told == [(1_000_000, 1_000_000), (5_000_000, 6_000_000)]

    play(tmp_path, scene)


def test_the_clock_ends_holds_and_begins_to_close(tmp_path: Path) -> None:
    async def scene(at: House) -> None:
        order = await at.activated()
        await at.order(7)
        at.service.later(timedelta(minutes=29))
        await at.service.tick()
        assert await at.pool() == (7, 10, 0)
        at.service.later(timedelta(minutes=2))
        await at.service.tick()
        assert await at.pool() == (0, 10, 0)
        at.service.later(33 * DAY - timedelta(hours=1))
        await at.service.tick()
        assert (await at.usage(order)).period_status is models.UsagePeriodStatus.open
        at.service.later(timedelta(hours=2))
        await at.service.tick()
        assert (await at.usage(order)).period_status is models.UsagePeriodStatus.closing
        at.service.later(timedelta(minutes=5))
        await at.service.tick()
        assert (await at.usage(order)).period_status is models.UsagePeriodStatus.closing
        at.service.later(timedelta(minutes=11))
        await at.service.tick()
        assert (await at.usage(order)).period_status is models.UsagePeriodStatus.closed

    play(tmp_path, scene)
