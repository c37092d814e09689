"""Whose an address is that somebody signs in by: what user-service told, by digests."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received

from .base import Base
from .generated import models, port, tables
from .proofs import digest

_TABLE = tables.identifiers


class Identifiers(Base):
    """Handlers of identifiers."""

    async def account_of(self, ctx: Context, identifier: str) -> tuple[UUID, UUID] | None:
        """Organisation and account of an address.

        Of several it is the one in the organisation that the caller names, else the youngest.
        """
        statement = sa.select(_TABLE.c.organization_id, _TABLE.c.user_id)
        statement = statement.where(_TABLE.c.identifier_hash == digest(identifier.casefold()))
        statement = statement.order_by(_TABLE.c.noted_at.desc())
        found = (await (await ctx.unit.connection()).execute(statement)).all()
        named = ctx.principal.organization_id
        rows = [each for each in found if each.organization_id == named] or found
        return (rows[0].organization_id, rows[0].user_id) if rows else None

    async def on_user_created(self, ctx: Context, event: Received[models.UserCreated]) -> None:
        """Note the address."""
        await self.note_identifier(ctx, port.NoteIdentifier(body=event.data))

    async def note_identifier(self, ctx: Context, request: port.NoteIdentifier) -> None:
        """Remember whose the address of a new account is."""
        body = request.body
        if body.primary_email_hash is not None:
            await self._put(ctx, body.user_id, body.primary_email_hash)

    async def on_user_updated(self, ctx: Context, event: Received[models.UserUpdated]) -> None:
        """Follow the change."""
        await self.change_identifier(ctx, port.ChangeIdentifier(body=event.data))

    async def change_identifier(self, ctx: Context, request: port.ChangeIdentifier) -> None:
        """Let the new address sign in, and the old one no longer."""
        body = request.body
        if body.primary_email_hash is not None:
            await self.forget_identifiers(ctx, body.user_id)
            await self._put(ctx, body.user_id, body.primary_email_hash)

    async def _put(self, ctx: Context, user_id: UUID, hashed: str) -> None:
        connection = await ctx.unit.connection()
        mine = (_TABLE.c.identifier_hash == hashed, _TABLE.c.organization_id == ctx.tenant)
        await connection.execute(sa.delete(_TABLE).where(*mine))
        row = {"identifier_hash": hashed, "organization_id": ctx.tenant}
        told = {"user_id": user_id, "noted_at": ctx.now}
        await connection.execute(sa.insert(_TABLE).values(**row, **told))

    async def forget_identifiers(self, ctx: Context, user_id: UUID) -> int:
        """Nobody signs in as somebody any more; how many addresses that were."""
        connection = await ctx.unit.connection()
        gone = await connection.execute(sa.delete(_TABLE).where(_TABLE.c.user_id == user_id))
        return gone.rowcount

    async def hand_on_identifiers(self, ctx: Context, absorbed: UUID, survivor: UUID) -> None:
        """Whoever signs in by an address of the one is the other from now on."""
        connection = await ctx.unit.connection()
        mine = _TABLE.c.user_id == absorbed
        await connection.execute(sa.update(_TABLE).where(mine).values(user_id=survivor))
