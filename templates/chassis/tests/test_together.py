"""What operations leave for afterwards, done for many of them at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest

from clerk import operate
from cloudsync_chassis.context import Context
from cloudsync_chassis.problem import NOT_FOUND
from cloudsync_chassis.testing import Running


async def test_what_operations_leave_together_is_done_in_few_calls(table_shop: Running) -> None:
    """One at a time, of one tenant each, with what has come meanwhile; what fails stops nothing."""
    tenant, other = (table_shop.caller().organization for _ in "12")
    calls: list[tuple[Any, list[int]]] = []
    began: list[str] = []
    traces: list[str] = []

    async def carry(ctx: Context, items: Sequence[int]) -> None:
        traces.append(ctx.trace.trace_id)
        calls.append((ctx.tenant, [*items]))
        if 1 in items:
            await leave(tenant, 5)
            raise NOT_FOUND("nothing here")

    async def leave(whose: UUID, *items: int, fails: bool = False) -> None:
        async def act(ctx: Context) -> None:
            began.append(ctx.trace.trace_id)
            for each in items:
                table_shop.runtime.work.together(ctx, "carry", each, carry, most=3, pause=0.01)
            if fails:
                raise NOT_FOUND("undone")

        await operate(table_shop, whose, act)

    with pytest.raises(Exception, match="undone"):
        await leave(tenant, 7, fails=True)
    await leave(tenant, 1, 2, 3, 4)
    await leave(other, 9)
    await table_shop.settle()
    ours = [items for whose, items in calls if whose == tenant]
    assert ours == [[1, 2, 3], [4, 5]], "four were there at once, the fifth came during a call"
    assert traces[0] == began[1]
    assert (other, [9]) in calls
    await leave(tenant, 6)
    await table_shop.settle()
    assert calls[-1] == (tenant, [6])
