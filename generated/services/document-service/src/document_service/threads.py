"""Answers below comments."""

from __future__ import annotations

from cloudsync_chassis.context import Context
from cloudsync_chassis.model import to_record
from cloudsync_chassis.problem import breaks_rule

from .base import Base
from .generated import models, port, problems

_MOST_REPLIES = 199
_MOST_MENTIONS = 50


class Threads(Base):
    """What is more than storage about comments."""

    async def reply_to_thread(
        self, ctx: Context, request: port.ReplyToThread
    ) -> models.CommentThread:
        thread = await self.comment_thread.get(
            ctx, request.comment_thread_id, documentId=request.document_id
        )
        author, body = self.person(ctx), request.body
        if len(thread.replies) >= _MOST_REPLIES:
            raise problems.THREAD_FULL("the thread holds its two hundred messages")
        named = body.mentions or []
        mentions = list(dict.fromkeys([*thread.mentions, *named]))
        if len(mentions) > _MOST_MENTIONS:
            raise breaks_rule("more than 50 people are named in the thread", pointer="/mentions")
        reply = {"authorId": author, "text": body.text, "sentAt": ctx.now}
        replies = [*(to_record(each) for each in thread.replies), reply]
        fields = {"replies": replies, "mentions": mentions}
        after = await self.comment_thread.rewrite(ctx, thread, fields)
        # the event is about who answered and whom they name, not about who began the thread
        record = {**to_record(after), "authorId": author, "mentions": named}
        await self.comment_thread.announce(ctx, "comment-added", record)
        return after
