"""What ends a history, and what keeps it: deletions, holds, erasures, off-boarding."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.ids import TOMBSTONE

from .base import cause
from .generated import models, port
from .thinning import Thinning

_HELD = "legal"
_FREE = "standard"


class Keeping(Thinning):
    """Followers of deletions, holds and erasures."""

    async def on_document_deleted(
        self, ctx: Context, event: Received[models.DocumentDeleted]
    ) -> None:
        await self.drop_history(ctx, port.DropHistory())

    async def on_file_deleted(self, ctx: Context, event: Received[models.FileDeleted]) -> None:
        await self.drop_history(ctx, port.DropHistory())

    async def drop_history(self, ctx: Context, request: port.DropHistory) -> None:
        data = cause(ctx).data
        subject = UUID(str(data.get("documentId") or data["fileId"]))
        await self.news(ctx, f"subject:{subject}", "gone")
        await self.drop(ctx, self.sessions, subjectId=subject)
        history = await self.content_history.find(ctx, subjectId=subject)
        if history is None or history.status != models.HistoryStatus.kept:
            return
        nobody: dict[str, Any] = {"readerPrincipals": [], "readerIds": [], "audience": "named"}
        nobody["dropsAt"] = ctx.now + timedelta(seconds=self.settings.history_grace)
        await self.content_history.update(ctx, "drop-history", subject, nobody)

    async def end_history(self, ctx: Context, subject: UUID) -> None:
        """Delete a history whose grace is over, unless one of its versions is held."""
        history = await self.content_history.find(ctx, subjectId=subject, status="waiting")
        held = await self.content_version.count(
            ctx, subjectId=subject, retentionClass=(_HELD, "regulated7y")
        )
        if history is not None and not held:
            await self._delete(ctx, history)

    async def on_legal_hold_placed(
        self, ctx: Context, event: Received[models.LegalHoldPlaced]
    ) -> None:
        await self.follow_version_holds(ctx, port.FollowVersionHolds())

    async def on_legal_hold_released(
        self, ctx: Context, event: Received[models.LegalHoldReleased]
    ) -> None:
        await self.follow_version_holds(ctx, port.FollowVersionHolds())

    async def follow_version_holds(self, ctx: Context, request: port.FollowVersionHolds) -> None:
        event = cause(ctx)
        hold = UUID(str(event.data["legalHoldId"]))
        # a case that is over never begins again, whichever event comes first
        if await self.word(ctx, f"hold:{hold}") == "released":
            return
        await self.drop(ctx, self.holds, holdId=hold)
        if event.type.endswith("legal-hold-placed.v1"):
            stretch = {
                name: event.data[name]
                for name in ("heldFrom", "heldUntil")
                if event.data.get(name) is not None
            }
            await self.holds.insert(ctx, {"holdId": hold, **stretch})
        else:
            await self.news(ctx, f"hold:{hold}", "released")
        stretches = [
            (each.held_from, each.held_until or datetime.max.replace(tzinfo=ctx.now.tzinfo))
            async for each in self.holds.each(ctx)
        ]
        async for version in self.content_version.each(ctx, retentionClass=(_FREE, _HELD)):
            falls = any(since <= version.created_at <= until for since, until in stretches)
            wanted = _HELD if falls else _FREE
            if version.retention_class != wanted and version.status != "thinned":
                await self.content_version.rewrite(ctx, version, {"retentionClass": wanted})

    async def on_user_deleted(self, ctx: Context, event: Received[models.UserDeleted]) -> None:
        await self.replace_contributor(ctx, port.ReplaceContributor(body=event.data))

    async def replace_contributor(self, ctx: Context, request: port.ReplaceContributor) -> None:
        user, found = request.body.user_id, 0
        async for version in self.content_version.each(ctx, contributorIds=user):
            others = [TOMBSTONE if each == user else each for each in version.contributor_ids]
            await self.content_version.rewrite(
                ctx, version, {"contributorIds": list(dict.fromkeys(others))}
            )
            found += 1
        async for session in self.sessions.each(ctx, contributorIds=user):
            others = [TOMBSTONE if each == user else each for each in session.contributor_ids]
            people = list(dict.fromkeys(others))
            await self.sessions.rewrite(ctx, session, {"contributorIds": people})
            found += 1
        told = {
            "id": user,
            "userId": user,
            "erasureRequestId": request.body.erasure_request_id,
            "store": "versions",
            "erasedItems": found,
        }
        await self.content_version.announce(ctx, "version-erasure-completed", told)

    async def on_organization_purged(
        self, ctx: Context, event: Received[models.OrganizationPurged]
    ) -> None:
        await self.purge_tenant_versions(ctx, port.PurgeTenantVersions(body=event.data))

    async def purge_tenant_versions(self, ctx: Context, request: port.PurgeTenantVersions) -> None:
        inside = ctx.within(request.body.organization_id)
        async for history in self.content_history.each(inside):
            await self._delete(inside, history)
        async for version in self.content_version.each(inside):
            await self._delete_version(inside, version)
        async for job in self.restore_job.each(inside):
            await self.restore_job.remove(inside, job)
        async for policy in self.thinning_policy.each(inside):
            await self.thinning_policy.remove(inside, policy)
        await self.drop(inside, self.sources)
        await self.drop(inside, self.team_members)
        await self.drop(inside, self.sessions)
        await self.drop(inside, self.holds)
        await self.drop(inside, self.scrubs)
        await self.drop(inside, self.standings)

    async def _delete(self, ctx: Context, history: models.ContentHistory) -> None:
        """Delete a history with all that is in it."""
        subject = history.subject_id
        async for version in self.content_version.each(ctx, subjectId=subject):
            await self._delete_version(ctx, version)
        async for diff in self.version_diff.each(ctx, subjectId=subject):
            await self.version_diff.remove(ctx, diff)
        await self.drop(ctx, self.sources, subjectId=subject)
        await self.content_history.remove(ctx, history)

    async def _delete_version(self, ctx: Context, version: models.ContentVersion) -> None:
        await self.content_version.remove(ctx, version)
        key = version.payload_key
        if key is not None:
            ctx.unit.after_commit(lambda: self.payloads.delete(key))
