"""What becomes of messages: corrected, taken back, reacted to, held, purged, read and searched."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.problem import (
    CONDITION_NOT_MET,
    ILLEGAL_TRANSITION,
    NOT_FOUND,
    VERSION_CONFLICT,
)
from cloudsync_chassis.store.query import ListQuery, Page, PageRequest

from .generated import models, port, problems
from .posting import Posting

_VISIBLE = ("posted", "edited", "retracted")
_EMPTY: dict[str, Any] = {"body": "", "mentions": [], "attachmentIds": [], "reactions": []}
_MOST_EDITS = 50
_MOST_EMOJI = 100
_MOST_HITS = 50
_MOST_SEARCHED = 10_000
_AROUND = 140
_AT_ONCE = 500
"""Messages that are purged in one transaction."""

PURGE = "purge-by-retention"
"""The job that carries out what retention asks for."""


class Messages(Posting):
    """Commands and queries on single messages and on stretches of a channel."""

    async def edit_message(self, ctx: Context, request: port.EditMessage) -> models.Message:
        message, channel = await self.granted_message(ctx, request.message_id)
        policy = await self.policy(ctx)
        if policy.read_only_since is not None:
            raise problems.CHAT_FROZEN("words stay as they are")
        if ctx.if_match is not None and message.version not in ctx.if_match:
            raise VERSION_CONFLICT(f"the version is {message.version}")
        if message.status in ("posted", "edited"):
            window = timedelta(hours=policy.edit_window_hours)
            late = message.posted_at is None or message.posted_at + window <= ctx.now
            if late or message.edit_count >= _MOST_EDITS:
                raise problems.EDIT_WINDOW_CLOSED("it cannot be corrected any more")
        fields: dict[str, Any] = {
            **request.body.model_dump(by_alias=True, exclude_unset=True),
            "editCount": min(message.edit_count + 1, _MOST_EDITS),
            "editedAt": ctx.now,
            "excerpt": self.excerpt(request.body.body),
        }
        after = await self.message.transition(ctx, "edit-message", message.id, fields)
        organization, said = ctx.tenant, message.updated_at
        keep, text = self.wordings.keep, message.body
        ctx.unit.after_commit(lambda: keep(organization, message.id, text, said))
        known = {each.target_id for each in message.mentions}
        fresh = [each for each in after.mentions if each.target_id not in known]
        for user in await self._rung(ctx, channel, message.author_id, fresh) if fresh else ():
            seat = await self.seat_of(ctx, channel.id, user)
            if seat is not None:
                unread = {"unreadMentions": min(seat.unread_mentions + 1, 9999)}
                await self.channel_member.rewrite(ctx, seat, unread)
        return after

    async def retract_message(self, ctx: Context, request: port.RetractMessage) -> models.Message:
        message, channel = await self.granted_message(ctx, request.message_id)
        caller = self.person(ctx)
        if message.status in ("scheduled", "posted", "edited"):
            if channel.legal_hold:
                raise problems.RETRACTION_SUSPENDED("nothing can be taken back here at present")
            foreign = message.author_id != caller
            if foreign and request.body.retract_reason is None:
                raise problems.RETRACT_REASON_MISSING("the words are somebody else's")
        gone = {**_EMPTY, "retractedBy": caller, "sendAt": None}
        after = await self.message.transition(ctx, "retract-message", message.id, gone)
        await self._forget_parts(ctx, message.id)
        return after

    async def _forget_parts(self, ctx: Context, message_id: UUID) -> None:
        """Reactions and earlier wordings go with a message."""
        async for each in self.message_reaction.each(ctx, messageId=message_id):
            await self.message_reaction.remove(ctx, each)
        organization = ctx.tenant
        ctx.unit.after_commit(lambda: self.wordings.forget(organization, message_id))

    async def toggle_reaction(self, ctx: Context, request: port.ToggleReaction) -> models.Message:
        message, channel = await self.granted_message(ctx, request.message_id)
        caller, emoji = self.person(ctx), request.emoji
        if message.status not in ("posted", "edited"):
            raise ILLEGAL_TRANSITION("there is nothing to react to")
        frozen = (await self.policy(ctx)).read_only_since is not None
        if channel.state != "active" or frozen:
            raise CONDITION_NOT_MET("the channel takes nothing new")
        path = {"messageId": message.id, "reactorId": caller, "emoji": emoji}
        known = await self.message_reaction.find(ctx, **path)
        if (known is not None) == request.body.present:
            return message
        if known is not None:
            await self.message_reaction.remove(ctx, known)
        else:
            others = {each.emoji for each in message.reactions}
            if emoji not in others and len(others) >= _MOST_EMOJI:
                raise problems.REACTION_LIMIT_REACHED(f"{_MOST_EMOJI} emoji are the most")
            fields = {**path, "channelId": channel.id}
            await self.message_reaction.create(ctx, "toggle-reaction", fields)
        counts = {each.emoji: each.count for each in message.reactions}
        counts[emoji] = await self.message_reaction.count(ctx, messageId=message.id, emoji=emoji)
        shown = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
        reactions = [{"emoji": name, "count": count} for name, count in shown if count]
        return await self.message.rewrite(ctx, message, {"reactions": reactions})

    async def release_hold(self, ctx: Context, request: port.ReleaseHold) -> models.Message:
        message = await self.message.get(ctx, request.message_id)
        case = request.body.case_number
        told = {"caseNumber": case, "excerpt": self.excerpt(message.body)}
        return await self.message.transition(ctx, "release-hold", message.id, told)

    async def hold_infected_messages(
        self, ctx: Context, request: port.HoldInfectedMessages
    ) -> None:
        async for message in self.message.each(ctx, attachmentIds=request.body.file_id):
            if message.status in ("posted", "edited"):
                infected = {"holdReason": "malware"}
                await self.message.transition(ctx, "hold-infected-messages", message.id, infected)

    async def on_file_quarantined(
        self, ctx: Context, event: Received[models.FileQuarantined]
    ) -> None:
        await self.hold_infected_messages(ctx, port.HoldInfectedMessages(body=event.data))

    async def purge_message(self, ctx: Context, request: port.PurgeMessage) -> None:
        """Everything in the tenant whose time is over by the policy; what a court holds stays."""
        policy = str(request.body.policy)
        usual = (await self.policy(ctx)).default_retention_days
        purged = 0
        async for channel in self.channel.each(ctx):
            own = channel.retention_days
            days = own if policy == "channelRetention" else (usual if own is None else None)
            if days is None or channel.legal_hold:
                continue
            before = ctx.now - timedelta(days=days)
            old, here = {"createdAt": before}, {"channelId": channel.id, "status": _VISIBLE}
            async for message in self.message.each(ctx, old, **here):
                if (message.posted_at or message.created_at) >= before:
                    continue  # it was written long before its hour
                await self.purge(ctx, message, policy)
                purged += 1
                if purged == _AT_ONCE:
                    self.runtime.work.wake(ctx, PURGE)
                    return

    async def purge(self, ctx: Context, message: models.Message, policy: str) -> None:
        """Empty a message.

        Raises:
            Problem: `legal-hold-active`.
        """
        channel = await self.channel.find(ctx, id=message.channel_id)
        if channel is not None and channel.legal_hold:
            raise problems.LEGAL_HOLD_ACTIVE("the channel is kept for a court")
        gone = {**_EMPTY, "status": "purged", "sendAt": None, "holdReason": None}
        after = await self.message.rewrite(ctx, message, gone)
        await self._forget_parts(ctx, message.id)
        await self.message.announce(ctx, "message-purged", after, policy=policy)

    # Questions

    def _officer(self, ctx: Context) -> bool:
        return "compliance-officer" in ctx.principal.roles

    async def get_message(self, ctx: Context, request: port.GetMessage) -> models.Message:
        message, _ = await self.granted_message(ctx, request.message_id)
        author = str(message.author_id) == ctx.principal.subject
        seen = (
            message.status in _VISIBLE
            or (message.status == "scheduled" and author)
            or (message.status == "held" and self._officer(ctx))
        )
        if not seen:
            raise NOT_FOUND("no such message")
        return message

    async def list_messages(self, ctx: Context, request: port.ListMessages) -> Page[models.Message]:
        channel = await self.granted_channel(ctx, request.channel_id)
        states = (*_VISIBLE, "held") if self._officer(ctx) else _VISIBLE
        wanted = {
            "threadRootId": request.thread_root_id,
            "authorId": request.author_id,
            "kind": request.kind,
        }
        filters: dict[str, Any] = {"channelId": channel.id, "status": states}
        filters |= {name: each for name, each in wanted.items() if each is not None}
        # Answers stand in their thread, and in the channel's line only where they are repeated.
        line = (("threadRootId", None), ("alsoToChannel", True))
        related = line if request.thread_root_id is None else ()
        query = ListQuery(request.page, filters, related)
        return await self.message.repository.select(ctx, query)

    async def search_channel(self, ctx: Context, request: port.SearchChannel) -> models.ChannelHits:
        channel = await self.granted_channel(ctx, request.channel_id)
        body = request.body
        words = body.words.casefold().split()
        filters: dict[str, Any] = {"channelId": channel.id, "status": ("posted", "edited")}
        if body.author_id is not None:
            filters["authorId"] = body.author_id
        ranked: list[tuple[int, datetime, models.Message]] = []
        seen, page = 0, PageRequest(limit=200, sort="-createdAt")
        while seen < _MOST_SEARCHED:
            found = await self.message.repository.select(ctx, ListQuery(page, filters))
            for message in found.items:
                weight = _weight(message, words)
                if weight and message.posted_at and _within(message, body):
                    ranked.append((weight, message.posted_at, message))
            seen += len(found.items)
            if found.following is None:
                break
            page = PageRequest(limit=200, after=found.following)
        ranked.sort(key=lambda each: (each[0], each[1]), reverse=True)
        hits = [_hit(each, words) for _, _, each in ranked[:_MOST_HITS]]
        answer = {"hits": hits, "truncated": len(ranked) > _MOST_HITS}
        return models.ChannelHits.model_validate(answer, strict=False)

    # Meetings

    async def announce_meeting(self, ctx: Context, request: port.AnnounceMeeting) -> None:
        body = request.body
        await self.set_meeting(ctx, body.host_id, body.meeting_id)
        channel = await self.channel.find(ctx, id=body.channel_id) if body.channel_id else None
        if channel is None or channel.state != "active":
            return
        client_id = str(body.meeting_id)
        known = await self.message.find(ctx, authorId=body.host_id, clientMessageId=client_id)
        if known is not None:
            return
        notice = {
            "authorId": body.host_id,
            "clientMessageId": client_id,
            "kind": "callNotice",
            "body": f"call:{body.meeting_id}",
            "postedAt": ctx.now,
        }
        told = {"channelType": str(channel.type)}
        message = await self.message.create(
            ctx, "announce-meeting", {**notice, **told}, channelId=channel.id
        )
        await self.stands(ctx, channel, message, [])

    async def set_meeting(self, ctx: Context, user: UUID, meeting: UUID) -> None:
        """Show somebody as in a meeting."""
        fields = {"userId": user, "availability": "inMeeting", "meetingId": meeting}
        known = await self.presence.find(ctx, userId=user)
        shown = await self.presence.put(ctx, "conclude-meeting", fields)
        if known is None or known.availability != shown.availability:
            await self.tell_presence(ctx, shown)

    async def conclude_meeting(self, ctx: Context, request: port.ConcludeMeeting) -> None:
        body = request.body
        async for each in self.presence.each(ctx, meetingId=body.meeting_id):
            back = {"availability": "online", "meetingId": None}
            await self.tell_presence(ctx, await self.presence.rewrite(ctx, each, back))
        minutes = max(0, int((body.actual_end - body.actual_start).total_seconds() // 60))
        async for notice in self.message.each(ctx, clientMessageId=str(body.meeting_id)):
            text = f"call:{body.meeting_id} {minutes} min"
            if notice.kind == "callNotice" and notice.status == "posted" and notice.body != text:
                await self.message.rewrite(ctx, notice, {"body": text})

    async def on_meeting_started(
        self, ctx: Context, event: Received[models.MeetingStarted]
    ) -> None:
        await self.announce_meeting(ctx, port.AnnounceMeeting(body=event.data))

    async def on_meeting_ended(self, ctx: Context, event: Received[models.MeetingEnded]) -> None:
        await self.conclude_meeting(ctx, port.ConcludeMeeting(body=event.data))


def _weight(message: models.Message, words: list[str]) -> int:
    """How often the words occur; 0 where one of them is missing."""
    text = message.body.casefold()
    counts = [text.count(each) for each in words]
    return sum(counts) if counts and all(counts) else 0


def _within(message: models.Message, body: models.SearchChannelRequest) -> bool:
    if body.with_file is not None and body.with_file != bool(message.attachment_ids):
        return False
    span, at = body.said_within, message.posted_at
    return span is None or (at is not None and span.from_ <= at < span.to)


def _hit(message: models.Message, words: list[str]) -> dict[str, Any]:
    """A message with the text around the first of the words."""
    place = message.body.casefold().find(words[0])
    begin = max(0, place - _AROUND)
    hit: dict[str, Any] = {
        "messageId": message.id,
        "excerpt": message.body[begin : begin + 2 * _AROUND],
        "postedAt": message.posted_at,
    }
    if message.thread_root_id is not None:
        hit["threadRootId"] = message.thread_root_id
    return hit
