"""Writes the trail of an operation as the last act of its transaction, and verifies it.

The rows of a tenant are a chain: each digest is an HMAC (SHA-256) over the row and the digest
before, so that a row that was changed, added or taken away is found by whoever has the key. The
lock on the end of a chain is taken just before the commit, after all other locks.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any, Literal
from uuid import UUID

import sqlalchemy as sa
from pydantic_core import to_jsonable_python

from cloudsync_chassis.audit.tables import heads, records
from cloudsync_chassis.context import Context
from cloudsync_chassis.masking import Masking
from cloudsync_chassis.model import Record
from cloudsync_chassis.store.columns import utc_text
from cloudsync_chassis.store.database import Database, insert_of
from cloudsync_chassis.store.engine import AsyncConnection
from cloudsync_chassis.store.statements import brief

Action = Literal["created", "changed", "removed"]

_ADD = sa.insert(records)
_FIRST = "0" * 64
_START = {"sequence": 1, "digest": _FIRST, "dropped": 0, "dropped_digest": _FIRST}
_END = brief(
    sa.update(heads)
    .where(heads.c.organization_id == sa.bindparam("tenant", type_=heads.c.organization_id.type))
    .values(digest=sa.bindparam("digest"))
)
_PAGE = 500
_MEMBERS = ("operation", "action", "entity", "principal", "principal_kind", "trace_id", "changes")
_PASSING = frozenset({"updatedAt", "version"})
"""Change with every change, which the row's time and place tell already."""


class BrokenChainError(Exception):
    """A trail is not as it was written; `sequence` is the first row that does not fit."""

    def __init__(self, tenant: UUID, sequence: int, fault: str) -> None:
        super().__init__(f"{tenant}: row {sequence} {fault}")
        self.tenant = tenant
        self.sequence = sequence


class AuditTrail:
    """The trail of one service. `key`: secret bytes; values of masked fields are left out."""

    def __init__(self, key: bytes, masking: Masking) -> None:
        self._key = key
        self._masking = masking

    def note(
        self, ctx: Context, action: Action, entity: str, before: Record, after: Record
    ) -> None:
        """Have a change written with the rest of the transaction.

        Names of all changed fields are kept, values where the model lets them be logged.
        """
        row = {
            "organization_id": ctx.tenant,
            "at": ctx.now,
            "operation": ctx.operation.id,
            "action": action,
            "entity": entity,
            "entity_id": (after or before)["id"],
            "principal": ctx.principal.subject,
            "principal_kind": ctx.principal.kind,
            "trace_id": ctx.trace.trace_id,
            "changes": self.changes(before, after),
        }

        async def write() -> None:
            await self._append(await ctx.unit.connection(), row)

        ctx.unit.before_commit(write)

    def changes(self, before: Record, after: Record) -> list[dict[str, Any]]:
        """`{"field", "from", "to"}` of each field that differs, by name."""
        found = []
        for name in sorted(before.keys() | after.keys()):
            old, new = before.get(name), after.get(name)
            if name in _PASSING or old == new:
                continue
            entry: dict[str, Any] = {"field": name}
            if not self._masking.hides(name):
                told = {"from": old, "to": new}
                entry |= {word: self._masking.shown(v) for word, v in told.items() if v is not None}
            found.append(entry)
        plain: list[dict[str, Any]] = to_jsonable_python(found)
        return plain

    async def verify(self, database: Database, tenant: UUID) -> int:
        """How many rows the tenant's trail has, if they are as they were written.

        Raises:
            BrokenChainError: a row was changed, added or taken away.
        """
        async with database.transaction(write=False, snapshot=True) as connection:
            head = (
                await connection.execute(sa.select(heads).where(heads.c.organization_id == tenant))
            ).one_or_none()
            last, digest = (head.dropped, head.dropped_digest) if head else (0, _FIRST)
            count = 0
            while rows := await _page(connection, tenant, last):
                for row in rows:
                    if row.sequence != last + 1:
                        raise BrokenChainError(tenant, last + 1, "is missing")
                    last, count = row.sequence, count + 1
                    if not hmac.compare_digest(row.digest, self._digest(digest, row._mapping)):
                        raise BrokenChainError(tenant, last, "was changed")
                    digest = row.digest
            end = (head.sequence, head.digest) if head else (0, _FIRST)
            if (last, digest) != end:
                raise BrokenChainError(tenant, last + 1, "is missing at the end")
        return count

    async def _append(self, connection: AsyncConnection, row: dict[str, Any]) -> None:
        tenant = row["organization_id"]
        start = {"organization_id": tenant, **_START}
        head = (await connection.execute(_step(connection.dialect.name), start)).one()
        row = {**row, "sequence": head.sequence}
        row["digest"] = self._digest(head.digest, row)
        await connection.execute(_ADD, row)
        await connection.execute(_END, {"tenant": tenant, "digest": row["digest"]})

    def _digest(self, previous: str, row: Mapping[Any, Any]) -> str:
        told = [
            previous,
            str(row["organization_id"]),
            row["sequence"],
            utc_text(row["at"]),
            str(row["entity_id"]),
            *(row[name] for name in _MEMBERS),
        ]
        text = json.dumps(told, sort_keys=True, separators=(",", ":"))
        return hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()


@cache
def _step(dialect: str) -> Any:
    """Counts a row of a tenant's chain, and locks its end."""
    return (
        insert_of(dialect, heads)
        .on_conflict_do_update(
            index_elements=[heads.c.organization_id], set_={"sequence": heads.c.sequence + 1}
        )
        .returning(heads.c.sequence, heads.c.digest)
    )


async def drop_older(database: Database, before: datetime, most: int = _PAGE) -> int:
    """Drop rows of all tenants that are older, at most `most` of each; how many those were.

    Rows go from the front of a chain, which stays verifiable from where it then begins.
    """
    async with database.transaction(write=False) as connection:
        old = sa.select(records.c.organization_id).where(records.c.at < before).distinct()
        tenants = sorted((await connection.execute(old)).scalars(), key=str)
    dropped = 0
    for tenant in tenants:
        async with database.transaction(write=True) as connection:
            dropped += await _drop_front(connection, tenant, before, most)
    return dropped


async def _drop_front(
    connection: AsyncConnection, tenant: UUID, before: datetime, most: int
) -> int:
    ours = records.c.organization_id == tenant
    young = sa.select(sa.func.min(records.c.sequence)).where(ours, records.c.at >= before)
    boundary = await connection.scalar(young)
    front = sa.select(records.c.sequence, records.c.digest).where(ours)
    if boundary is not None:
        front = front.where(records.c.sequence < boundary)
    rows = (await connection.execute(front.order_by(records.c.sequence).limit(most))).all()
    if not rows:
        return 0
    last = rows[-1]
    gone = {"dropped": last.sequence, "dropped_digest": last.digest}
    await connection.execute(sa.update(heads).where(heads.c.organization_id == tenant).values(gone))
    await connection.execute(sa.delete(records).where(ours, records.c.sequence <= last.sequence))
    return len(rows)


async def _page(connection: AsyncConnection, tenant: UUID, after: int) -> Any:
    statement = (
        sa.select(records)
        .where(records.c.organization_id == tenant, records.c.sequence > after)
        .order_by(records.c.sequence)
        .limit(_PAGE)
    )
    return (await connection.execute(statement)).all()
