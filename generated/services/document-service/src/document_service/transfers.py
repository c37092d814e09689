"""Hand-overs: documents of somebody who leaves, given to a successor a thousand at a time."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.model import from_record
from cloudsync_chassis.store.query import ListQuery, PageRequest

from .base import QUIET, cause
from .generated import models, port, tables
from .people import People

BATCH = 1_000
_MOST = 10_000
_PENDING = ("queued", "running")


class Transfers(People):
    """Opening transfers for those who are gone, and the work on transfers."""

    async def transfer_documents(
        self, ctx: Context, request: port.TransferDocuments
    ) -> models.DocumentTransfer:
        self.wake(ctx)
        return await super().transfer_documents(ctx, request)

    async def on_member_removed(self, ctx: Context, event: Received[models.MemberRemoved]) -> None:
        await self.hand_over_documents(ctx, port.HandOverDocuments())

    async def hand_over_documents(self, ctx: Context, request: port.HandOverDocuments) -> None:
        data = cause(ctx).data
        successor = data.get("successorUserId")
        await self.hand_over(
            ctx, UUID(str(data["userId"])), UUID(str(successor)) if successor else None
        )

    async def hand_over(self, ctx: Context, user: UUID, successor: UUID | None) -> int:
        """Open a transfer of what somebody owns, unless one is under way; how much that is."""
        owned = await self.document.count(ctx, ownerId=user)
        to = successor or self.world.custodians.of(ctx.tenant)
        if not owned or to == user:
            return owned
        if not await self.document_transfer.count(ctx, fromUserId=user, outcome=_PENDING):
            # nobody asked for it, so it stands in the name of whoever receives
            fields = {"fromUserId": user, "toUserId": to, "requestedBy": to}
            await self.document_transfer.create(ctx, "hand-over-documents", fields)
        self.wake(ctx)
        return owned

    async def start_transfer(self, ctx: Context, request: port.StartTransfer) -> None:
        key = request.document_transfer_id
        transfer = await self.document_transfer.find(ctx, id=key)
        fields = {}
        if transfer is not None and transfer.outcome == "queued" and not transfer.document_ids:
            # whoever did not name documents means all: those that there are now
            table = tables.documents
            owned = sa.select(table.c.id).where(
                table.c.organization_id == ctx.tenant, table.c.owner_id == transfer.from_user_id
            )
            owned = owned.order_by(table.c.created_at, table.c.id).limit(_MOST)
            rows = await (await ctx.unit.connection()).execute(owned)
            fields = {"documentIds": list(rows.scalars())}
        await self.document_transfer.transition(ctx, "start-transfer", key, fields)

    async def work_on_transfers(self, ctx: Context) -> None:
        """Claim what is queued in an organisation, and carry one step of each transfer out."""
        async for each in self.document_transfer.each(ctx, outcome="queued"):
            await self.start_transfer(ctx, port.StartTransfer(document_transfer_id=each.id))
        async for each in self.document_transfer.each(ctx, outcome="running"):
            moved, more = await self._step(ctx, each)
            if more:
                continue
            counts = {"movedCount": moved, "failedCount": len(each.document_ids) - moved}
            body = from_record(models.CompleteTransferRequest, counts)
            done = port.CompleteTransfer(document_transfer_id=each.id, body=body)
            await self.complete_transfer(ctx, done)
            if each.requested_by == each.to_user_id:
                # somebody gone who owned more than one transfer takes
                await self.hand_over(ctx, each.from_user_id, each.to_user_id)

    async def _step(self, ctx: Context, transfer: models.DocumentTransfer) -> tuple[int, bool]:
        """Give a thousand documents to the successor: how many those are so far, and whether there
        may be more. What was deleted or given away meanwhile stays out.
        """
        wanted = {"id": tuple(transfer.document_ids), "ownerId": transfer.from_user_id}
        page = PageRequest(limit=BATCH, sort="createdAt")
        found = await self.document.repository.select(ctx, ListQuery(page, wanted))
        for document in found.items:
            await self.write(ctx, document.id, {"ownerId": transfer.to_user_id})
        moved = transfer.moved_count + len(found.items)
        await self.document_transfer.update(ctx, QUIET, transfer.id, {"movedCount": moved})
        return moved, found.following is not None
