"""Hand-overs: documents of somebody who leaves, given to a successor a thousand at a time."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.model import from_record
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.store.query import ListQuery, PageRequest

from .base import cause
from .generated import models, operations, port, tables
from .people import People

BATCH = 1_000
_MOST = 10_000
_PENDING = ("queued", "running")
_TRIES = 5

MOVE = Operation(id="work-on-transfers", access="workload", writes=True, timeout=60.0)
"""The job that carries out one step of each transfer."""


class Transfers(People):
    """Opening transfers for those who are gone, and the work on transfers."""

    async def transfer_documents(
        self, ctx: Context, request: port.TransferDocuments
    ) -> models.DocumentTransfer:
        self.runtime.work.wake(ctx, operations.START_TRANSFER.id)
        return await super().transfer_documents(ctx, request)

    async def on_member_removed(self, ctx: Context, event: Received[models.MemberRemoved]) -> None:
        await self.hand_over_documents(ctx, port.HandOverDocuments())

    async def hand_over_documents(self, ctx: Context, request: port.HandOverDocuments) -> None:
        data = cause(ctx).data
        successor = data.get("successorUserId")
        await self.news(ctx, f"left:{data['userId']}", "left")
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
        self.runtime.work.wake(ctx, operations.START_TRANSFER.id)
        return owned

    async def start_transfer(self, ctx: Context, request: port.StartTransfer) -> None:
        key = request.document_transfer_id
        transfer = await self.document_transfer.find(ctx, id=key)
        if transfer is not None and await self._successor_left(ctx, transfer):
            body = models.FailTransferRequest(failure_code="successor-left")
            refused = port.RefuseTransfer(document_transfer_id=key, body=body)
            await self.refuse_transfer(ctx, refused)
            return
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
        self.runtime.work.wake(ctx, MOVE.id)

    async def _successor_left(self, ctx: Context, transfer: models.DocumentTransfer) -> bool:
        """Whether whoever was to receive has left since the hand-over was asked for."""
        known = await self.standings.find(ctx, about=f"left:{transfer.to_user_id}")
        return known is not None and known.at >= transfer.created_at

    async def go_on(self, ctx: Context, key: UUID) -> None:
        """Try one more step of a transfer, or give it up after five that failed in a row."""
        tries = await self.tries.find(ctx, documentTransferId=key)
        if tries is None:
            tries = await self.tries.insert(ctx, {"documentTransferId": key, "count": 0})
        if tries.count >= _TRIES:
            await self.tries.remove(ctx, tries)
            body = models.FailTransferRequest(failure_code="documents-not-moved")
            await self.fail_transfer(ctx, port.FailTransfer(document_transfer_id=key, body=body))
            return
        await self.tries.rewrite(ctx, tries, {"count": tries.count + 1})

        async def move(inside: Context) -> None:
            await self._move(inside, key)

        # in a transaction of its own: the try counts though what it did is undone
        self.runtime.work.soon(ctx, "move-documents", move)

    async def _move(self, ctx: Context, key: UUID) -> None:
        """One step; the last one completes the transfer."""
        transfer = await self.document_transfer.find(ctx, id=key, outcome="running")
        if transfer is None:
            return
        moved, more = await self._step(ctx, transfer)
        tries = await self.tries.find(ctx, documentTransferId=key)
        if tries is not None:
            await self.tries.remove(ctx, tries)
        if more:
            self.runtime.work.wake(ctx, MOVE.id)
            return
        counts = {"movedCount": moved, "failedCount": len(transfer.document_ids) - moved}
        body = from_record(models.CompleteTransferRequest, counts)
        await self.complete_transfer(
            ctx, port.CompleteTransfer(document_transfer_id=key, body=body)
        )
        if transfer.requested_by == transfer.to_user_id:
            # somebody gone who owned more than one transfer takes
            await self.hand_over(ctx, transfer.from_user_id, transfer.to_user_id)

    async def _step(self, ctx: Context, transfer: models.DocumentTransfer) -> tuple[int, bool]:
        """Give a thousand documents to the successor: how many those are so far, and whether there
        may be more. What was deleted or given away meanwhile stays out.
        """
        wanted = {"id": tuple(transfer.document_ids), "ownerId": transfer.from_user_id}
        page = PageRequest(limit=BATCH, sort="createdAt")
        found = await self.document.repository.select(ctx, ListQuery(page, wanted))
        for document in found.items:
            await self.document.rewrite(ctx, document, {"ownerId": transfer.to_user_id})
        moved = transfer.moved_count + len(found.items)
        await self.document_transfer.rewrite(ctx, transfer, {"movedCount": moved})
        return moved, found.following is not None
