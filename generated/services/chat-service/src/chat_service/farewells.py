"""People, channels and organisations that are gone."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.ids import TOMBSTONE
from cloudsync_chassis.store.system import documents, unique_keys

from .channels import Channels
from .generated import models, port
from .messages import Messages
from .presences import Presences

_COLLECTIONS = (
    "message-reaction",
    "message",
    "channel-member",
    "channel-export",
    "channel",
    "presence",
    "chat-policy",
)


class Farewells(Messages, Channels, Presences):
    """Reactions to ends."""

    async def forget_speaker(self, ctx: Context, request: port.ForgetSpeaker) -> None:
        user = request.body.user_id
        alone = [each async for each in self.channel.each(ctx, memberUserIds=user, type="direct")]
        erased = await self._forget_reactions(ctx, user)
        erased += await self.end_seats(ctx, user)
        erased += await self.forget_presence(ctx, user)
        for channel in alone:
            if not await self.channel_member.count(ctx, channelId=channel.id):
                erased += await self._purge_all(ctx, channel)
        async for message in self.message.each(ctx, authorId=user):
            fields: dict[str, Any] = {"authorId": TOMBSTONE}
            fields["clientMessageId"] = f"{message.id}"
            await self.message.rewrite(ctx, message, fields)
            erased += 1
        async for message in self.message.each(ctx, retractedBy=user):
            await self.message.rewrite(ctx, message, {"retractedBy": TOMBSTONE})
            erased += 1
        async for channel in self.channel.each(ctx, memberUserIds=user):
            people = [TOMBSTONE if each == user else each for each in channel.member_user_ids or ()]
            if len(set(people)) == len(people):
                await self.channel.rewrite(ctx, channel, {"memberUserIds": sorted(people)})
            erased += 1
        for field in ("creatorId", "archivedBy"):
            async for channel in self.channel.each(ctx, **{field: user}):
                await self.channel.rewrite(ctx, channel, {field: TOMBSTONE})
                erased += 1
        told = {
            "userId": user,
            "erasureRequestId": request.body.erasure_request_id,
            "store": "messages",
            "erasedItems": erased,
        }
        await self.message.announce(ctx, "chat-erasure-completed", {}, **told)

    async def _forget_reactions(self, ctx: Context, user: UUID) -> int:
        forgotten = 0
        async for each in self.message_reaction.each(ctx, reactorId=user):
            await self.message_reaction.remove(ctx, each)
            forgotten += 1
            message = await self.message.find(ctx, id=each.message_id)
            if message is None:
                continue
            reactions = [
                {"emoji": shown.emoji, "count": shown.count - (shown.emoji == each.emoji)}
                for shown in message.reactions
            ]
            kept = [shown for shown in reactions if shown["count"]]
            await self.message.rewrite(ctx, message, {"reactions": kept})
        return forgotten

    async def _purge_all(self, ctx: Context, channel: models.Channel) -> int:
        """Empty a conversation in which nobody is left, unless a court keeps it."""
        purged = 0
        if channel.legal_hold:
            return purged
        async for message in self.message.each(ctx, channelId=channel.id):
            if message.status != "purged":
                await self.purge(ctx, message, "erasure")
                purged += 1
        return purged

    async def delete_channel(self, ctx: Context, request: port.DeleteChannel) -> None:
        """Every archived channel of the tenant in which retention has left nothing."""
        async for channel in self.channel.each(ctx, state="archived"):
            said = ("scheduled", "posted", "edited", "held", "retracted")
            left = await self.message.count(ctx, channelId=channel.id, status=said)
            if channel.legal_hold or left or channel.last_message_at is None:
                continue  # what was never talked in was not emptied by retention either
            async for seat in self.channel_member.each(ctx, channelId=channel.id):
                await self.channel_member.remove(ctx, seat)
            await self.channel.transition(ctx, "delete-channel", channel.id)

    async def purge_tenant_messages(self, ctx: Context, request: port.PurgeTenantMessages) -> None:
        organization = request.body.organization_id
        connection = await ctx.unit.connection()
        ours = (
            documents.c.organization_id == organization,
            documents.c.collection.in_(_COLLECTIONS),
        )
        ids = sa.select(documents.c.id).where(*ours).scalar_subquery()
        keys = (unique_keys.c.id.in_(ids), unique_keys.c.collection.in_(_COLLECTIONS))
        await connection.execute(sa.delete(unique_keys).where(*keys))
        await connection.execute(sa.delete(documents).where(*ours))
        ctx.unit.after_commit(lambda: self.wordings.forget(organization))
        ctx.unit.after_commit(lambda: self.archives.forget(str(organization)))

    async def on_user_deleted(self, ctx: Context, event: Received[models.UserDeleted]) -> None:
        await self.forget_speaker(ctx, port.ForgetSpeaker(body=event.data))

    async def on_organization_purged(
        self, ctx: Context, event: Received[models.OrganizationPurged]
    ) -> None:
        await self.purge_tenant_messages(ctx, port.PurgeTenantMessages(body=event.data))
