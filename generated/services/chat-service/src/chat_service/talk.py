"""What all handlers of conversations share: look-ups, seats, who is a guest."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from uuid import UUID

from cloudsync_chassis import traced
from cloudsync_chassis.client.errors import CallError, RefusedError
from cloudsync_chassis.context import Context
from cloudsync_chassis.model import from_record, to_record
from cloudsync_chassis.problem import FORBIDDEN, NOT_FOUND
from cloudsync_chassis.runtime import Runtime

from .generated import models
from .generated.defaults import Defaults
from .generated.settings import ServiceSettings
from .ports import Archives, FileWordings, FolderArchives, LeakFilter, PatternFilter, Wordings

_EXCERPT = 140
_AT_ONCE = 32


class Talk(Defaults):
    """The base of all mixins."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        assert isinstance(runtime.settings, ServiceSettings)
        self.settings = runtime.settings
        self.leaks: LeakFilter = PatternFilter()
        self.wordings: Wordings = FileWordings(self.settings.state_path("wordings"))
        self.archives: Archives = traced.calls(
            FolderArchives(self.settings.state_path("exports")), "object-storage", "put", "forget"
        )

    def person(self, ctx: Context) -> UUID:
        """Who asks.

        Raises:
            Problem: `forbidden`: a program, which says nothing here.
        """
        try:
            return UUID(ctx.principal.subject)
        except ValueError as error:
            raise FORBIDDEN(f"{ctx.operation.id} is for people") from error

    async def policy(self, ctx: Context) -> models.ChatPolicy:
        """The organisation's rules; the usual ones until it has its own."""
        found = await self.chat_policy.find(ctx, organizationId=ctx.tenant)
        if found is not None:
            return found
        envelope = {
            "id": ctx.tenant,
            "organizationId": ctx.tenant,
            "createdAt": ctx.now,
            "updatedAt": ctx.now,
            "version": 1,
        }
        return from_record(models.ChatPolicy, {**self.chat_policy.spec.defaults, **envelope})

    async def known_channel(self, ctx: Context, channel_id: UUID) -> models.Channel:
        """The channel.

        Raises:
            Problem: `not-found`.
        """
        found = await self.channel.find(ctx, id=channel_id)
        if found is None or found.state == "deleted":
            raise NOT_FOUND("no such channel")
        return found

    async def granted_channel(self, ctx: Context, channel_id: UUID) -> models.Channel:
        """The channel, if the caller may do in it what they ask for.

        Raises:
            Problem: `not-found`, `forbidden`.
        """
        found = await self.known_channel(ctx, channel_id)
        await self.channel.grants.require(ctx, to_record(found))
        return found

    async def granted_message(
        self, ctx: Context, message_id: UUID
    ) -> tuple[models.Message, models.Channel]:
        """The message and its channel, if the caller may do to it what they ask for.

        Raises:
            Problem: `not-found`, `forbidden`.
        """
        message = await self.message.get(ctx, message_id)
        return message, await self.known_channel(ctx, message.channel_id)

    async def seat_of(
        self, ctx: Context, channel_id: UUID, user: UUID
    ) -> models.ChannelMember | None:
        """Somebody's seat in a channel."""
        return await self.channel_member.find(ctx, channelId=channel_id, userId=user)

    async def tell_presence(self, ctx: Context, presence: models.Presence) -> None:
        """Tell how somebody can be reached now."""
        await self.presence.announce(ctx, "presence-changed", presence)

    async def tell_absence(self, ctx: Context, presence: models.Presence) -> None:
        """Tell that somebody is gone, of whom nothing is kept any more."""
        gone = {"availability": models.Availability.offline}
        await self.tell_presence(ctx, presence.model_copy(update=gone))

    def excerpt(self, text: str) -> str | None:
        """The beginning of a text as it may leave its channel."""
        return self.leaks.masked(text)[:_EXCERPT] or None

    async def kinds_of(self, users: Iterable[UUID]) -> dict[UUID, str]:
        """Kinds of accounts; `unknown` for whom there is none, `employee` where nobody says."""
        gate = asyncio.Semaphore(_AT_ONCE)

        async def kind(user: UUID) -> str:
            async with gate:
                try:
                    return str((await self.clients.user.get_user(user_id=user)).kind)
                except RefusedError as error:
                    return "unknown" if error.status == 404 else "employee"
                except CallError:
                    return "employee"

        asked = list(users)
        found = await asyncio.gather(*(kind(each) for each in asked))
        return dict(zip(asked, found, strict=True))
