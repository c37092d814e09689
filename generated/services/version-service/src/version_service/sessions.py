"""Everyday versions: cut after minutes, operations, or the end of a session of editing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.model import to_record

from . import memory
from .generated import models, port
from .readers import Followers
from .recording import RECORD

_MOST_CONTRIBUTORS = 100


class Sessions(Followers):
    """Watching edits."""

    async def on_document_updated(
        self, ctx: Context, event: Received[models.DocumentUpdated]
    ) -> None:
        await self.track_editing(ctx, port.TrackEditing(body=event.data))

    async def track_editing(self, ctx: Context, request: port.TrackEditing) -> None:
        news = request.body
        if news.origin != models.ChangeOrigin.edit:
            await self.drop(ctx, self.sessions, subjectId=news.document_id)
            return
        session = await self._noted(ctx, news)
        long = session.last_at - session.began_at >= self._interval
        many = session.to_sequence - session.from_sequence + 1 >= self.settings.interval_operations
        if long or many:
            await self._cut(ctx, session, models.VersionTrigger.interval)

    async def end_sessions(self, ctx: Context) -> None:
        """Cut a version of each document in which nobody has written for a while."""
        quiet = timedelta(seconds=self.settings.session_end_after)
        async for each in self.sessions.each(ctx, {"lastAt": ctx.now - quiet}):
            await self._cut(ctx, each, models.VersionTrigger.session_end)

    async def _noted(self, ctx: Context, news: models.DocumentUpdated) -> memory.Session:
        """The session with what an event tells; one that comes late adds people alone."""
        at = ctx.cause.time if ctx.cause is not None else ctx.now
        known = await self.sessions.find(ctx, subjectId=news.document_id)
        fields: dict[str, Any] = {
            "toSequence": news.to_sequence,
            "bodyRef": news.body_ref,
            "bodyChecksum": news.body_checksum,
            "lastAt": at,
            "contributorIds": news.editor_ids,
        }
        if known is None:
            begun = {"subjectId": news.document_id, "beganAt": at}
            begun["fromSequence"] = news.from_sequence
            return await self.sessions.insert(ctx, {**begun, **fields})
        people = list(dict.fromkeys([*known.contributor_ids, *news.editor_ids]))
        fields["contributorIds"] = people[:_MOST_CONTRIBUTORS]
        if news.to_sequence <= known.to_sequence:
            fields = {"contributorIds": fields["contributorIds"]}
        fields["fromSequence"] = min(known.from_sequence, news.from_sequence)
        return await self.sessions.rewrite(ctx, known, fields)

    async def _cut(
        self, ctx: Context, session: memory.Session, trigger: models.VersionTrigger
    ) -> None:
        """Note a moment for the recorder, unless one that reaches as far is known."""
        await self.sessions.remove(ctx, session)
        people = session.contributor_ids
        known = await self.content_version.find(
            ctx, subjectId=session.subject_id, toSequence=session.to_sequence
        )
        if known is not None or not people:
            return
        record = to_record(session)
        fields = {name: record[name] for name in ("subjectId", "fromSequence", "toSequence")}
        fields |= {
            "subjectKind": "document",
            "trigger": str(trigger),
            "contentRef": f"body:{session.body_ref}",
            "contentDigest": session.body_checksum,
            "contributorIds": people,
            **await self.held_class(ctx),
        }
        await self.content_version.create(ctx, "track-editing", fields)
        self.runtime.work.wake(ctx, RECORD.id)

    async def held_class(self, ctx: Context) -> dict[str, str]:
        """`retentionClass` of what comes about now, if a hold keeps it."""
        async for each in self.holds.each(ctx):
            if each.held_from <= ctx.now <= (each.held_until or ctx.now):
                return {"retentionClass": "legal"}
        return {}

    @property
    def _interval(self) -> timedelta:
        return timedelta(minutes=self.settings.interval_minutes)
