"""What is not known any more: people, redacted subjects and purged tenants."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from cloudsync_chassis.aggregate.engine import Aggregate
from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received

from . import snapshots
from .generated import models, port
from .training import Training


class Forgetting(Training):
    """Forgetting."""

    async def forget_subject(self, ctx: Context, request: port.ForgetSubject) -> None:
        """Delete what is known of an erased person, and let nothing learn from them again."""
        body = request.body
        ref = self.pseudonym(ctx, "actor", body.user_id)
        gone = 0
        rows: tuple[Aggregate[Any], ...] = (self.trails, self.samples, self.bands)
        for aggregate in rows:
            async for each in aggregate.each(ctx, entityRef=ref):
                await aggregate.remove(ctx, each)
                gone += 1
        async for kept in self.prediction.each(ctx):
            if kept.entity_ref == ref:
                await self.prediction.remove(ctx, kept)
                gone += 1
        await self._leave_out(ctx, body.user_id)
        told = {
            "userId": body.user_id,
            "erasureRequestId": body.erasure_request_id,
            "store": models.MlErasureCompletedStore.models,
            "erasedItems": gone,
        }
        await self.prediction.announce(ctx, "ml-erasure-completed", told)

    async def leave_out_of_training(self, ctx: Context, request: port.LeaveOutOfTraining) -> None:
        """Hold a subject's rows back, and write snapshots anew without them."""
        await self._leave_out(ctx, request.body.subject_id)

    async def _leave_out(self, ctx: Context, subject: UUID) -> None:
        ref, tenant = self.pseudonym(ctx, "actor", subject), str(ctx.tenant)
        if await self.forgotten.find(ctx, entityRef=ref) is None:
            await self.forgotten.insert(ctx, {"entityRef": ref})
        snapshots.leave_out(self.bucket, lambda row: (row.tenant, row.ref) == (tenant, ref))

    async def forget_tenant(self, ctx: Context, request: port.ForgetTenant) -> None:
        """Delete features and kept predictions of a purged organisation, and its rows."""
        rows: tuple[Aggregate[Any], ...] = (
            self.trails,
            self.samples,
            self.bands,
            self.forgotten,
            self.prediction,
        )
        for aggregate in rows:
            async for each in aggregate.each(ctx):
                await aggregate.remove(ctx, each)
        tenant = str(ctx.tenant)
        snapshots.leave_out(self.bucket, lambda row: row.tenant == tenant)

    async def on_user_deleted(self, ctx: Context, event: Received[models.UserDeleted]) -> None:
        """Features, counters and band of the person go at once, and the erasure is reported."""
        await self.forget_subject(ctx, port.ForgetSubject(body=event.data))

    async def on_events_redacted(
        self, ctx: Context, event: Received[models.EventsRedacted]
    ) -> None:
        """Snapshots that hold the subject are written anew without it."""
        await self.leave_out_of_training(ctx, port.LeaveOutOfTraining(body=event.data))

    async def on_organization_purged(
        self, ctx: Context, event: Received[models.OrganizationPurged]
    ) -> None:
        """The tenant's features and kept predictions go, and its rows leave the snapshots."""
        await self.forget_tenant(ctx, port.ForgetTenant(body=event.data))
