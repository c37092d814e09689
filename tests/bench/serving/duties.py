"""What model and contract demand of whoever makes a document, written by hand and plainly.

With the document commit: the answer of its `Idempotency-Key`, the event with its number for the
relay, the same in the event log, and a row of the audit trail, which is a chain. Legal holds are
looked up before, as they say until when it is kept.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bench.serving.caller import Caller
from bench.serving.documents import Document, Instant, documents, metadata

TOPIC, CREATED = "cloudsync.content.document.v1", "cloudsync.content.document-created.v1"
FOR_EVER = datetime(9999, 12, 31, tzinfo=UTC)
_KEPT = timedelta(hours=24)
_FIRST = "0" * 64

holds = sa.Table(
    "legal_holds",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("organization_id", sa.Uuid, nullable=False, index=True),
    sa.Column("held_from", Instant, nullable=False),
    sa.Column("held_until", Instant),
)
keys = sa.Table(
    "idempotency_keys",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("principal", sa.Text, primary_key=True),
    sa.Column("request_hash", sa.Text, nullable=False),
    sa.Column("response", sa.JSON, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
)
sequences = sa.Table(
    "event_sequences",
    metadata,
    sa.Column("aggregate_id", sa.Uuid, primary_key=True),
    sa.Column("last", sa.BigInteger, nullable=False),
)
outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("payload", sa.JSON, nullable=False),
    sa.Column("occurred_at", Instant, nullable=False),
    sa.Column("published_at", Instant),
    sa.Index("unpublished", "occurred_at", "id", sqlite_where=sa.text("published_at IS NULL")),
)
stream = sa.Table(
    "stream_events",
    metadata,
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("organization_id", sa.Uuid, nullable=False),
    sa.Column("stream", sa.Uuid, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("data", sa.JSON, nullable=False),
    sa.UniqueConstraint("organization_id", "stream", "version"),
)
heads = sa.Table(
    "audit_heads",
    metadata,
    sa.Column("organization_id", sa.Uuid, primary_key=True),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.Column("digest", sa.CHAR(64), nullable=False),
)
trail = sa.Table(
    "audit_trail",
    metadata,
    sa.Column("organization_id", sa.Uuid, primary_key=True),
    sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("operation", sa.Text, nullable=False),
    sa.Column("entity_id", sa.Uuid, nullable=False),
    sa.Column("principal", sa.Text, nullable=False),
    sa.Column("trace_id", sa.Text, nullable=False),
    sa.Column("changes", sa.JSON, nullable=False),
    sa.Column("digest", sa.CHAR(64), nullable=False),
    sa.Index("audit_of_entity", "organization_id", "entity_id"),
)

_HOLDS = sa.select(holds.c.held_from, holds.c.held_until).where(
    holds.c.organization_id == sa.bindparam("tenant", type_=sa.Uuid())
)
_KNOWN = sa.select(keys.c.request_hash, keys.c.response).where(
    keys.c.key == sa.bindparam("of_key"),
    keys.c.principal == sa.bindparam("who"),
    keys.c.expires_at > sa.bindparam("now", type_=Instant()),
)
_NUMBER = (
    insert(sequences)
    .on_conflict_do_update(
        index_elements=[sequences.c.aggregate_id], set_={"last": sequences.c.last + 1}
    )
    .returning(sequences.c.last)
)
_HEAD = (
    insert(heads)
    .on_conflict_do_update(
        index_elements=[heads.c.organization_id], set_={"sequence": heads.c.sequence + 1}
    )
    .returning(heads.c.sequence, heads.c.digest)
)
_END = (
    sa.update(heads)
    .where(heads.c.organization_id == sa.bindparam("tenant", type_=sa.Uuid()))
    .values(digest=sa.bindparam("digest"))
)


class Duties:
    """Of one store, whose writers take turns; `woken` once there is something to publish, and what
    was `made_now` is to be found at once.
    """

    def __init__(self, engine: AsyncEngine, secret: bytes) -> None:
        self.engine = engine
        self.woken = asyncio.Event()
        self.made_now: asyncio.Queue[Document] = asyncio.Queue()
        self._turn = asyncio.Lock()
        self._secret = secret

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """One transaction."""
        async with self._turn, self.engine.begin() as connection:
            yield connection

    async def retained(
        self, connection: AsyncConnection, who: Caller, now: datetime
    ) -> datetime | None:
        """Until when a document of now is kept."""
        rows = await connection.execute(_HOLDS, {"tenant": who.organization})
        held = (row.held_from <= now <= (row.held_until or FOR_EVER) for row in rows)
        return FOR_EVER if any(held) else None

    async def made(
        self, connection: AsyncConnection, who: Caller, document: Document, trace_id: str
    ) -> None:
        """Write a new document, tell of it, and leave a trail."""
        row = document.model_dump()
        await connection.execute(sa.insert(documents), row)
        await self._tell(connection, document)
        told = document.model_dump(mode="json", by_alias=True, exclude_none=True)
        passing = ("updatedAt", "version")
        changes = [
            {"field": name, "to": told[name]} for name in sorted(told) if name not in passing
        ]
        await self._note(connection, who, document, trace_id, changes)

    async def _tell(self, connection: AsyncConnection, document: Document) -> None:
        first = {"aggregate_id": document.id, "last": 1}
        number = (await connection.execute(_NUMBER, first)).scalar_one()
        data = {
            "documentId": str(document.id),
            "documentType": document.document_type,
            "ownerId": str(document.owner_id),
            "title": document.title,
            "sensitivity": document.sensitivity,
        }
        event_id = uuid4()
        event = {
            "specversion": "1.0",
            "id": str(event_id),
            "type": CREATED,
            "source": "/document-service",
            "subject": str(document.id),
            "time": document.created_at.isoformat(),
            "topic": TOPIC,
            "organizationid": str(document.organization_id),
            "sequence": str(number),
            "data": data,
        }
        added = {"id": event_id, "payload": event, "occurred_at": document.created_at}
        await connection.execute(sa.insert(outbox), added)
        kept = {
            "organization_id": document.organization_id,
            "stream": document.id,
            "version": number,
            "type": CREATED,
            "data": data,
        }
        await connection.execute(sa.insert(stream), kept)

    async def _note(
        self,
        connection: AsyncConnection,
        who: Caller,
        document: Document,
        trace_id: str,
        changes: list[dict[str, Any]],
    ) -> None:
        first = {"organization_id": who.organization, "sequence": 1, "digest": _FIRST}
        head = (await connection.execute(_HEAD, first)).one()
        row = {
            "organization_id": who.organization,
            "sequence": head.sequence,
            "at": document.created_at,
            "operation": "create-document",
            "entity_id": document.id,
            "principal": str(who.subject),
            "trace_id": trace_id,
            "changes": changes,
        }
        text = json.dumps([head.digest, row], default=str, sort_keys=True)
        row["digest"] = hmac.new(self._secret, text.encode(), hashlib.sha256).hexdigest()
        await connection.execute(sa.insert(trail), row)
        await connection.execute(_END, {"tenant": who.organization, "digest": row["digest"]})


async def answered(
    connection: AsyncConnection, who: Caller, key: str, request_hash: str
) -> Mapping[str, Any] | None:
    """What the key was answered with before.

    Raises:
        ValueError: it came with another request.
    """
    wanted = {"of_key": key, "who": str(who.subject), "now": datetime.now(UTC)}
    row = (await connection.execute(_KNOWN, wanted)).first()
    if row is None:
        return None
    if row.request_hash != request_hash:
        raise ValueError("another request")
    found: Mapping[str, Any] = row.response
    return found


async def keep(
    connection: AsyncConnection,
    who: Caller,
    key: str,
    request_hash: str,
    response: Mapping[str, Any],
) -> None:
    """Keep an answer for a day."""
    row = {
        "key": key,
        "principal": str(who.subject),
        "request_hash": request_hash,
        "response": response,
        "expires_at": datetime.now(UTC) + _KEPT,
    }
    places = [keys.c.key, keys.c.principal]
    statement = insert(keys).on_conflict_do_update(index_elements=places, set_=row)
    await connection.execute(statement, row)
