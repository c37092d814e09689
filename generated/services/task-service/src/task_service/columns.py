"""What stands in which column of a board.

A task stands where it was put, as long as that column means its state. If its state was changed
by a button since, it stands on top of the first column of its state; where the board has no column
of that state, it stays where it was put. What was decided against stands nowhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.store.query import ListQuery, PageRequest

from .generated import models
from .work import OPEN, Work

_SHOWN = (*OPEN, "done")
_COLUMN_CARDS = 200


class Columns(Work):
    """Columns and the cards in them."""

    async def columns_of(self, ctx: Context, board_id: UUID) -> list[models.BoardColumn]:
        """From left to right."""
        page = PageRequest(limit=50, sort="position")
        query = ListQuery(page, {"boardId": board_id})
        return list((await self.board_column.repository.select(ctx, query)).items)

    def piles(
        self, column: models.BoardColumn, columns: Sequence[models.BoardColumn]
    ) -> list[dict[str, Any]]:
        """What finds the cards that stand in a column, from the top."""
        meant = {str(each.maps_to) for each in columns}
        state = str(column.maps_to)
        piles: list[dict[str, Any]] = []
        first = next(each for each in columns if each.maps_to == column.maps_to)
        others = tuple(each.id for each in columns if each.maps_to != column.maps_to)
        if first.id == column.id and others and state in _SHOWN:
            piles.append({"workflowState": (state,), "columnId": others})
        homeless = [each for each in _SHOWN if each == state or each not in meant]
        if homeless:
            piles.append({"workflowState": tuple(homeless), "columnId": column.id})
        return [{**each, "boardId": column.board_id} for each in piles]

    async def standing(
        self,
        ctx: Context,
        column: models.BoardColumn,
        columns: Sequence[models.BoardColumn],
        but: UUID | None = None,
    ) -> int:
        """How many cards stand in a column, not counting `but`."""
        found = 0
        for pile in self.piles(column, columns):
            found += await self.task.count(ctx, **pile)
            if but is not None and await self.task.count(ctx, **pile, id=but):
                found -= 1
        return found

    async def view(
        self, ctx: Context, column: models.BoardColumn, columns: Sequence[models.BoardColumn]
    ) -> models.ColumnView:
        """A column with its first two hundred cards."""
        cards: list[models.Task] = []
        for pile in self.piles(column, columns):
            if len(cards) < _COLUMN_CARDS:
                page = PageRequest(limit=_COLUMN_CARDS - len(cards), sort="rank")
                found = await self.task.repository.select(ctx, ListQuery(page, pile))
                cards += found.items
        count = await self.standing(ctx, column, columns)
        return models.ColumnView.model_validate(
            {"column": column, "taskCount": count, "tasks": cards}, strict=False
        )
