"""Who watches hears of what has committed, and of nothing else."""

from __future__ import annotations

import asyncio

import pytest

from cloudsync_chassis.changes import Changes, heard
from cloudsync_chassis.context import Context
from cloudsync_chassis.executor import Incoming
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.propagation import Trace
from cloudsync_chassis.security.principal import workload
from cloudsync_chassis.testing import Running

CHANGE = Operation(id="change", access="workload", writes=True)


async def change(shop: Running, changes: Changes, *, fails: bool = False) -> None:
    async def action(ctx: Context) -> None:
        changes.strike_after(ctx)
        if fails:
            raise LookupError

    incoming = Incoming(principal=workload("probe", None), trace=Trace.new())
    await shop.runtime.executor.run(CHANGE, incoming, action)


async def test_a_change_is_heard_by_all_who_took_the_stroke_before(table_shop: Running) -> None:
    changes = Changes()
    strokes = [changes.coming() for _ in range(2)]
    await change(table_shop, changes)
    async with asyncio.timeout(5):
        await asyncio.gather(*(heard(each, 60) for each in strokes))
    assert not changes.coming().is_set(), "the next one has not come"


async def test_what_did_not_commit_is_not_heard_and_nobody_waits_for_ever(
    table_shop: Running,
) -> None:
    changes = Changes()
    stroke = changes.coming()
    with pytest.raises(LookupError):
        await change(table_shop, changes, fails=True)
    await heard(stroke, 0.01)
    assert not stroke.is_set()
