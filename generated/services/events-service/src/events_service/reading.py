"""What is asked of the archive: events by type and time, streams, and folded states of them."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from time import perf_counter
from typing import Any
from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.problem import NOT_FOUND, breaks_rule
from cloudsync_chassis.store.cursor import Position
from cloudsync_chassis.store.query import ListQuery, PageRequest

from .archiving import Archiving
from .generated import models, port, problems

_WIDEST = timedelta(days=31)
_SLICE = 500
_MOST = 10_000
_MOST_OF_STREAM = 1_000
_SNAPSHOTS = 3
_LAST = UUID(int=(1 << 128) - 1)
"""No id comes after it."""


class Reading(Archiving):
    """Answers from the archive."""

    async def query_events(
        self, ctx: Context, request: port.QueryEvents
    ) -> AsyncIterator[models.EventSlice]:
        """Events of the tenant in the order of time, without names of people.

        Raises:
            Problem: `range-too-wide`, `rule-broken`.
        """
        wish = request.body
        if wish.since >= wish.until:
            raise breaks_rule("the range runs backwards", pointer="/until")
        if wish.until - wish.since > _WIDEST:
            raise problems.RANGE_TOO_WIDE("more than 31 days")
        return self._slices(ctx, wish)

    async def _slices(
        self, ctx: Context, wish: models.QueryEventsRequest
    ) -> AsyncIterator[models.EventSlice]:
        began = perf_counter()
        kinds = tuple(each.root for each in wish.event_types)
        items: list[models.ArchivedEvent] = []
        left = wish.max_events or _MOST
        async for each in self.between(ctx, wish.since, wish.until, eventType=kinds):
            payload = await self.unsealed(ctx, each)
            if not _passes(payload, wish.predicates or ()):
                continue
            if len(items) == _SLICE:
                yield models.EventSlice(items=items, last=False)
                items = []
            shown = await self.nameless(ctx, payload) if payload is not None else None
            items.append(_archived(each, shown))
            left -= 1
            if not left:
                break
        self.metrics.events_query_seconds(perf_counter() - began, question="query")
        yield models.EventSlice(items=items, last=True)

    async def read_stream(self, ctx: Context, request: port.ReadStream) -> models.StreamSlice:
        """The history of an aggregate, for the workload whose stream it is.

        Raises:
            Problem: `stream-unknown`.
        """
        wish = request.body
        stream = await self.streams.find(ctx, streamId=wish.stream_id)
        if stream is None or stream.owner != ctx.principal.subject:
            raise problems.STREAM_UNKNOWN("you own no such stream")
        most = wish.max_events or _MOST_OF_STREAM
        before = Position("streamSequence", wish.from_sequence - 1, _LAST)
        query = ListQuery(PageRequest(limit=most, after=before), {"streamId": wish.stream_id})
        found = await self.collected_event.repository.select(ctx, query)
        items = []
        for each in found.items:
            ctx.deadline.check()
            items.append(_archived(each, await self.unsealed(ctx, each)))
        return models.StreamSlice(items=items, head_sequence=stream.head)

    async def save_snapshot(
        self, ctx: Context, request: port.SaveSnapshot
    ) -> models.StreamSnapshot:
        """Keep a folded state; of a stream the newest three.

        Raises:
            Problem: `sequence-ahead-of-head`; `not-found`: somebody else's stream; `rule-broken`:
                another digest than the state has.
        """
        body = request.body
        try:
            state = base64.b64decode(body.state_blob, validate=True)
        except ValueError as error:
            raise breaks_rule("not base64", pointer="/stateBlob") from error
        if hashlib.sha256(state).hexdigest() != body.state_hash:
            raise breaks_rule("not the SHA-256 of the state", pointer="/stateHash")
        await self._must_own(ctx, body.stream_id)
        saved = await super().save_snapshot(ctx, request)
        query = ListQuery(
            PageRequest(limit=_SNAPSHOTS + 10, sort="-atSequence"), {"streamId": body.stream_id}
        )
        found = await self.stream_snapshot.repository.select(ctx, query)
        for each in found.items[_SNAPSHOTS:]:
            if each.id != saved.id:
                await self.stream_snapshot.remove(ctx, each)
        return saved

    async def get_snapshot(self, ctx: Context, request: port.GetSnapshot) -> models.StreamSnapshot:
        """A folded state, for the workload whose stream it is.

        Raises:
            Problem: `not-found`.
        """
        found = await super().get_snapshot(ctx, request)
        await self._must_own(ctx, found.stream_id)
        return found

    async def _must_own(self, ctx: Context, stream_id: str) -> None:
        """A stream of which nothing was heard yet belongs to nobody."""
        stream = await self.streams.find(ctx, streamId=stream_id)
        if stream is not None and stream.owner != ctx.principal.subject:
            raise NOT_FOUND("no such stream-snapshot")


def _archived(event: models.CollectedEvent, payload: str | None) -> models.ArchivedEvent:
    return models.ArchivedEvent(
        event_id=event.event_id,
        event_type=event.event_type,
        schema_version=event.schema_version,
        stream_sequence=event.stream_sequence,
        occurred_at=event.occurred_at,
        payload=payload,
    )


def _passes(payload: str | None, predicates: Sequence[models.EventPredicate]) -> bool:
    """Whether each predicate's member has one of its values; of what cannot be read none has."""
    if not predicates:
        return True
    data = json.loads(payload) if payload is not None else {}
    return all(
        _as_text(_member(data, each.pointer)) in {one.root for one in each.any_of}
        for each in predicates
    )


def _member(data: Any, pointer: str) -> Any:
    for name in pointer.removeprefix("/").split("/"):
        data = data.get(name) if isinstance(data, dict) else None
    return data


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
