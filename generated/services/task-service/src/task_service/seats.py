"""Seats at boards: given by a lead, taken at an open board, given up, and ended."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from cloudsync_chassis.client.errors import CallError, RefusedError
from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.problem import NOT_FOUND

from .boards import Boards
from .generated import models, port, problems

_MOST_SEATS = 2000


class Seats(Boards):
    """Commands on seats."""

    async def seat_of(self, ctx: Context, board_id: UUID, user: UUID) -> models.BoardMember | None:
        """Somebody's seat at a board, if they have one."""
        return await self.board_member.find(ctx, boardId=board_id, userId=user)

    async def is_guest(self, user: UUID) -> bool:
        """Whether somebody is a guest; a stranger whom nobody can ask about is not.

        Raises:
            Problem: `not-found`: there is no such person.
        """
        try:
            account = await self.clients.user.get_user(user_id=user)
        except RefusedError as error:
            if error.status == 404:
                raise NOT_FOUND("no such person") from error
            return False
        except CallError:
            return False
        return str(account.kind) == "guest"

    async def seat_board_member(
        self, ctx: Context, request: port.SeatBoardMember
    ) -> models.BoardMember:
        guest = await self.is_guest(request.user_id)
        await self.granted_board(ctx, request.board_id)
        if guest and not (await self.policy(ctx)).guests_on_boards:
            raise problems.GUESTS_NOT_ON_BOARDS("the policy keeps guests off boards")
        fields: dict[str, Any] = request.body.model_dump(by_alias=True, exclude_unset=True)
        fields["seatedBy"] = self.person(ctx)
        await self.lock_board(ctx, request.board_id)
        seat = await self.seat_of(ctx, request.board_id, request.user_id)
        if seat is None:
            await self._check_room(ctx, request.board_id)
        elif seat.seated_by != seat.user_id:
            fields["seatedBy"] = seat.seated_by
        path = {"boardId": request.board_id, "userId": request.user_id}
        return await self.board_member.put(ctx, "seat-board-member", fields, **path)

    async def _check_room(self, ctx: Context, board_id: UUID) -> None:
        if await self.board_member.count(ctx, boardId=board_id) >= _MOST_SEATS:
            raise problems.SEAT_LIMIT_REACHED("two thousand people have a seat")

    async def unseat_board_member(self, ctx: Context, request: port.UnseatBoardMember) -> None:
        board = await self.granted_board(ctx, request.board_id)
        await self._end_seat(ctx, board, request.user_id)

    async def _end_seat(self, ctx: Context, board: models.Board, user: UUID) -> None:
        """Whoever answers for the board still sees it without a seat, and keeps their tasks."""
        seat = await self.seat_of(ctx, board.id, user)
        if seat is None:
            return
        await self.board_member.remove(ctx, seat)
        if board.lead_user_id != user:
            await self.free_hands(ctx, user, self.person(ctx), board.id)

    async def join_board(self, ctx: Context, request: port.JoinBoard) -> models.Board:
        caller = self.person(ctx)
        teams = await self.teams_of(ctx, caller)
        board = await self.known_board(ctx, request.board_id)
        seat = await self.seat_of(ctx, board.id, caller)
        if seat is not None or board.lead_user_id == caller:
            return board
        if board.access == "private":
            raise NOT_FOUND("no such board")
        if board.access == "team" and board.team_id not in teams:
            raise problems.NOT_OF_THE_TEAM("the board is open to a team that you are not in")
        if board.archived_at is not None:
            raise problems.BOARD_ARCHIVED("only those who sat at it before still look at it")
        await self.check_unlocked(ctx)
        await self.lock_board(ctx, board.id)
        await self._check_room(ctx, board.id)
        fields = {"boardRole": "viewer", "seatedBy": caller}
        path = {"boardId": board.id, "userId": caller}
        await self.board_member.put(ctx, "seat-board-member", fields, **path)
        return board

    async def leave_board(self, ctx: Context, request: port.LeaveBoard) -> None:
        caller = self.person(ctx)
        board = await self.known_board(ctx, request.board_id)
        if board.lead_user_id == caller:
            raise problems.LAST_LEAD("you answer for the board: hand it over first")
        await self.board.get(ctx, request.board_id)
        await self._end_seat(ctx, board, caller)

    async def vacate_team_seats(self, ctx: Context, request: port.VacateTeamSeats) -> None:
        people = tuple(request.body.user_ids)
        async for board in self.board.each(ctx, teamId=request.body.team_id, access="team"):
            async for seat in self.board_member.each(ctx, boardId=board.id, userId=people):
                if seat.seated_by == seat.user_id:
                    await self.board_member.remove(ctx, seat)

    async def on_team_member_removed(
        self, ctx: Context, event: Received[models.TeamMemberRemoved]
    ) -> None:
        await self.vacate_team_seats(ctx, port.VacateTeamSeats(body=event.data))
