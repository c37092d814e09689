"""How much of the past is kept: all of it for hours, then one version an hour, a day, a month."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.store.query import ListQuery, PageRequest

from .generated import models, port
from .payloads import Contents
from .sessions import Sessions

_SAMPLE = 1_000
_YEAR = timedelta(days=365)
_READABLE = (models.VersionStatus.sealed, models.VersionStatus.superseded)


class Spans(Protocol):
    """What a policy says."""

    keep_all_hours: int
    keep_hourly_days: int
    keep_daily_days: int
    keep_monthly_years: int
    max_per_subject: int


class Thinning(Sessions, Contents):
    """Applying policies, and trying them out."""

    async def thin_history(self, ctx: Context, request: port.ThinHistory) -> None:
        if self.settings.thinning_paused:
            return
        policy = await self.thinning_policy.find(ctx, organizationId=ctx.tenant)
        if policy is None:
            return
        async for history in self.content_history.each(ctx, status="kept"):
            await self._thin(ctx, history, policy)

    async def thin_version(self, ctx: Context, request: port.ThinVersion) -> None:
        version = await self.content_version.find(ctx, id=request.content_version_id)
        await super().thin_version(ctx, request)
        key = version.payload_key if version is not None else None
        if key is not None:
            ctx.unit.after_commit(lambda: self.payloads.delete(key))

    async def preview_thinning(
        self, ctx: Context, request: port.PreviewThinning
    ) -> models.ThinningPreview:
        page = PageRequest(limit=_SAMPLE, sort="createdAt")
        query = ListQuery(page, {"status": "kept"})
        sample = (await self.content_history.repository.select(ctx, query)).items
        kept = thinned = freed = 0
        oldest = ctx.now
        for history in sample:
            versions = await self._versions(ctx, history.subject_id)
            dropped = {each.id for each in surplus(versions, request.body, ctx.now)}
            kept += len(versions) - len(dropped)
            thinned += len(dropped)
            freed += sum(each.payload_bytes for each in versions if each.id in dropped)
            stay = [each.created_at for each in versions if each.id not in dropped]
            oldest = min([oldest, *stay])
        total = await self.content_history.count(ctx, status="kept")
        share = total / len(sample) if sample else 1.0
        return models.ThinningPreview(
            versions_kept=round(kept * share),
            versions_thinned=round(thinned * share),
            freed_bytes=round(freed * share),
            oldest_kept_at=oldest,
        )

    async def _thin(
        self, ctx: Context, history: models.ContentHistory, policy: models.ThinningPolicy
    ) -> None:
        versions = await self._versions(ctx, history.subject_id)
        dropped = surplus(versions, policy, ctx.now)
        gone = frozenset(each.version_number or 0 for each in dropped)
        stay = [each for each in versions if each.version_number not in gone]
        await self.rebase(ctx, stay, gone)
        for each in dropped:
            await self.thin_version(ctx, port.ThinVersion(content_version_id=each.id))
        if not dropped:
            return
        told = {
            "subjectId": history.subject_id,
            "subjectKind": history.subject_kind,
            "numbers": [each.version_number for each in dropped],
            "freedBytes": sum(each.payload_bytes for each in dropped),
        }
        await self.content_version.announce(ctx, "versions-thinned", told)

    async def _versions(self, ctx: Context, subject: UUID) -> list[models.ContentVersion]:
        """Those of a subject that can be read, newest first."""
        states = tuple(str(each) for each in _READABLE)
        found = [
            each async for each in self.content_version.each(ctx, subjectId=subject, status=states)
        ]
        return sorted(found, key=lambda each: each.version_number or 0, reverse=True)


def surplus(
    versions: Sequence[models.ContentVersion], spans: Spans, now: datetime
) -> list[models.ContentVersion]:
    """What a policy does not keep of versions, newest first.

    The newest stays, and so does what is pinned, named or held. A delta that stays is rebased
    before what it is built on goes.
    """
    seen: set[tuple[str, str]] = set()
    stay: set[int] = set()
    for place, each in enumerate(versions):
        bucket = _bucket(each.created_at, spans, now)
        wanted = bucket is not None and (bucket[0] == "all" or bucket not in seen)
        if bucket is not None:
            seen.add(bucket)
        if place == 0 or _protected(each) or (wanted and len(stay) < spans.max_per_subject):
            stay.add(each.version_number or 0)
    return [each for each in versions if (each.version_number or 0) not in stay]


def _protected(version: models.ContentVersion) -> bool:
    held = version.retention_class != models.RetentionClass.standard
    return version.pinned or version.milestone or held


def _bucket(at: datetime, spans: Spans, now: datetime) -> tuple[str, str] | None:
    """The stretch of time of which one version is kept; None where none is."""
    age = now - at
    if age <= timedelta(hours=spans.keep_all_hours):
        return "all", ""
    if age <= timedelta(days=spans.keep_hourly_days):
        return "hour", at.strftime("%Y-%m-%dT%H")
    if age <= timedelta(days=spans.keep_daily_days):
        return "day", at.strftime("%Y-%m-%d")
    if age <= spans.keep_monthly_years * _YEAR:
        return "month", at.strftime("%Y-%m")
    return None
