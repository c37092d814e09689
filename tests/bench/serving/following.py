"""What a new document sets off, by hand: a relay empties the outbox into a bus that all services of
the machine share, and a consumer works out who has each new document by way of groups, once.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from bench.serving.documents import Instant, documents, metadata
from bench.serving.duties import CREATED, Duties, outbox
from bench.serving.dutiful import audiences, shares

_BATCH, _PAUSE, _GROUP = 50, 0.05, "document-service"

of_bus = sa.MetaData()
log = sa.Table(
    "log",
    of_bus,
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("event", sa.JSON, nullable=False),
)
offsets = sa.Table(
    "offsets",
    of_bus,
    sa.Column("consumers", sa.Text, primary_key=True),
    sa.Column("position", sa.Integer, nullable=False),
)
inbox = sa.Table(
    "inbox",
    metadata,
    sa.Column("event_id", sa.Text, primary_key=True),
    sa.Column("handled_at", Instant, nullable=False),
)

_DUE = (
    sa.select(outbox.c.id, outbox.c.payload)
    .where(outbox.c.published_at.is_(None))
    .order_by(outbox.c.occurred_at, outbox.c.id)
    .limit(_BATCH)
)
_PUBLISHED = (
    sa.update(outbox)
    .where(outbox.c.id.in_(sa.bindparam("these", expanding=True, type_=sa.Uuid())))
    .values(published_at=sa.bindparam("published_at"))
)
_behind = sa.select(offsets.c.position).where(offsets.c.consumers == _GROUP).scalar_subquery()
_FETCH = (
    sa.select(log)
    .where(log.c.position > sa.func.coalesce(_behind, 0))
    .order_by(log.c.position)
    .limit(_BATCH)
)
_PLACED = insert(offsets)
_MOVE = _PLACED.on_conflict_do_update(
    index_elements=[offsets.c.consumers], set_={"position": _PLACED.excluded.position}
)
_HANDLED = sa.select(inbox.c.event_id).where(inbox.c.event_id == sa.bindparam("event"))
_DOCUMENT = sa.select(documents.c.id).where(
    documents.c.id == sa.bindparam("wanted", type_=sa.Uuid())
)
_GROUPS = sa.select(shares.c.principal, shares.c.access).where(
    shares.c.document_id == sa.bindparam("wanted", type_=sa.Uuid()),
    shares.c.principal.not_like("user:%"),
)
_AUDIENCE = sa.select(audiences.c.viewer_ids).where(
    audiences.c.document_id == sa.bindparam("wanted", type_=sa.Uuid())
)


class Following:
    """The relay and the consumer of one service; both look again after a moment."""

    def __init__(self, own: Duties, bus: AsyncEngine) -> None:
        self._own = own
        self._bus = bus
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Until the end of the block."""
        async with self._bus.begin() as connection:
            await connection.run_sync(of_bus.create_all)
        tasks = [asyncio.create_task(each) for each in (self._relay(), self._consume())]
        try:
            yield
        finally:
            for each in tasks:
                each.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._bus.dispose()

    async def _relay(self) -> None:
        while True:
            await self._own.woken.wait()
            self._own.woken.clear()
            while await self._published():
                pass

    async def _published(self) -> int:
        async with self._own.engine.connect() as connection:
            rows = (await connection.execute(_DUE)).all()
        if rows:
            async with self._turn, self._bus.begin() as bus:
                await bus.execute(sa.insert(log), [{"event": row.payload} for row in rows])
            told = {"these": [row.id for row in rows], "published_at": datetime.now(UTC)}
            async with self._own.writing() as connection:
                await connection.execute(_PUBLISHED, told)
        return len(rows)

    async def _consume(self) -> None:
        while True:
            async with self._bus.connect() as bus:
                rows = (await bus.execute(_FETCH)).all()
            for row in rows:
                await self._handle(row.event)
                placed = {"consumers": _GROUP, "position": row.position}
                async with self._turn, self._bus.begin() as bus:
                    await bus.execute(_MOVE, placed)
            if not rows:
                await asyncio.sleep(_PAUSE)

    async def _handle(self, event: dict[str, Any]) -> None:
        """Once, in one transaction with what follows from it."""
        if event["type"] != CREATED:
            return
        async with self._own.writing() as connection:
            if (await connection.execute(_HANDLED, {"event": event["id"]})).first():
                return
            seen = {"event_id": event["id"], "handled_at": datetime.now(UTC)}
            await connection.execute(sa.insert(inbox), seen)
            wanted = {"wanted": UUID(event["subject"])}
            if (await connection.execute(_DOCUMENT, wanted)).first() is None:
                return
            groups = (await connection.execute(_GROUPS, wanted)).all()
            known = (await connection.execute(_AUDIENCE, wanted)).first()
            if groups or known is not None:
                people = sorted({each.principal.partition(":")[2] for each in groups})
                row = {
                    "document_id": wanted["wanted"],
                    "organization_id": UUID(event["organizationid"]),
                    "viewer_ids": people,
                }
                statement = insert(audiences).on_conflict_do_update(
                    index_elements=[audiences.c.document_id], set_={"viewer_ids": people}
                )
                await connection.execute(statement, row)
