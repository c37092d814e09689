"""Tables on their way onto a board: taken in, then worked off in batches beside the requests.

Each batch and what was counted of it commit together, so that nothing is written twice, whichever
replica goes on with a table.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from time import monotonic
from typing import Any, TypeVar
from uuid import UUID

from cloudsync_chassis.client.errors import CallError
from cloudsync_chassis.context import Context
from cloudsync_chassis.executor import Incoming
from cloudsync_chassis.jobs.spec import Due, Job
from cloudsync_chassis.model import from_record
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.problem import FieldError
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.security.principal import Principal

from .generated import models, operations, port, problems
from .table_rows import Board, TableRows, TableUnreadableError
from .tasks import Tasks

T = TypeVar("T")

_FIRST_ROWS = 10
_DAY = timedelta(days=1).total_seconds()
_TURN = 20.0
"""Seconds after which another table has its turn."""

_PAUSE = 60.0
"""Seconds after which a table is gone on with that a failure or a crash has left lying."""

_UNDER_WAY = ("queued", "running")
_ENDED = ("completed", "refused", "cancelled")
_KEPT = timedelta(days=90)
"""How long the result of an import can be asked for."""

_START = operations.START_BOARD_IMPORT.id
_WORK = Operation(id="work-off-board-imports", access="workload", writes=True, timeout=120.0)
_STEP = Operation(id="write-board-import", access="workload", writes=True, timeout=60.0)


@dataclass(frozen=True, slots=True)
class _Turn:
    """One table's; `ends` by the monotonic clock."""

    ctx: Context
    taken: models.BoardImport
    ends: float


