"""What all handlers of the service share: roles, addresses, what org-service says of somebody."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Hashable
from datetime import datetime, timedelta
from typing import Generic, TypeVar
from uuid import UUID

import sqlalchemy as sa
from cloudsync_chassis import clock
from cloudsync_chassis.client.errors import CallError, RefusedError
from cloudsync_chassis.context import Context
from cloudsync_chassis.problem import NOT_FOUND, UNAVAILABLE
from cloudsync_chassis.runtime import Runtime
from org_client import models as org
from profile_client import models as profiles

from . import memory, world
from .generated import models, problems, tables
from .generated.defaults import Defaults
from .generated.settings import ServiceSettings

T = TypeVar("T")

_KEPT = 100_000
"""Answers that a replica keeps at most."""


def normal(address: str) -> str:
    """The address as it is compared: mail domains know no case (RFC 5321, 2.4)."""
    local, _, domain = address.rpartition("@")
    return f"{local}@{domain.lower()}"


def digest(text: str) -> str:
    """SHA-256 of an address or of digits, in hexadecimal; case does not count."""
    return hashlib.sha256(text.casefold().encode()).hexdigest()


class Recent(Generic[T]):
    """The last answers of another service, each for so many seconds."""

    def __init__(self, lifetime: float) -> None:
        self._lifetime = timedelta(seconds=lifetime)
        self._kept: dict[Hashable, tuple[datetime, T]] = {}

    async def answer(self, key: Hashable, call: Callable[[], Awaitable[T]]) -> T:
        """The kept answer if it is young enough, else a new one."""
        kept = self._kept.get(key)
        if kept is not None and kept[0] > clock.now() - self._lifetime:
            return kept[1]
        found = await call()
        if len(self._kept) >= _KEPT:
            self._kept.clear()
        self._kept[key] = (clock.now(), found)
        return found

    def drop(self, key: Hashable) -> None:
        """Forget an answer."""
        self._kept.pop(key, None)


class Base(Defaults):
    """The aggregates, what is remembered beside them, and the world outside."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        if not isinstance(runtime.settings, ServiceSettings):
            raise TypeError("user-service needs its own settings")
        self.settings = runtime.settings
        self.email_changes = runtime.aggregate(memory.EMAIL_CHANGES)
        self.tries = runtime.aggregate(memory.TRIES)
        self.standings = runtime.aggregate(memory.STANDINGS)
        self.purges = runtime.aggregate(memory.PURGES)
        self.batches = runtime.aggregate(memory.BATCHES)
        self.exports = runtime.aggregate(memory.EXPORTS)
        self.world = world.local(runtime.settings)
        self.cards: Recent[profiles.Profile] = Recent(runtime.settings.card_lifetime)
        self.memberships: Recent[org.Membership] = Recent(runtime.settings.membership_lifetime)

    async def account(self, ctx: Context, user_id: UUID) -> models.User:
        """An account of the tenant.

        Raises:
            Problem: `not-found`.
        """
        found = await self.user.find(ctx, id=user_id)
        if found is None:
            raise NOT_FOUND("no such user")
        return found

    async def ask_role(self, ctx: Context, user_id: UUID) -> org.Membership | CallError | None:
        """What org-service says of somebody now; an error is told later, once it matters.

        Asked before the transaction begins, so that the call holds no lock.
        """
        ask = self.clients.org.client.get_membership
        try:
            return await ask(organization_id=ctx.tenant, user_id=user_id)
        except RefusedError as error:
            return None if error.status == NOT_FOUND.status else error
        except CallError as error:
            return error

    def require_not_last_owner(self, told: org.Membership | CallError | None) -> None:
        """Refuse to bar or end the account on which an organisation depends.

        Raises:
            Problem: `last-owner`; `unavailable` while nobody can say.
        """
        if isinstance(told, CallError):
            raise UNAVAILABLE("org-service does not say who the last owner is") from told
        if told is not None and told.last_owner:
            raise problems.LAST_OWNER("nobody else could administer the organisation")

    async def ask_organization(self, ctx: Context) -> org.Organization | None:
        """The organisation; None where org-service does not say, and then nothing depends on it."""
        ask = self.clients.org.client.get_organization
        try:
            return await ask(organization_id=ctx.tenant)
        except CallError:
            return None

    def require_seat(self, organization: org.Organization | None) -> None:
        """Refuse one more seat than were bought; where nobody says, the membership will rest.

        Raises:
            Problem: `seat-limit-reached`.
        """
        if organization is not None and organization.seats_taken >= organization.seat_limit:
            raise problems.SEAT_LIMIT_REACHED("every seat is taken or promised")

    async def owner_of_address(self, ctx: Context, address: str) -> UUID | None:
        """Who has an address, in whichever organisation.

        Former addresses that can no longer be taken back are let go.
        """
        table = tables.email_addresses
        index = bytes.fromhex(self.runtime.cipher.blind_index(address) or "")
        connection = await ctx.unit.connection()
        late = ctx.now - timedelta(seconds=self.settings.email_change_undo)
        gone = sa.delete(table).where(
            table.c.email_bidx == index,
            table.c.purpose == models.AddressPurpose.former,
            table.c.updated_at <= late,
        )
        await connection.execute(gone)
        found = await connection.scalar(
            sa.select(table.c.user_id).where(table.c.email_bidx == index)
        )
        return UUID(str(found)) if found is not None else None

    async def keep_primary(self, ctx: Context, user: models.User) -> None:
        """Give an account the row of its primary address, unless somebody else has it."""
        if await self.owner_of_address(ctx, user.primary_email) is None:
            fields = {
                "userId": user.id,
                "address": user.primary_email,
                "purpose": models.AddressPurpose.primary,
                "verifiedAt": user.email_verified_at,
            }
            await self.email_alias.insert(ctx, fields)

    async def is_news(self, ctx: Context, about: UUID) -> bool:
        """Whether the event at hand is younger than all handled before about the same thing."""
        at = ctx.cause.time if ctx.cause is not None else ctx.now
        known = await self.standings.find(ctx, about=about)
        if known is None:
            await self.standings.insert(ctx, {"about": about, "at": at})
            return True
        if at < known.at:
            return False
        await self.standings.rewrite(ctx, known, {"at": at})
        return True
