"""Tables on their way onto a board: taken in, then worked off in batches beside the requests.

A worker is this process itself: it begins once a table was taken in, and where one was left lying
by a process that ended, whoever next asks how far it has got sets it going again. Each batch and
what was counted of it commit together, so that nothing is written twice.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar
from uuid import UUID

from cloudsync_chassis.client.errors import CallError
from cloudsync_chassis.context import Context
from cloudsync_chassis.executor import Incoming
from cloudsync_chassis.logs import logger
from cloudsync_chassis.model import from_record, to_record
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.problem import FieldError, Problem
from cloudsync_chassis.propagation import Trace
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.security.principal import Principal, workload

from .generated import models, port, problems
from .table_rows import Board, TableRows, TableUnreadableError
from .tasks import Tasks

T = TypeVar("T")

_FIRST_ROWS = 10
_PAUSE = 60.0
"""Seconds after which an import that failed is tried again."""

_UNDER_WAY = ("queued", "running")
_WORK = Operation(id="work-off-board-import", access="workload", writes=True, timeout=60.0)

log = logger("imports")


@dataclass(frozen=True, slots=True)
class _Job:
    organization: UUID
    import_id: UUID


class Imports(Tasks):
    """The command, the query, and the worker."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        self._running: dict[UUID, asyncio.Task[None]] = {}
        self._not_before: dict[UUID, float] = {}

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
        self._after(ctx, _Job(ctx.tenant, made.id))
        return made

    async def get_board_import(
        self, ctx: Context, request: port.GetBoardImport
    ) -> models.BoardImport:
        found = await super().get_board_import(ctx, request)
        if found.stage in _UNDER_WAY:
            self._after(ctx, _Job(ctx.tenant, found.id))
        return found

    def _after(self, ctx: Context, job: _Job) -> None:
        ctx.unit.after_commit(lambda: self._begin(job))

    def _begin(self, job: _Job) -> None:
        waits = self._not_before.get(job.import_id, 0.0) > time.monotonic()
        if job.import_id not in self._running and not waits:
            running = asyncio.create_task(self._guarded(job))
            self._running[job.import_id] = running
            running.add_done_callback(lambda _: self._running.pop(job.import_id, None))

    async def _guarded(self, job: _Job) -> None:
        try:
            await self._work_off(job)
            self._not_before.pop(job.import_id, None)
            return
        except Problem as error:
            log.warning("import_stopped", import_id=str(job.import_id), error=str(error))
        except Exception:
            log.exception("import_failed", import_id=str(job.import_id))
        self._not_before[job.import_id] = time.monotonic() + _PAUSE

    async def _work_off(self, job: _Job) -> None:
        """From the queue to the end."""

        async def take(ctx: Context) -> models.BoardImport | None:
            found = await self.board_import.find(ctx, id=job.import_id)
            if found is None or found.stage not in _UNDER_WAY:
                return None
            if found.stage == "queued":
                await self.start_board_import(ctx, port.StartBoardImport(board_import_id=found.id))
            return found

        taken = await self._as_service(job, take)
        if taken is None:
            return
        table = TableRows(taken.csv_text or "", taken.mapping)
        board = await self._as_service(
            job, lambda ctx: self._matched(ctx, taken.board_id, people=table.has_people)
        )
        read, rejected = table.rejected(board)
        written = 0
        if not rejected and not taken.rehearsal:
            ended = await self._write_all(job, taken, table, board)
            if ended is None:
                return
            written = ended
        result = {"rowsRead": read, "rowsWritten": written, "rejectedRows": rejected}
        body = from_record(models.ConcludeBoardImportRequest, result)

        async def conclude(ctx: Context) -> None:
            if rejected:
                refused = port.RefuseBoardImport(board_import_id=taken.id, body=body)
                await self.refuse_board_import(ctx, refused)
            else:
                finished = port.FinishBoardImport(board_import_id=taken.id, body=body)
                await self.finish_board_import(ctx, finished)

        await self._as_service(job, conclude)

    async def _write_all(
        self, job: _Job, taken: models.BoardImport, table: TableRows, board: Board
    ) -> int | None:
        """Write batch after batch; None where the import was stopped meanwhile."""
        written = taken.rows_written
        rows = islice(table.rows(), written, None)
        while batch := list(islice(rows, self.settings.import_batch_rows)):
            tasks = [table.task(cells, board) for _, cells in batch]
            written += len(tasks)

            async def write(
                ctx: Context, tasks: list[dict[str, Any]] = tasks, count: int = written
            ) -> bool:
                return await self._write_batch(ctx, taken, tasks, count)

            if not await self._as_starter(job, taken, write):
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
        counted = {"rowsRead": count, "rowsWritten": count, "version": now.version + 1}
        record = {**to_record(now), **counted, "updatedAt": ctx.now}
        entity = from_record(models.BoardImport, record)
        if not await self.board_import.repository.replace(ctx, entity, now.version):
            raise RuntimeError("another worker has written this batch")
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

    async def _as_service(self, job: _Job, action: Callable[[Context], Awaitable[T]]) -> T:
        me = workload(self.runtime.spec.name, job.organization)
        incoming = Incoming(principal=me, trace=Trace.new())
        return await self.runtime.executor.run(_WORK, incoming, action)

    async def _as_starter(
        self, job: _Job, taken: models.BoardImport, action: Callable[[Context], Awaitable[T]]
    ) -> T:
        """What is written is written by who started it, as long as they may."""
        starter = Principal(str(taken.started_by), "user", job.organization, frozenset({"member"}))
        incoming = Incoming(principal=starter, trace=Trace.new())
        writes = Operation(
            id=_WORK.id,
            permission="board:import",
            relations=("lead", "colead"),
            writes=True,
            timeout=_WORK.timeout,
        )
        return await self.runtime.executor.run(writes, incoming, action)


def _fault(row: dict[str, Any]) -> FieldError:
    place = f"row {row['row']}" + (f", {row['heading']}" if "heading" in row else "")
    return FieldError(f"{place}: {row['cause']}", "/csvText")
