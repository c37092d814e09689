"""What happens by the clock and in the background: due schedules, runs, the ends of files.

The worker is a task of this process, begun by the first operation of a caller and by each that
gives it something to do. Whoever is first to move a report wins, so replicas may all have one.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar
from uuid import UUID

from cloudsync_chassis import clock
from cloudsync_chassis.context import Context
from cloudsync_chassis.logs import logger
from cloudsync_chassis.model import from_record
from cloudsync_chassis.problem import CONDITION_NOT_MET, NOT_FOUND, VERSION_CONFLICT, Problem
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.store.query import ListQuery, Page, PageRequest

from .generated import models, port
from .leavers import Leavers
from .parquet import as_parquet
from .pdf import as_pdf
from .runs import object_key
from .sections import ForeignRowsError
from .templates import TEMPLATES, Section
from .written import Renderer, Table, Written, as_csv, as_json
from .xlsx import as_xlsx

RENDERERS: dict[models.ReportFormat, Renderer] = {
    models.ReportFormat.csv: as_csv,
    models.ReportFormat.json: as_json,
    models.ReportFormat.parquet: as_parquet,
    models.ReportFormat.pdf: as_pdf,
    models.ReportFormat.xlsx: as_xlsx,
}
_MOST_BYTES = 524_288_000
_MOST_ROWS = 5_000_000
_SHEET_ROWS = 1_048_575
_KEPT = timedelta(days=396)
"""Thirteen months: how long the line of a report stays in the list."""

_BETWEEN_SWEEPS = timedelta(minutes=1)
_AT_A_TIME = 200
_TOGETHER = 8

T = TypeVar("T")

Code = models.ReportFailureCode

log = logger("worker")


class TooLargeError(Exception):
    """More than a file may hold."""


class Worker(Leavers):
    """The worker, and the operations that wake it."""

    pause = 5.0
    """Seconds between two looks at the clock."""

    lasting = True
    """Whether to go on looking at the clock; a job does so once."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        self._task: asyncio.Task[None] | None = None
        self._woken: asyncio.Event | None = None
        self._tenants: set[UUID] = set()
        self._waiting: set[UUID] = set()
        self._runs: dict[UUID, asyncio.Task[None]] = {}
        self._swept_at = clock.now() - _BETWEEN_SWEEPS

    async def request_report(self, ctx: Context, request: port.RequestReport) -> models.Report:
        self._wake_after(ctx)
        return await super().request_report(ctx, request)

    async def retry_report(self, ctx: Context, request: port.RetryReport) -> models.Report:
        self._wake_after(ctx)
        return await super().retry_report(ctx, request)

    async def schedule_report(
        self, ctx: Context, request: port.ScheduleReport
    ) -> models.ReportSchedule:
        self._wake_after(ctx)
        return await super().schedule_report(ctx, request)

    async def resume_schedule(
        self, ctx: Context, request: port.ResumeSchedule
    ) -> models.ReportSchedule:
        self._wake_after(ctx)
        return await super().resume_schedule(ctx, request)

    async def list_reports(self, ctx: Context, request: port.ListReports) -> Page[models.Report]:
        ctx.unit.after_commit(self.wake)
        return await super().list_reports(ctx, request)

    async def list_schedules(
        self, ctx: Context, request: port.ListSchedules
    ) -> Page[models.ReportSchedule]:
        ctx.unit.after_commit(self.wake)
        return await super().list_schedules(ctx, request)

    async def get_report(self, ctx: Context, request: port.GetReport) -> models.Report:
        ctx.unit.after_commit(self.wake)
        return await super().get_report(ctx, request)

    async def adopt_edition(self, ctx: Context, request: port.AdoptEdition) -> None:
        self._wake_after(ctx)
        await super().adopt_edition(ctx, request)

    def _wake_after(self, ctx: Context) -> None:
        tenant = ctx.tenant
        ctx.unit.after_commit(lambda: self.wake(tenant))

    def wake(self, *tenants: UUID) -> None:
        """Look after these tenants now, or at least see that the worker works."""
        self._tenants.update(tenants)
        if self.lasting and (self._task is None or self._task.done()):
            self._woken = asyncio.Event()
            self._task = asyncio.create_task(self._go_on())
        if tenants and self._woken is not None:
            self._woken.set()

    async def _go_on(self) -> None:
        assert self._woken is not None
        while True:
            self._woken.clear()
            try:
                await self.round()
            except Exception as error:
                log.warning("round_failed", error=error)
            try:
                async with asyncio.timeout(self.pause):
                    await self._woken.wait()
            except TimeoutError:
                pass

    async def round(self) -> None:
        """Look after the tenants that something happened to; once a minute, after all."""
        if clock.now() - self._swept_at >= _BETWEEN_SWEEPS:
            self._swept_at = clock.now()
            self._tenants |= await self._with_work()
        while self._tenants:
            tenant = self._tenants.pop()
            try:
                await self.look_after(tenant)
            except Exception as error:
                # what fails in one tenant stops nobody else's; it is tried again within a minute
                log.warning("tenant_left", organization_id=str(tenant), error=error)

    async def finished(self) -> None:
        """Return once nothing is being written, nor waits for a place of this process."""
        while self._runs or self._tenants:
            await asyncio.gather(*self._runs.values())
            await self.round()

    async def _with_work(self) -> set[UUID]:
        """Tenants for which there is something to do."""
        now, found = clock.now(), set[UUID]()
        for status in ("requested", "queued", "running"):
            found |= set(await self.organizations(self.report, status=status))
        found |= set(await self.organizations(self.report, ("expiresAt", now), status="ready"))
        found |= set(await self.organizations(self.report, ("createdAt", now - _KEPT)))
        due = await self.organizations(self.report_schedule, ("nextRunAt", now), state="active")
        coming = ("effectiveAt", now)
        awaited = await self.organizations(self.plan_words, coming, state="awaited")
        return found | set(due) | set(awaited)

    async def look_after(self, tenant: UUID) -> None:
        """All that is due in a tenant; each step in a transaction of its own."""
        await self.as_service(tenant, self.take_awaited_edition)
        await self._as_long_as(tenant, lambda ctx: self.run_schedule(ctx, port.RunSchedule()))
        await self.as_service(tenant, self._admit)
        await self.as_service(tenant, self._give_up_stuck)
        await self.as_service(tenant, self._end_files)
        while len(self._runs) < _TOGETHER:
            started = await self._once(tenant, lambda c: self.start_report(c, port.StartReport()))
            if started is None:
                return
            self._begin(started)
        self._waiting.add(tenant)

    async def _as_long_as(
        self, tenant: UUID, action: Callable[[Context], Awaitable[object]]
    ) -> None:
        for _ in range(_AT_A_TIME):
            if await self._once(tenant, action) is None:
                return

    async def _once(self, tenant: UUID, action: Callable[[Context], Awaitable[T]]) -> T | None:
        """What the action returns; None where there is nothing to do, or another was faster."""
        try:
            return await self.as_service(tenant, action)
        except Problem as error:
            if error.kind in (NOT_FOUND, CONDITION_NOT_MET, VERSION_CONFLICT):
                return None
            raise

    async def _admit(self, ctx: Context) -> None:
        """Queue what was asked for, oldest first, or say why not."""
        async for report in self.report.each(ctx, status="requested"):
            reason = await self.refusal(ctx, report)
            if reason is None:
                await self.queue_report(ctx, port.QueueReport(report_id=report.id))
            else:
                await self._fail(ctx, report.id, reason)

    async def _give_up_stuck(self, ctx: Context) -> None:
        """Runs whose worker died: it would have told its progress or given up by now."""
        longest = timedelta(seconds=self.limits.run_timeout)
        async for report in self.report.each(ctx, status="running"):
            if report.id not in self._runs and ctx.now - report.updated_at > longest:
                await self._fail(ctx, report.id, Code.timeout)

    async def _end_files(self, ctx: Context) -> None:
        """Files whose time is over, and lines that are thirteen months old."""
        page = PageRequest(limit=_AT_A_TIME, sort="expiresAt")
        first = await self.report.repository.select(ctx, ListQuery(page, {"status": "ready"}))
        for report in first.items:
            if report.expires_at is not None and report.expires_at <= ctx.now:
                await self.expire_report(ctx, port.ExpireReport(report_id=report.id))
        async for report in self.report.each(ctx):
            if report.created_at > ctx.now - _KEPT:
                return
            found = await self.report.find(ctx, id=report.id)
            if found is not None:
                await self.drop_links(ctx, found)
                self.remove_file(ctx, found)
                await self.report.repository.remove(ctx, found.id, found.version)

    async def _fail(self, ctx: Context, report_id: UUID, reason: Code) -> None:
        body = models.FailReportRequest(failure_code=reason)
        await self.fail_report(ctx, port.FailReport(report_id=report_id, body=body))

    def _begin(self, report: models.Report) -> None:
        def over(_: asyncio.Task[None]) -> None:
            self._runs.pop(report.id, None)
            self.wake(report.organization_id, *self._waiting)
            self._waiting.clear()

        task = asyncio.create_task(self._produce(report))
        self._runs[report.id] = task
        task.add_done_callback(over)

    async def _produce(self, report: models.Report) -> None:
        """Write a report that has a place; at its end it is ready, failed or no longer wanted."""
        try:
            async with asyncio.timeout(self.limits.run_timeout):
                reason = await self._written(report)
        except TimeoutError:
            reason = Code.timeout
        except (TooLargeError, MemoryError):
            reason = Code.too_large
        except (Problem, ForeignRowsError) as error:
            log.warning("run_failed", report_id=str(report.id), error=error)
            reason = Code.source_unavailable
        except Exception:
            log.exception("run_broke_off", report_id=str(report.id))
            reason = Code.source_unavailable
        if reason is None:
            return
        code = reason
        try:
            await self._once(
                report.organization_id, lambda ctx: self._fail_if_running(ctx, report.id, code)
            )
        except Problem as error:
            log.warning("failure_not_told", report_id=str(report.id), problem=error.told)

    async def _fail_if_running(self, ctx: Context, report_id: UUID, reason: Code) -> bool:
        known = await self.report.find(ctx, id=report_id)
        if known is None or known.status != models.ReportStatus.running:
            return False
        await self._fail(ctx, report_id, reason)
        return True

    async def _written(self, report: models.Report) -> Code | None:
        """Ask the sources, write the file, hand it in; the reason if it cannot be."""
        template = TEMPLATES.get(report.template_key)
        if template is None:
            return Code.invalid_parameters
        tenant, tables = report.organization_id, list[Table]()
        for place, section in enumerate(template.sections, 1):

            async def ask(ctx: Context, part: Section = section) -> Table:
                return await self.table_of(ctx, report, part)

            tables.append(await self.as_service(tenant, ask))
            percent = 100 * place // (len(template.sections) + 1)

            async def tell(ctx: Context, progress: int = percent) -> bool:
                return await self._progress(ctx, report.id, progress)

            if not await self.as_service(tenant, tell):
                return None
        content = await asyncio.to_thread(_rendered, report, template.caption, tables)
        key = object_key(report)
        await asyncio.to_thread(self.world.bucket.put, key, content)
        handed_in = {
            "objectKey": key,
            "checksum": hashlib.sha256(content).hexdigest(),
            "rowCount": sum(len(each.rows) for each in tables),
            "sizeBytes": len(content),
        }
        body = from_record(models.CompleteReportRequest, handed_in)
        done = port.CompleteReport(report_id=report.id, body=body)
        try:
            await self.as_service(tenant, lambda ctx: self.complete_report(ctx, done))
        except Problem:
            # cancelled meanwhile, or the tenant is gone: nobody may find the file
            await asyncio.to_thread(self.world.bucket.remove, key)
            raise
        return None

    async def _progress(self, ctx: Context, report_id: UUID, percent: int) -> bool:
        """Tell how far it is; whether it is still wanted."""
        known = await self.report.find(ctx, id=report_id)
        if known is None or known.status != models.ReportStatus.running:
            return False
        await self.overwrite(ctx, self.report, known, {"progressPercent": percent})
        return True


def _rendered(report: models.Report, caption: str, tables: list[Table]) -> bytes:
    """The file.

    Raises:
        TooLargeError: it has more rows or bytes than a file may.
    """
    written = Written(
        title=report.title,
        caption=caption,
        first_day=report.range_start,
        last_day=report.range_end,
        time_zone=report.time_zone,
        made_at=clock.now(),
        parameters={name: each.root for name, each in report.parameters.items()},
        tables=tables,
    )
    most = _SHEET_ROWS if report.format == models.ReportFormat.xlsx else _MOST_ROWS
    if written.row_count > most:
        raise TooLargeError("rows")
    content = RENDERERS[report.format](written)
    if len(content) > _MOST_BYTES:
        raise TooLargeError("bytes")
    return content
