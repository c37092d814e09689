"""Messages as they come into a channel: at once or in their time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

from cloudsync_chassis.client.errors import CallError, RefusedError
from cloudsync_chassis.context import Context
from cloudsync_chassis.model import given
from cloudsync_chassis.problem import RATE_LIMITED, REFERENCE_UNKNOWN, FieldError
from cloudsync_chassis.store.query import ListQuery, PageRequest

from .generated import models, port, problems
from .talk import Talk

_MOST_RUNG = 500
_MOST_WAITING = 100
_LOOKED_BACK = 200
_VISIBLE = ("posted", "edited")
_SOONEST, _LATEST = timedelta(minutes=1), timedelta(days=120)


class Posting(Talk):
    """Commands that make messages."""

    async def post_message(self, ctx: Context, request: port.PostMessage) -> models.Message:
        body, author = request.body, self.person(ctx)
        dirty = await self._dirty(body.attachment_ids or ())
        channel = await self.granted_channel(ctx, request.channel_id)
        known = await self._sent_before(ctx, author, body.client_message_id, channel)
        if known is not None:
            return known
        await self._check_may_write(ctx, channel, author)
        await self._check_rate(ctx, author)
        self._check_clean(dirty)
        fields = await self._fields(ctx, channel, given(body))
        rung = await self._rung(ctx, channel, author, body.mentions or ())
        fields |= {"authorId": author, "postedAt": ctx.now}
        told = await self._told(ctx, channel, author, rung, body.body)
        message = await self.message.create(
            ctx, "post-message", {**fields, **told}, channelId=channel.id
        )
        await self.stands(ctx, channel, message, rung)
        return message

    async def _told(
        self, ctx: Context, channel: models.Channel, author: UUID, rung: list[UUID], text: str
    ) -> dict[str, Any]:
        """What others are told of a message, beside what it says of itself."""
        recipients: list[UUID] = []
        if channel.type == "direct":
            seats = self.channel_member.each(ctx, channelId=channel.id)
            recipients = [each.user_id async for each in seats if each.user_id != author]
        return {
            "channelType": str(channel.type),
            "mentionedUserIds": rung or None,
            "recipientUserIds": recipients or None,
            "excerpt": self.excerpt(text),
        }

    async def _sent_before(
        self, ctx: Context, author: UUID, client_id: str, channel: models.Channel
    ) -> models.Message | None:
        found = await self.message.find(ctx, authorId=author, clientMessageId=client_id)
        return found if found is not None and found.channel_id == channel.id else None

    async def _dirty(self, files: Iterable[UUID]) -> set[UUID]:
        """Files that are not clean; of which file-service says nothing, none."""

        async def dirty(file: UUID) -> bool:
            try:
                found = await self.clients.file.get_file(file_id=file)
            except RefusedError as error:
                return error.status in (403, 404, 409)
            except CallError:
                return False
            return found is not None and str(found.status) != "available"

        asked = list(files)
        answers = await asyncio.gather(*(dirty(each) for each in asked))
        return {each for each, said in zip(asked, answers, strict=True) if said}

    def _check_clean(self, dirty: set[UUID]) -> None:
        if dirty:
            errors = [FieldError(f"{each} is not clean", "/attachmentIds") for each in dirty]
            raise problems.ATTACHMENT_NOT_CLEAN("a file is not clean", errors=errors)

    async def _check_may_write(self, ctx: Context, channel: models.Channel, author: UUID) -> None:
        """Raise where the author may not write in the channel now.

        Raises:
            Problem: `channel-archived`, `chat-frozen`, `posting-restricted`.
        """
        if channel.state != "active":
            raise problems.CHANNEL_ARCHIVED("the channel takes nothing new")
        if (await self.policy(ctx)).read_only_since is not None:
            raise problems.CHAT_FROZEN("the organisation is being off-boarded")
        if not await self.writes(ctx, channel, author):
            raise problems.POSTING_RESTRICTED("you may not write in this channel")

    async def writes(self, ctx: Context, channel: models.Channel, author: UUID) -> bool:
        """Whether the channel's policy admits somebody."""
        seat = await self.seat_of(ctx, channel.id, author)
        if seat is None:
            return False
        if channel.posting_policy == "managersOnly":
            return seat.member_role == "manager"
        return channel.posting_policy == "everyone" or seat.member_role != "guest"

    async def _check_rate(self, ctx: Context, author: UUID) -> None:
        limits = [(self.settings.posts_per_ten_seconds, timedelta(seconds=10))]
        if "guest" in ctx.principal.roles:
            limits.append((self.settings.guest_posts_per_hour, timedelta(hours=1)))
        for most, span in limits:
            page = PageRequest(limit=most, sort="-createdAt")
            found = await self.message.repository.select(ctx, ListQuery(page, {"authorId": author}))
            if len(found.items) == most and found.items[-1].created_at > ctx.now - span:
                raise RATE_LIMITED(f"{most} messages in {span} are the most")

    async def _fields(
        self, ctx: Context, channel: models.Channel, fields: dict[str, Any]
    ) -> dict[str, Any]:
        """What was sent, once its thread is known to be one of the channel."""
        root_id = fields.get("threadRootId")
        if root_id is not None:
            root = await self.message.find(ctx, id=root_id, channelId=channel.id)
            if root is None or root.thread_root_id is not None or root.status not in _VISIBLE:
                errors = [FieldError("no message that could be answered", "/threadRootId")]
                raise REFERENCE_UNKNOWN("no such thread", errors=errors)
        return fields

    async def _rung(
        self,
        ctx: Context,
        channel: models.Channel,
        author: UUID,
        mentions: Iterable[models.Mention],
    ) -> list[UUID]:
        """Who is rung by the mentions: members of the channel, and not the author.

        Raises:
            Problem: `too-many-mentions`, `posting-restricted`.
        """
        called = {str(each.type) for each in mentions}
        named = [each.target_id for each in mentions if each.type == "user" and each.target_id]
        if called & {"channel", "here"}:
            await self._check_broadcast(ctx, channel)
        seats = self.channel_member.each(ctx, channelId=channel.id)
        found: list[UUID] = []
        if called & {"channel", "here"}:
            async for seat in seats:
                if len(found) >= _MOST_RUNG:
                    break
                if "channel" in called or seat.user_id in named or await self._there(ctx, seat):
                    found.append(seat.user_id)
        elif named:
            sitting = self.channel_member.each(
                ctx, channelId=channel.id, userId=tuple(str(each) for each in named)
            )
            found = [each.user_id async for each in sitting]
            if len(found) > _MOST_RUNG:
                raise problems.TOO_MANY_MENTIONS(f"{_MOST_RUNG} people are the most")
        return [each for each in found if each != author]

    async def _there(self, ctx: Context, seat: models.ChannelMember) -> bool:
        presence = await self.presence.find(ctx, userId=seat.user_id)
        lifetime = timedelta(seconds=self.settings.presence_lifetime)
        return presence is not None and presence.updated_at > ctx.now - lifetime

    async def _check_broadcast(self, ctx: Context, channel: models.Channel) -> None:
        """A large channel is called as a whole by team managers, and seldom."""
        if channel.member_count < (await self.policy(ctx)).broadcast_threshold:
            return
        if "team-manager" not in ctx.principal.roles:
            raise problems.POSTING_RESTRICTED("calling the whole channel takes a team manager")
        page = PageRequest(limit=_LOOKED_BACK, sort="-createdAt")
        filters = {"channelId": channel.id}
        recent = await self.message.repository.select(ctx, ListQuery(page, filters))
        since = ctx.now - timedelta(seconds=self.settings.broadcast_pause)
        for each in recent.items:
            calls = {str(mention.type) for mention in each.mentions} & {"channel", "here"}
            if calls and each.posted_at is not None and each.posted_at > since:
                raise problems.POSTING_RESTRICTED("the whole channel was called a moment ago")

    async def stands(
        self, ctx: Context, channel: models.Channel, message: models.Message, rung: list[UUID]
    ) -> None:
        """What follows from a message: the channel's last moment, the thread's count, badges."""
        # The version stays: whoever is changing the topic has lost nothing by it.
        touched = channel.model_copy(update={"last_message_at": message.posted_at})
        await self.channel.repository.replace(ctx, touched, channel.version)
        if message.thread_root_id is not None:
            root = await self.message.find(ctx, id=message.thread_root_id)
            if root is not None:
                count = {"replyCount": min(root.reply_count + 1, 10_000)}
                await self.message.rewrite(ctx, root, count)
        for user in rung:
            seat = await self.seat_of(ctx, channel.id, user)
            if seat is not None:
                unread = {"unreadMentions": min(seat.unread_mentions + 1, 9999)}
                await self.channel_member.rewrite(ctx, seat, unread)

    async def schedule_message(self, ctx: Context, request: port.ScheduleMessage) -> models.Message:
        body, author = request.body, self.person(ctx)
        channel = await self.granted_channel(ctx, request.channel_id)
        known = await self._sent_before(ctx, author, body.client_message_id, channel)
        if known is not None:
            return known
        if not ctx.now + _SOONEST <= body.send_at <= ctx.now + _LATEST:
            raise problems.SEND_TIME_OUT_OF_RANGE("between a minute and 120 days from now")
        if channel.state != "active":
            raise problems.CHANNEL_ARCHIVED("nothing will be taken in the channel by then")
        if not await self.writes(ctx, channel, author):
            raise problems.POSTING_RESTRICTED("you may not write in this channel")
        waiting = await self.message.count(ctx, authorId=author, status="scheduled")
        if waiting >= _MOST_WAITING:
            raise problems.SCHEDULE_LIMIT_REACHED(f"{_MOST_WAITING} messages are waiting already")
        fields = await self._fields(ctx, channel, given(body))
        fields["authorId"] = author
        return await self.message.create(ctx, "schedule-message", fields, channelId=channel.id)

    async def release_scheduled_message(
        self, ctx: Context, request: port.ReleaseScheduledMessage
    ) -> None:
        async for message in self.message.each(ctx, {"sendAt": ctx.now}, status="scheduled"):
            await self._release(ctx, message)

    async def _release(self, ctx: Context, message: models.Message) -> None:
        """Post a message whose moment has come, or take it back in its author's name."""
        channel = await self.known_channel(ctx, message.channel_id)
        frozen = (await self.policy(ctx)).read_only_since is not None
        author = message.author_id
        open_to = channel.state == "active" and await self.writes(ctx, channel, author)
        if frozen or not open_to:
            gone = {"status": "retracted", "retractedBy": author, "body": "", "sendAt": None}
            gone |= {"mentions": [], "attachmentIds": [], "reactions": []}
            after = await self.message.rewrite(ctx, message, gone)
            await self.message.announce(ctx, "message-retracted", after)
            return
        rung = await self._rung_later(ctx, channel, message)
        due = {"status": "posted", "postedAt": ctx.now, "sendAt": None}
        after = await self.message.rewrite(ctx, message, due)
        told = await self._told(ctx, channel, message.author_id, rung, message.body)
        await self.message.announce(ctx, "message-posted", after, **told)
        await self.stands(ctx, channel, after, rung)

    async def _rung_later(
        self, ctx: Context, channel: models.Channel, message: models.Message
    ) -> list[UUID]:
        """A waiting message never calls a whole large channel: nobody is there to be refused."""
        large = channel.member_count >= (await self.policy(ctx)).broadcast_threshold
        kept = [each for each in message.mentions if each.type == "user" or not large]
        return await self._rung(ctx, channel, message.author_id, kept)
