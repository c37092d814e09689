"""Files that are fetched, shared and removed."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from functools import partial

from cloudsync_chassis.context import Context
from cloudsync_chassis.logs import logger
from cloudsync_chassis.problem import breaks_rule

from .generated import models, port, problems
from .sections import Sections

_TOKEN_BYTES = 32

log = logger("handing-out")


class HandingOut(Sections):
    """What becomes of a file that is ready."""

    async def download_report(
        self, ctx: Context, request: port.DownloadReport
    ) -> models.ReportDownload:
        report = await self.report.get(ctx, request.report_id)
        if report.status == models.ReportStatus.expired:
            raise problems.REPORT_EXPIRED("the file has been removed")
        if report.object_key is None or report.checksum is None or report.expires_at is None:
            raise problems.REPORT_NOT_READY(f"the report is {report.status.value}")
        if report.expires_at <= ctx.now:
            raise problems.REPORT_EXPIRED("the time of the file is over")
        validity = timedelta(seconds=self.limits.download_link_validity)
        until = min(ctx.now + validity, report.expires_at)
        url = self.world.bucket.sign(report.object_key, until)
        log.info("address_signed", report_id=str(report.id), subject=ctx.principal.subject)
        self.metrics.reporting_export_bytes_total(
            float(report.size_bytes or 0), format_=report.format.value
        )
        return models.ReportDownload(url=url, valid_until=until, checksum=report.checksum)

    async def share_report(self, ctx: Context, request: port.ShareReport) -> models.ReportShare:
        body = request.body
        report = await self.report.get(ctx, request.report_id)
        if not self.world.sharing.admits_outsiders(ctx.tenant):
            raise problems.SHARING_FORBIDDEN("your organisation forbids links to outsiders")
        over = report.expires_at is None or report.expires_at <= ctx.now
        if report.status != models.ReportStatus.ready or over:
            raise problems.REPORT_NOT_READY(f"the report is {report.status.value}")
        if body.link_expires_at <= ctx.now:
            raise breaks_rule("the link would have ended already", pointer="/linkExpiresAt")
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        fields = {
            "linkExpiresAt": body.link_expires_at,
            "downloadsLeft": body.downloads_left,
            "tokenDigest": hashlib.sha256(token.encode()).hexdigest(),
            "sharedBy": ctx.principal.subject,
        }
        link = await self.report_share_link.create(ctx, "share-report", fields, reportId=report.id)
        return models.ReportShare(
            report_share_link_id=link.id, token=token, link_expires_at=link.link_expires_at
        )

    async def expire_report(self, ctx: Context, request: port.ExpireReport) -> None:
        """The file goes once the report says so: a line without a file is better than the reverse
        only for as long as the transaction lasts.
        """
        report = await self.report.find(ctx, id=request.report_id)
        await super().expire_report(ctx, request)
        if report is not None:
            await self.drop_links(ctx, report)
            self.remove_file(ctx, report)

    async def drop_links(self, ctx: Context, report: models.Report) -> None:
        """End all links to a report."""
        async for link in self.report_share_link.each(ctx, reportId=report.id):
            await self.report_share_link.remove(ctx, link)

    def remove_file(self, ctx: Context, report: models.Report) -> None:
        """Remove a report's file once the transaction has committed."""
        if report.object_key is not None:
            ctx.unit.after_commit(partial(self.world.bucket.remove, report.object_key))
