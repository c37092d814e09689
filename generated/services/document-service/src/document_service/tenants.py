"""What happens to all documents of an organisation: restrictions, legal holds, the end."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.logs import logger
from cloudsync_chassis.problem import UNAVAILABLE
from cloudsync_chassis.store.database import dialect_insert
from cloudsync_chassis.store.query import ListQuery, PageRequest

from .base import cause
from .bodies import Bodies
from .generated import models, port, tables

FOR_EVER = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
"""Until when a held document is kept."""

_BATCH = 1_000
_HOLDS = sa.select(tables.legal_holds.c.held_from, tables.legal_holds.c.held_until).where(
    tables.legal_holds.c.organization_id == sa.bindparam("tenant", type_=sa.Uuid())
)

log = logger("tenants")


class Tenants(Bodies):
    """Followers of events on organisations and of legal holds."""

    async def on_organization_restricted(
        self, ctx: Context, event: Received[models.OrganizationRestricted]
    ) -> None:
        await self.set_tenant_access(ctx, port.SetTenantAccess())

    async def on_organization_unrestricted(
        self, ctx: Context, event: Received[models.OrganizationUnrestricted]
    ) -> None:
        await self.set_tenant_access(ctx, port.SetTenantAccess())

    async def set_tenant_access(self, ctx: Context, request: port.SetTenantAccess) -> None:
        event = cause(ctx)
        inside = ctx.within(UUID(str(event.data["organizationId"])))
        reason = event.data.get("restrictedReason")
        if not await self.news(inside, "access", str(reason or "writable")):
            return
        table = tables.tenant_states
        connection = await inside.unit.connection()
        await connection.execute(sa.delete(table).where(table.c.organization_id == inside.tenant))
        if reason is not None:
            row = {
                "organization_id": inside.tenant,
                "read_only_since": event.time,
                "reason": str(reason),
            }
            await connection.execute(sa.insert(table).values(row))

    async def on_legal_hold_placed(
        self, ctx: Context, event: Received[models.LegalHoldPlaced]
    ) -> None:
        await self.follow_document_holds(ctx, port.FollowDocumentHolds())

    async def on_legal_hold_released(
        self, ctx: Context, event: Received[models.LegalHoldReleased]
    ) -> None:
        await self.follow_document_holds(ctx, port.FollowDocumentHolds())

    async def follow_document_holds(self, ctx: Context, request: port.FollowDocumentHolds) -> None:
        event = cause(ctx)
        hold = UUID(str(event.data["legalHoldId"]))
        placed = event.type.endswith("legal-hold-placed.v1")
        # a case that is over never begins again, whichever event comes first
        if await self.word(ctx, f"hold:{hold}") == "released":
            return
        if not placed:
            await self.news(ctx, f"hold:{hold}", "released")
        await self._note_hold(ctx, hold, event.data if placed else None)
        holds = await self._holds(ctx)
        async for document in self.document.each(ctx):
            await self._hold(ctx, document, holds)

    async def held(self, ctx: Context, begun: datetime, changed: datetime) -> dict[str, datetime]:
        """`retainUntil` of a document that lived from one moment to another, if a hold keeps it."""
        holds = await self._holds(ctx)
        return {"retainUntil": FOR_EVER} if _falls(holds, begun, changed) else {}

    async def on_organization_purged(
        self, ctx: Context, event: Received[models.OrganizationPurged]
    ) -> None:
        await self.purge_tenant_documents(ctx, port.PurgeTenantDocuments(body=event.data))

    async def purge_tenant_documents(
        self, ctx: Context, request: port.PurgeTenantDocuments
    ) -> None:
        """Delete what is not held.

        Raises:
            Problem: `unavailable`: purges are held; the event is to be handled again.
        """
        inside = ctx.within(request.body.organization_id)
        if await self.flags.org_purge_pause(inside):
            raise UNAVAILABLE("purges are held")
        kept = 0
        page = PageRequest(limit=_BATCH, sort="createdAt")
        while True:
            found = await self.document.repository.select(inside, ListQuery(page))
            for document in found.items:
                if document.retain_until is not None and document.retain_until > ctx.now:
                    kept += 1
                    continue
                await self.document.remove(inside, document)
                await self.drop_parts(inside, document.id)
                await self.document.announce(inside, "document-deleted", document, document)
            if found.following is None:
                break
            page = PageRequest(limit=_BATCH, after=found.following)
        if kept:
            # the holds' own documents outlast the organisation, and so does what reads them
            log.warning("documents_retained", count=kept)
            return
        await self._forget_tenant(inside)
        inside.unit.after_commit(lambda: self.world.keys.destroy(inside.tenant))

    async def drop_parts(self, ctx: Context, document_id: UUID) -> None:
        """Remove what hangs on a document that is gone: nobody is told of each."""
        async for grant in self.share_grant.each(ctx, documentId=document_id):
            await self.share_grant.remove(ctx, grant)
        async for thread in self.comment_thread.each(ctx, documentId=document_id):
            await self.comment_thread.remove(ctx, thread)
        async for batch in self.operation_batch.each(ctx, documentId=document_id):
            await self.operation_batch.remove(ctx, batch)
        async for audience in self.document_audience.each(ctx, documentId=document_id):
            await self.document_audience.remove(ctx, audience)
        async for pending in self.pending.each(ctx, documentId=document_id):
            await self.pending.remove(ctx, pending)
        async for former in self.former_retentions.each(ctx, documentId=document_id):
            await self.former_retentions.remove(ctx, former)
        await self.drop_bodies(ctx, document_id)
        table = tables.share_links
        links = sa.delete(table).where(
            table.c.organization_id == ctx.tenant, table.c.document_id == document_id
        )
        await (await ctx.unit.connection()).execute(links)

    async def _forget_tenant(self, ctx: Context) -> None:
        connection = await ctx.unit.connection()
        for table in (
            tables.share_links,
            tables.principal_members,
            tables.tenant_states,
            tables.legal_holds,
            tables.document_transfers,
            tables.folders,
        ):
            await connection.execute(sa.delete(table).where(table.c.organization_id == ctx.tenant))
        async for standing in self.standings.each(ctx):
            await self.standings.remove(ctx, standing)
        async for tries in self.tries.each(ctx):
            await self.tries.remove(ctx, tries)

    async def _note_hold(self, ctx: Context, hold: UUID, data: Mapping[str, Any] | None) -> None:
        table = tables.legal_holds
        connection = await ctx.unit.connection()
        if data is None:
            await connection.execute(
                sa.delete(table).where(
                    table.c.organization_id == ctx.tenant, table.c.legal_hold_id == hold
                )
            )
            return
        row = {
            "organization_id": ctx.tenant,
            "legal_hold_id": hold,
            "held_from": _time(data["heldFrom"]),
            "held_until": _time(data["heldUntil"]) if data.get("heldUntil") else None,
        }
        insert = dialect_insert(connection, table).values(row)
        await connection.execute(insert.on_conflict_do_nothing())

    async def _holds(self, ctx: Context) -> list[tuple[datetime, datetime]]:
        rows = (await (await ctx.unit.connection()).execute(_HOLDS, {"tenant": ctx.tenant})).all()
        return [(row.held_from, row.held_until or FOR_EVER) for row in rows]

    async def _hold(
        self,
        ctx: Context,
        document: models.Document,
        holds: list[tuple[datetime, datetime]],
    ) -> None:
        """Keep a document, or give it back to its policy."""
        falls = _falls(holds, document.created_at, document.updated_at)
        former = await self.former_retentions.find(ctx, documentId=document.id)
        if falls and document.retain_until != FOR_EVER:
            about: dict[str, Any] = {"documentId": document.id}
            if document.retain_until is not None:
                about["retainUntil"] = document.retain_until
            await self.former_retentions.insert(ctx, about)
            await self.write(ctx, document.id, {"retainUntil": FOR_EVER})
        elif not falls and document.retain_until == FOR_EVER:
            until = former.retain_until if former is not None else None
            await self.write(ctx, document.id, {"retainUntil": until})
            if former is not None:
                await self.former_retentions.remove(ctx, former)


def _falls(holds: list[tuple[datetime, datetime]], begun: datetime, changed: datetime) -> bool:
    """Whether something that was written between two moments falls into the stretch of a hold."""
    return any(begun <= until and changed >= since for since, until in holds)


def _time(value: Any) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