class Imports(Tasks):
    """The commands, and the work on tables."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        running = Due(aggregate="board-import", where={"stage": "running"})
        work = Job(operation=_WORK, every=_PAUSE, per="entity", due=running, call=self._work_off)
        ended = Due(
            aggregate="board-import",
            where={"stage": _ENDED},
            since="updatedAt",
            after=_KEPT.total_seconds(),
        )
        runtime.work.add([work])
        runtime.work.every(_DAY, "drop-ended-imports", self.drop_ended, ended)

    async def import_board(self, ctx: Context, request: port.ImportBoard) -> models.BoardImport:
        board = await self.granted_board(ctx, request.board_id)
        starter = self.person(ctx)
        if await self.board_import.count(ctx, boardId=board.id, stage=_UNDER_WAY):
            raise problems.IMPORT_RUNNING("another table is on its way onto the board")
        known = await self._matched(ctx, board.id, people=False)
        try:
            table = TableRows(request.body.csv_text, request.body.mapping)
            rows = table.count()
        except TableUnreadableError as error:
            raise problems.IMPORT_ROW_INVALID(str(error)) from error
        most = (await self.policy(ctx)).import_row_limit
        if rows > most:
            raise problems.IMPORT_TOO_LONG(f"{rows} rows are more than the {most} allowed")
        if not table.has_people:
            _, rejected = table.rejected(known, _FIRST_ROWS)
            if rejected:
                raise problems.IMPORT_ROW_INVALID(
                    "the first rows do not fit the mapping",
                    errors=[_fault(each) for each in rejected],
                )
        fields = {**request.body.model_dump(by_alias=True, exclude_none=True)}
        fields["startedBy"] = starter
        made = await self.board_import.create(ctx, "import-board", fields, boardId=board.id)
        self.runtime.work.wake(ctx, _START)
        return made

    async def drop_ended(self, ctx: Context) -> None:
        """Remove the results of the tenant's imports that nobody asks for any more."""
        due = {"updatedAt": ctx.now - _KEPT}
        async for each in self.board_import.each(ctx, due, stage=_ENDED):
            await self.board_import.remove(ctx, each)

    async def start_board_import(self, ctx: Context, request: port.StartBoardImport) -> None:
        await super().start_board_import(ctx, request)
        self.runtime.work.wake(ctx, _WORK.id)

    async def _work_off(self, ctx: Context, import_id: UUID) -> None:
        """One turn of a table; each step commits by itself, this one begins no transaction."""
        taken = await self._as_service(ctx, lambda c: self.board_import.find(c, id=import_id))
        if taken is None or taken.stage != "running":
            return
        turn = _Turn(ctx, taken, monotonic() + _TURN)
        table = TableRows(taken.csv_text or "", taken.mapping)
        board = await self._as_service(
            ctx, lambda c: self._matched(c, taken.board_id, people=table.has_people)
        )
        read, written, rejected = taken.rows_read, taken.rows_written, list[dict[str, Any]]()
        if not written:
            read, rejected = table.rejected(board)
        if not rejected and not taken.rehearsal:
            ended = await self._write_all(turn, table, board)
            if ended is None:
                return
            read = written = ended
        await self._conclude(turn, read, written, rejected)

    async def _conclude(
        self, turn: _Turn, read: int, written: int, rejected: list[dict[str, Any]]
    ) -> None:
        """Book the result, unless somebody has stopped the import meanwhile."""
        result = {"rowsRead": read, "rowsWritten": written, "rejectedRows": rejected}
        body, key = from_record(models.ConcludeBoardImportRequest, result), turn.taken.id

        async def conclude(ctx: Context) -> None:
            now = await self.board_import.find(ctx, id=key)
            if now is None or now.stage != "running":
                return
            if rejected:
                refused = port.RefuseBoardImport(board_import_id=key, body=body)
                await self.refuse_board_import(ctx, refused)
            else:
                finished = port.FinishBoardImport(board_import_id=key, body=body)
                await self.finish_board_import(ctx, finished)

        await self._as_service(turn.ctx, conclude)

    async def _write_all(self, turn: _Turn, table: TableRows, board: Board) -> int | None:
        """Write batch after batch; None where the turn is over or the import was stopped."""
        written = turn.taken.rows_written
        rows = islice(table.rows(), written, None)
        while batch := list(islice(rows, self.settings.import_batch_rows)):
            if monotonic() > turn.ends:
                self.runtime.work.wake(turn.ctx, _WORK.id)
                return None
            tasks = [table.task(cells, board) for _, cells in batch]
            written += len(tasks)

            async def write(
                ctx: Context, tasks: list[dict[str, Any]] = tasks, count: int = written
            ) -> bool:
                return await self._write_batch(ctx, turn.taken, tasks, count)

            if not await self._as_starter(turn, write):
                return None
        return written

    async def _write_batch(
        self, ctx: Context, taken: models.BoardImport, tasks: list[dict[str, Any]], count: int
    ) -> bool:
        """One batch; False where the import runs no more."""
        now = await self.board_import.find(ctx, id=taken.id)
        if now is None or now.stage != "running":
            return False
        board = await self.granted_board(ctx, taken.board_id)
        for fields in tasks:
            await self._write_row(ctx, board, fields)
        if now.rows_written + len(tasks) != count:
            return False  # another worker has written this batch
        await self.board_import.rewrite(ctx, now, {"rowsRead": count, "rowsWritten": count})
        return True

    async def _write_row(self, ctx: Context, board: models.Board, fields: dict[str, Any]) -> None:
        """A task like any other, then put where the table says."""
        placed = {name: fields.pop(name) for name in ("columnId", "workflowState")}
        state = placed["workflowState"]
        task = await self.new_task(ctx, board, fields)
        if state != task.workflow_state or placed["columnId"] != task.column_id:
            if state == "done":
                placed |= {
                    "startedAt": ctx.now,
                    "completedAt": ctx.now,
                    "completedBy": self.person(ctx),
                }
            elif state in ("inProgress", "inReview"):
                placed["startedAt"] = ctx.now
            await self.write(ctx, task.id, placed)

    async def _matched(self, ctx: Context, board_id: UUID, *, people: bool) -> Board:
        """What the rows of a table are matched against."""
        columns = await self.columns_of(ctx, board_id)
        by_label = {each.column_label.casefold(): each for each in reversed(columns)}
        backlog = next((each for each in columns if each.maps_to == "backlog"), None)
        addresses = await self._addresses(ctx, board_id) if people else {}
        return Board(by_label, addresses, backlog)

    async def _addresses(self, ctx: Context, board_id: UUID) -> dict[str, UUID]:
        """The people of a board by their address; who cannot be asked about is not found."""
        board = await self.known_board(ctx, board_id)
        seats = self.board_member.each(ctx, boardId=board_id)
        people = {board.lead_user_id} | {each.user_id async for each in seats}
        found: dict[str, UUID] = {}
        for user in sorted(people):
            try:
                account = await self.clients.user.get_user(user_id=user)
            except CallError:
                continue
            found[account.primary_email.casefold()] = user
        return found

    async def _as_service(self, ctx: Context, action: Callable[[Context], Awaitable[T]]) -> T:
        incoming = Incoming(principal=ctx.principal, trace=ctx.trace)
        return await self.runtime.executor.run(_STEP, incoming, action)

    async def _as_starter(self, turn: _Turn, action: Callable[[Context], Awaitable[T]]) -> T:
        """What is written is written by who started it, as long as they may."""
        tenant = turn.ctx.tenant
        starter = Principal(str(turn.taken.started_by), "user", tenant, frozenset({"member"}))
        incoming = Incoming(principal=starter, trace=turn.ctx.trace)
        writes = Operation(
            id=_STEP.id,
            permission="board:import",
            relations=("lead", "colead"),
            writes=True,
            timeout=_STEP.timeout,
        )
        return await self.runtime.executor.run(writes, incoming, action)


def _fault(row: dict[str, Any]) -> FieldError:
    place = f"row {row['row']}" + (f", {row['heading']}" if "heading" in row else "")
    return FieldError(f"{place}: {row['cause']}", "/csvText")
