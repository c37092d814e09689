"""Answers kept under the caller's `Idempotency-Key`, committed with the state that they tell of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from cloudsync_chassis.context import Context
from cloudsync_chassis.problem import KEY_REUSED
from cloudsync_chassis.store.system import idempotency_keys as table

KEPT = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Answer:
    """An adapter's encoded answer."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


async def replay(ctx: Context, request_hash: str) -> Answer | None:
    """The answer given before to the same request; None if the key is new.

    Raises:
        Problem: `idempotency-key-reused`: the key came with another request.
    """
    statement = sa.select(table).where(
        table.c.key == ctx.idempotency_key,
        table.c.principal == _principal(ctx),
        table.c.expires_at > ctx.now,
    )
    row = (await (await ctx.unit.connection()).execute(statement)).first()
    if row is None:
        return None
    if row.request_hash != request_hash:
        raise KEY_REUSED()
    kept = row.response
    headers = tuple((name, value) for name, value in kept["headers"])
    return Answer(kept["status"], headers, kept["body"].encode("latin-1"))


async def keep(ctx: Context, request_hash: str, answer: Answer) -> None:
    """Keep the answer for 24 hours.

    Raises:
        sqlalchemy.exc.IntegrityError: another request with the key has committed meanwhile.
    """
    connection = await ctx.unit.connection()
    mine = (table.c.key == ctx.idempotency_key, table.c.principal == _principal(ctx))
    await connection.execute(sa.delete(table).where(*mine, table.c.expires_at <= ctx.now))
    row = {
        "key": ctx.idempotency_key,
        "principal": _principal(ctx),
        "request_hash": request_hash,
        "response": {
            "status": answer.status,
            "headers": [list(each) for each in answer.headers],
            "body": answer.body.decode("latin-1"),
        },
        "expires_at": ctx.now + KEPT,
    }
    await connection.execute(sa.insert(table).values(row))


def expired() -> sa.Delete:
    """The statement that forgets old answers."""
    return sa.delete(table).where(table.c.expires_at <= datetime.now(UTC))


def _principal(ctx: Context) -> str:
    return f"{ctx.principal.organization_id or ''}:{ctx.principal.subject}"
