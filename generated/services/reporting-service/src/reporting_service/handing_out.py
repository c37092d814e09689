"""Files that are fetched, shared and removed."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from functools import partial

from cloudsync_chassis.context import Context
from cloudsync_chassis.logs import logger
from cloudsync_chassis.problem import breaks_rule
from cloudsync_chassis.store.query import ListQuery, PageRequest

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
        await self._check_open(ctx)
        if report.status == models.ReportStatus.expired:
            raise problems.REPORT_EXPIRED("the file has been removed")
        if report.object_key is None or report.checksum is None or report.expires_at is None:
            raise problems.REPORT_NOT_READY(f"the report is {report.status.value}")
        if report.expires_at <= ctx.now:
            raise problems.REPORT_EXPIRED("the time of the file is over")
        log.info("address_signed", report_id=str(report.id), subject=ctx.principal.subject)
        return self._signed(ctx, report, report.object_key, report.checksum, report.expires_at)

    async def _check_open(self, ctx: Context) -> None:
        """Whether files are handed out at all.

        Raises:
            Problem: `downloads-stopped`.
        """
        if not await self.flags.reporting_downloads(ctx):
            raise problems.DOWNLOADS_STOPPED("a result is being looked into")

    def _signed(
        self, ctx: Context, report: models.Report, key: str, checksum: str, end: datetime
    ) -> models.ReportDownload:
        """A signed address of a file, good for minutes and not beyond `end`."""
        validity = timedelta(seconds=self.limits.download_link_validity)
        until = min(ctx.now + validity, end)
        url = self.world.bucket.sign(key, until)
        size = float(report.size_bytes or 0)
        count = partial(self.metrics.reporting_export_bytes_total, format_=report.format.value)
        ctx.unit.after_commit(lambda: count(size))
        return models.ReportDownload(url=url, valid_until=until, checksum=checksum)

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
            "tokenDigest": _digest(token),
            "sharedBy": ctx.principal.subject,
        }
        link = await self.report_share_link.create(ctx, "share-report", fields, reportId=report.id)
        return models.ReportShare(
            report_share_link_id=link.id, token=token, link_expires_at=link.link_expires_at
        )

    async def redeem_report_share(
        self, ctx: Context, request: port.RedeemReportShare
    ) -> models.ReportDownload:
        """The file for whoever shows the token; why a link leads nowhere is nobody's business."""
        digest = _digest(request.body.token)
        # the token says nothing of its tenant, and is unique in the whole world
        query = ListQuery(PageRequest(limit=1), {"tokenDigest": digest})
        tenants = await self.report_share_link.repository.tenants(ctx, query, None)
        if not tenants:
            raise problems.SHARE_ENDED("no link that leads to a file")
        inside = ctx.within(tenants[0])
        link = await self.report_share_link.find(inside, tokenDigest=digest)
        report = await self.report.find(inside, id=link.report_id) if link is not None else None
        if link is None or report is None or not self._leads(inside, link, report):
            raise problems.SHARE_ENDED("no link that leads to a file")
        await self._check_open(inside)
        assert report.object_key is not None
        assert report.checksum is not None
        assert report.expires_at is not None
        left = {"downloadsLeft": link.downloads_left - 1}
        await self.report_share_link.rewrite(inside, link, left)
        log.info("share_redeemed", report_id=str(report.id), link_id=str(link.id))
        end = min(link.link_expires_at, report.expires_at)
        return self._signed(inside, report, report.object_key, report.checksum, end)

    def _leads(self, ctx: Context, link: models.ReportShareLink, report: models.Report) -> bool:
        """Whether a link still leads to a file."""
        if link.downloads_left < 1 or link.link_expires_at <= ctx.now:
            return False
        over = report.expires_at is None or report.expires_at <= ctx.now
        ready = report.status == models.ReportStatus.ready and not over
        return ready and self.world.sharing.admits_outsiders(ctx.tenant)

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


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
