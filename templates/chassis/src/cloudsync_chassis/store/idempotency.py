"""What repetitions are recognised by, committed with the state that they tell of.

Answers lie under the caller's `Idempotency-Key`; the entity that a command made which is idempotent
by nature lies under the request itself. Answers are sealed, each under a key of its own: they hold
what is encrypted elsewhere, and what is shown only once. Requests are told by keyed digests (HMAC,
RFC 2104), so that who reads the table cannot try out what they may have said; digests without a
key, from before, are still known for what they are.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic_core import to_json

from cloudsync_chassis import clock
from cloudsync_chassis.context import Context
from cloudsync_chassis.problem import KEY_REUSED, UNAVAILABLE, Problem
from cloudsync_chassis.store.database import insert_of
from cloudsync_chassis.store.statements import brief
from cloudsync_chassis.store.system import idempotency_keys as table

KEPT = timedelta(hours=24)

KeyOf = Callable[[str], bytes]
"""Gives the 32 bytes that belong to a name, the same each time."""

_NONCE = 12
_REQUESTS = "digests of requests"

_MINE = (
    table.c.key == sa.bindparam("mine", type_=table.c.key.type),
    table.c.principal == sa.bindparam("who", type_=table.c.principal.type),
)
_MOMENT = sa.bindparam("moment", type_=table.c.expires_at.type)
_FRESH = brief(sa.select(table).where(*_MINE, table.c.expires_at > _MOMENT))
_ROW = ("key", "principal", "request_hash", "response", "expires_at")
_FORGET = sa.delete(table).where(*_MINE)
_TOLD = (
    table.c.key.in_(sa.bindparam("these", type_=table.c.key.type, expanding=True)),
    table.c.principal == sa.bindparam("who", type_=table.c.principal.type),
)
_MADE = brief(sa.select(table).where(*_TOLD, table.c.expires_at > _MOMENT))
_UNMAKE = sa.delete(table).where(*_TOLD)

_NATURAL = "natural "
_BEGUN = "begun "
"""They begin keys that no caller sends: a space is not allowed in an `Idempotency-Key`."""


class OvertakenError(Exception):
    """Another request committed first, so that this one may find its outcome when run again.

    `otherwise` is what to tell the caller if it does not.
    """

    def __init__(self, otherwise: Problem) -> None:
        super().__init__(str(otherwise))
        self.otherwise = otherwise


@dataclass(frozen=True, slots=True)
class Request:
    """What a request is known by; `unkeyed`: what it was known by before digests had keys."""

    keyed: str
    unkeyed: str

    @classmethod
    def of(cls, unkeyed: str, key_of: KeyOf) -> Request:
        """The request with a digest."""
        key = key_of(_REQUESTS)
        return cls(hmac.new(key, unkeyed.encode(), hashlib.sha256).hexdigest(), unkeyed)

    @property
    def names(self) -> tuple[str, str]:
        """The keys under which what it made may lie."""
        return _NATURAL + self.keyed, _NATURAL + self.unkeyed


@dataclass(frozen=True, slots=True)
class Answer:
    """An adapter's encoded answer."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


async def replay(ctx: Context, request_hash: str, key_of: KeyOf) -> Answer | None:
    """The answer given before to the same request; None if the key is new.

    Raises:
        Problem: `idempotency-key-reused`: the key came with another request.
        cryptography.exceptions.InvalidTag: what was kept has been altered.
    """
    await _wait_for_the_same(ctx, ctx.idempotency_key or "")
    row = await _kept(ctx, ctx.idempotency_key or "")
    if row is None:
        return None
    known = Request.of(request_hash, key_of)
    if row.request_hash not in (known.keyed, known.unkeyed):
        raise KEY_REUSED()
    kept = row.response
    headers = tuple((name, value) for name, value in kept["headers"])
    sealed = base64.b64decode(kept["sealed"])
    cipher = AESGCM(key_of(_name(ctx, request_hash)))
    return Answer(kept["status"], headers, cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], None))


async def keep(ctx: Context, request_hash: str, answer: Answer, key_of: KeyOf) -> None:
    """Keep the answer for 24 hours.

    Raises:
        OvertakenError: another request with the key has committed meanwhile.
    """
    nonce = os.urandom(_NONCE)
    cipher = AESGCM(key_of(_name(ctx, request_hash)))
    sealed = nonce + cipher.encrypt(nonce, answer.body, None)
    response = {
        "status": answer.status,
        "headers": [list(each) for each in answer.headers],
        "sealed": base64.b64encode(sealed).decode(),
    }
    known = Request.of(request_hash, key_of)
    await _keep(ctx, ctx.idempotency_key or "", known.keyed, response)


async def forget_answer(ctx: Context) -> None:
    """Forget the answer to the running request: for answers that nobody may keep. An operation that
    gives one does this `before_commit`; repeated, it is carried out again.
    """
    mine = _mine(ctx, ctx.idempotency_key or "")
    await (await ctx.unit.connection()).execute(_FORGET, mine)


