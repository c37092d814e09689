"""Full text over the tasks of the boards that the caller may look at."""

from __future__ import annotations

from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.ids import TOMBSTONE
from cloudsync_chassis.problem import CURSOR_UNKNOWN
from cloudsync_chassis.store.cursor import Position

from .generated import models, port, problems
from .task_index import IndexUnavailableError, Question
from .work import OPEN, Work

_PAGE = 50
_MOST = 10_000
_SORT = "relevance"


class Searching(Work):
    """The query."""

    async def search_tasks(self, ctx: Context, request: port.SearchTasks) -> models.FoundTasks:
        body = request.body
        mine = await self._boards(ctx, self.person(ctx))
        boards = mine & set(body.board_ids) if body.board_ids else mine
        states = tuple(str(each) for each in body.workflow_states or (*OPEN, "done"))
        question = Question(
            phrase=body.phrase,
            boards=tuple(sorted(boards)),
            states=tuple(each for each in states if each != "dropped"),
            assignees=frozenset(body.assignee_ids or ()),
            labels=frozenset(each.root for each in body.labels or ()),
            due_from=body.due_from,
            due_to=body.due_to,
        )
        offset = self._offset(body.page_cursor)
        try:
            found = await self.index.search(ctx, question, offset, _PAGE)
        except IndexUnavailableError as error:
            raise problems.SEARCH_UNAVAILABLE("the index does not answer") from error
        total, following = min(found.total, _MOST), offset + _PAGE
        answer = {"hits": found.hits, "total": total}
        if following < total:
            position = Position(_SORT, following, TOMBSTONE)
            answer["nextPage"] = self.runtime.cursors.encode(position)
        return models.FoundTasks.model_validate(answer, strict=False)

    async def _boards(self, ctx: Context, user: UUID) -> set[UUID]:
        """Boards that somebody leads or has a seat at."""
        seats = self.board_member.each(ctx, userId=user)
        led = self.board.each(ctx, leadUserId=user)
        return {each.board_id async for each in seats} | {each.id async for each in led}

    def _offset(self, cursor: str | None) -> int:
        if cursor is None:
            return 0
        position = self.runtime.cursors.decode(cursor)
        if position.sort != _SORT:
            raise CURSOR_UNKNOWN()
        return int(position.value)
