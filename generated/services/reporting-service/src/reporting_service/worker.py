"""What happens by the clock beside what the model schedules, and the writing of reports.

A report is written by the replica that has begun it, so that each does what it was asked for.
"""

from __future__ import annotations

import asyncio
import hashlib
from datetime import timedelta
from uuid import UUID

from cloudsync_chassis import clock
from cloudsync_chassis.context import Context
from cloudsync_chassis.jobs.spec import Due
from cloudsync_chassis.logs import logger
from cloudsync_chassis.model import from_record
from cloudsync_chassis.problem import CONDITION_NOT_MET, NOT_FOUND, Problem
from cloudsync_chassis.runtime import Runtime

from .generated import models, port
from .leavers import Leavers
from .parquet import as_parquet
from .pdf import as_pdf
from .runs import START, object_key
from .sections import ForeignRowsError
from .sources import KEPT_FOR
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

_LINKS_KEPT = timedelta(days=1)
"""How long a link is there after its end."""

_AT_A_TIME = 500
"""Lines that are dropped in one transaction."""

_TOGETHER = 8
"""Reports that one replica writes at a time."""

_TEN_SECONDS, _MINUTE, _HOUR = 10.0, 60.0, 3600.0
_DROP = "drop-reports"

Code = models.ReportFailureCode

log = logger("worker")


class TooLargeError(Exception):
    """More than a file may hold."""


class Worker(Leavers):
    """The jobs of the service's own, and the runs of this process."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        self._runs: set[UUID] = set()
        work, kept_for = runtime.work, KEPT_FOR.total_seconds()
        queued = Due(aggregate="report", where={"status": "queued"})
        silent = Due(
            aggregate="report",
            where={"status": "running"},
            since="updatedAt",
            after=self.limits.run_timeout,
        )
        old = Due(aggregate="report", since="createdAt", after=_KEPT.total_seconds())
        ended = Due(
            aggregate="report-share-link",
            since="linkExpiresAt",
            after=_LINKS_KEPT.total_seconds(),
        )
        awaited = Due(
            aggregate=self.plan_words.spec.name, where={"state": "awaited"}, since="effectiveAt"
        )
        answered = Due(aggregate=self.kept_answers.spec.name, since="askedAt", after=kept_for)
        renewed = Due(aggregate=self.renewals.spec.name, since="countsFrom", after=kept_for)
        work.every(_TEN_SECONDS, START, self.start_due, queued)
        work.every(_MINUTE, "give-up-runs", self.give_up_silent, silent)
        work.every(_MINUTE, "take-editions", self.take_awaited_edition, awaited)
        work.every(_HOUR, _DROP, self.drop_old, old)
        work.every(_HOUR, "drop-share-links", self.drop_ended_links, ended)
        work.every(_HOUR, "drop-answers", self.drop_answers, answered)
        work.every(_HOUR, "drop-renewals", self.drop_renewals, renewed)

    async def start_due(self, ctx: Context) -> None:
        """Begin what the tenant has in line, as far as it and this process have places."""
        begun = 0
        while len(self._runs) + begun < _TOGETHER:
            try:
                report = await self.start_report(ctx, port.StartReport())
            except Problem as error:
                if error.kind in (NOT_FOUND, CONDITION_NOT_MET):
                    return
                raise
            self._begin_after(ctx, report)
            begun += 1

    def _begin_after(self, ctx: Context, report: models.Report) -> None:
        """Write a report once its beginning has committed."""

        async def write(inside: Context) -> None:
            try:
                await self._produce(report)
            finally:
                self._runs.discard(report.id)
            self.runtime.work.wake(inside, START)

        ctx.unit.after_commit(lambda: self._runs.add(report.id))
        longest = self.limits.run_timeout + _MINUTE
        self.runtime.work.soon(ctx, "write-report", write, timeout=longest)

    async def give_up_silent(self, ctx: Context) -> None:
        """End the tenant's runs whose process died: they would have told their progress or given
        up by now.
        """
        longest = timedelta(seconds=self.limits.run_timeout)
        async for report in self.report.each(
            ctx, {"updatedAt": ctx.now - longest}, status="running"
        ):
            if report.id not in self._runs:
                await self.give_up(ctx, report.id, Code.timeout)

    async def drop_old(self, ctx: Context) -> None:
        """Remove the tenant's lines that are thirteen months old, with all that hangs on them."""
        dropped = 0
        async for report in self.report.each(ctx, {"createdAt": ctx.now - _KEPT}):
            await self.drop_links(ctx, report)
            self.remove_file(ctx, report)
            await self.report.remove(ctx, report)
            dropped += 1
            if dropped == _AT_A_TIME:
                self.runtime.work.wake(ctx, _DROP)
                return

    async def drop_ended_links(self, ctx: Context) -> None:
        """Remove the tenant's links whose end is past."""
        due = {"linkExpiresAt": ctx.now - _LINKS_KEPT}
        async for link in self.report_share_link.each(ctx, due):
            await self.report_share_link.remove(ctx, link)

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

        async def fail(ctx: Context) -> None:
            known = await self.report.find(ctx, id=report.id)
            if known is not None and known.status == models.ReportStatus.running:
                await self.give_up(ctx, report.id, code)

        await self.as_service(report.organization_id, fail)

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
        await self.report.rewrite(ctx, known, {"progressPercent": percent})
        self.changes.strike_after(ctx)
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