async def begin(ctx: Context, entity_id: UUID) -> None:
    """Note what the running request has made, for an operation that commits before it answers: if
    it is cut off in between, the same request goes on with that (`begun`) and makes nothing new.

    Without an `Idempotency-Key` nothing tells that a request is the same, and nothing is noted.

    Raises:
        OvertakenError: the same request has committed meanwhile.
    """
    if ctx.idempotency_key is not None:
        made_so_far = {"entity": str(entity_id)}
        await _keep(ctx, _BEGUN + ctx.idempotency_key, ctx.request, made_so_far)


async def begun(ctx: Context) -> UUID | None:
    """The id of what the same request has made before it was cut off, see `begin`.

    Raises:
        Problem: `idempotency-key-reused`: the key came with another request.
    """
    if ctx.idempotency_key is None:
        return None
    row = await _kept(ctx, _BEGUN + ctx.idempotency_key)
    if row is None:
        return None
    if row.request_hash != ctx.request:
        raise KEY_REUSED()
    return UUID(row.response["entity"])


def digest(*parts: bytes) -> str:
    """A hash of the parts, each framed by its length."""
    hashed = hashlib.sha256()
    for part in parts:
        hashed.update(len(part).to_bytes(8, "big"))
        hashed.update(part)
    return hashed.hexdigest()


def request_of(key_of: KeyOf, command: str, *inputs: Mapping[str, Any]) -> Request:
    """Names a request: the same for a command with the same inputs, however they are ordered."""
    told = (to_json(_ordered(each), bytes_mode="base64") for each in inputs)
    return Request.of(digest(command.encode(), *told), key_of)


async def made(ctx: Context, request: Request) -> UUID | None:
    """The id of the entity that the same request of the same caller has made before."""
    await _wait_for_the_same(ctx, _NATURAL + request.unkeyed)
    wanted = {**_told(ctx, request), "moment": ctx.now}
    row = (await (await ctx.unit.connection()).execute(_MADE, wanted)).first()
    return UUID(row.response["entity"]) if row is not None else None


async def keep_made(ctx: Context, request: Request, entity_id: UUID) -> None:
    """Keep for 24 hours what a request has made.

    Raises:
        OvertakenError: the same request has committed meanwhile.
    """
    await _keep(ctx, request.names[0], request.keyed, {"entity": str(entity_id)})


async def forget_made(ctx: Context, request: Request) -> None:
    """Forget what a request has made: it is there no more, and the request may make it anew."""
    await (await ctx.unit.connection()).execute(_UNMAKE, _told(ctx, request))


def expired() -> sa.Delete:
    """The statement that forgets old answers."""
    return sa.delete(table).where(table.c.expires_at <= clock.now())


async def _wait_for_the_same(ctx: Context, key: str) -> None:
    """Return once no other transaction carries out the same request: else the values that it takes
    would be taken before its answer is kept. SQLite has one writer at a time anyway.
    """
    if ctx.unit.dialect == "postgresql":
        told = hashlib.sha256(f"{_principal(ctx)} {key}".encode()).digest()
        number = int.from_bytes(told[:8], "big", signed=True)
        lock = sa.select(sa.func.pg_advisory_xact_lock(number))
        await (await ctx.unit.connection()).execute(lock)


async def _kept(ctx: Context, key: str) -> sa.Row[Any] | None:
    found = await (await ctx.unit.connection()).execute(_FRESH, _mine(ctx, key))
    row: sa.Row[Any] | None = found.first()
    return row


async def _keep(ctx: Context, key: str, request_hash: str, response: Mapping[str, Any]) -> None:
    row = {
        "key": key,
        "principal": _principal(ctx),
        "request_hash": request_hash,
        "response": response,
        "expires_at": ctx.now + KEPT,
        "moment": ctx.now,
    }
    connection = await ctx.unit.connection()
    if (await connection.execute(_add(ctx.unit.dialect), row)).first() is None:
        raise OvertakenError(UNAVAILABLE("the same request is being carried out"))


@cache
def _add(dialect: str) -> Any:
    """Keeps a row, in place of one whose time is over; gives no row where another is kept."""
    adding = insert_of(dialect, table).values({each: sa.bindparam(each) for each in _ROW})
    return adding.on_conflict_do_update(
        index_elements=[table.c.key, table.c.principal],
        set_={each: adding.excluded[each] for each in _ROW},
        where=table.c.expires_at <= _MOMENT,
    ).returning(table.c.key)


def _mine(ctx: Context, key: str) -> dict[str, Any]:
    return {"mine": key, "who": _principal(ctx), "moment": ctx.now}


def _told(ctx: Context, request: Request) -> dict[str, Any]:
    return {"these": list(request.names), "who": _principal(ctx)}


def _name(ctx: Context, request_hash: str) -> str:
    """Names the answer to a request under the caller's key, so that it is no other one's."""
    return f"answer {_principal(ctx)} {ctx.idempotency_key} {request_hash}"


def _ordered(value: Any) -> Any:
    """The value with the keys of its objects in order."""
    if isinstance(value, Mapping):
        return {name: _ordered(value[name]) for name in sorted(value)}
    return [_ordered(each) for each in value] if isinstance(value, list | tuple) else value


def _principal(ctx: Context) -> str:
    return f"{ctx.principal.organization_id or ''}:{ctx.principal.subject}"
