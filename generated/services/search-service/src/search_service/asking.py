"""What remains of queries: clicks, saved searches with their alerts, and the clock.

The clock is a task of this process, begun by the first query or call that indexes.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import date, datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from cloudsync_chassis import clock
from cloudsync_chassis.aggregate.payload import Change
from cloudsync_chassis.context import Context
from cloudsync_chassis.model import to_record
from cloudsync_chassis.problem import Problem
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.store.system import documents

from . import filters, memory, records
from .generated import models, port, problems
from .queries import parse
from .searching import Searching, query_hash

_KNOWN_FOR = timedelta(days=1)
_LATELY = timedelta(hours=1)
_KEPT = timedelta(days=90)
_HALFWAY = 10
"""Opens in ninety days that make an entry half as popular as can be."""

_NOBODY = UUID(int=0)
_CADENCES = {
    "instant": timedelta(0),
    "daily": timedelta(days=1),
    "weekly": timedelta(weeks=1),
}
_MOST_MATCHES = 1000


class Asking(Searching):
    """Notes, alerts, upkeep."""

    pause = 60.0
    """Seconds between two rounds."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        self._timer: asyncio.Task[None] | None = None
        self._rated_on: date | None = None
        self._answered: Counter[tuple[str, bool]] = Counter()
        self._lately_found: Counter[bool] = Counter()
        self._failed: Counter[tuple[str, str]] = Counter()

    def note_query(
        self, ctx: Context, request: port.Search, answer: models.SearchResults, profile: str
    ) -> None:
        if ctx.principal.kind != "user" or request.page.after is not None:
            return
        user = UUID(ctx.principal.subject)
        body = models.RecordQueryRequest(
            query_id=answer.query_id,
            query_hash=query_hash(request.q),
            kinds=list(dict.fromkeys(request.kinds or models.SourceKind)),
            hit_count=answer.total,
            took_ms=answer.took_ms,
        )

        async def note(inside: Context) -> None:
            await self._record(inside, body, user, request.q, profile)

        self.soon(ctx, note)
        ctx.unit.after_commit(self._watch)

    async def record_query(self, ctx: Context, request: port.RecordQuery) -> None:
        await self._record(ctx, request.body, _NOBODY, "", "")

    async def _record(
        self,
        ctx: Context,
        body: models.RecordQueryRequest,
        user: UUID,
        text: str,
        profile: str,
    ) -> None:
        if await self.asked.find(ctx, queryId=body.query_id) is not None:
            return
        fields = {
            "queryId": body.query_id,
            "userId": user,
            "text": text,
            "hits": body.hit_count,
            "profileKey": profile,
        }
        await records.insert(ctx, self.asked, fields)
        told = body.model_dump(mode="python", by_alias=True)
        emits = self.search_entry.spec.commands["record-query"].emits
        await self.search_entry.emit(ctx, emits, Change("query", {"id": body.query_id}, body=told))

    async def record_click(self, ctx: Context, request: port.RecordClick) -> None:
        known = await self.asked.find(ctx, queryId=request.query_id)
        mine = known is not None and str(known.user_id) in (ctx.principal.subject, str(_NOBODY))
        if known is None or not mine or known.created_at + _KNOWN_FOR <= ctx.now:
            raise problems.QUERY_FORGOTTEN("the query was answered more than a day ago")
        body = request.body
        opened = f"{body.source_kind}:{body.source_id}"
        if opened in known.opened:
            return
        if len(known.opened) < self.settings.max_depth:
            fields = {"opened": [*known.opened, opened]}
            await records.rewrite(ctx, self.asked, known, fields)
        await self._count_open(ctx, body)
        told = body.model_dump(mode="python", by_alias=True, exclude_none=True)
        emits = self.search_entry.spec.commands["record-click"].emits
        change = Change("query", {"id": request.query_id}, body=told)
        await self.search_entry.emit(ctx, emits, change)

    async def _count_open(self, ctx: Context, body: models.RecordClickRequest) -> None:
        whose = {"sourceKind": str(body.source_kind), "sourceId": body.source_id}
        known = await self.opens.find(ctx, **whose)
        today = ctx.now.date().isoformat()
        if known is None:
            await records.insert(ctx, self.opens, {**whose, "days": {today: 1}})
            return
        oldest = (ctx.now - _KEPT).date().isoformat()
        days = {day: count for day, count in known.days.items() if day > oldest}
        days[today] = days.get(today, 0) + 1
        await records.rewrite(ctx, self.opens, known, {"days": days})

    async def run_saved_search(self, ctx: Context, request: port.RunSavedSearch) -> None:
        """Run those of the organisation that are due."""
        for cadence, pause in _CADENCES.items():
            async for search in self.saved_search.each(ctx, alertCadence=cadence):
                since = search.last_run_at or search.created_at
                if since + pause <= ctx.now:
                    await self._run(ctx, search, since)

    async def _run(self, ctx: Context, search: models.SavedSearch, since: datetime) -> None:
        try:
            clauses = parse(search.query_text)
        except Problem:
            clauses = ()
        principals = await self.principals_of(ctx, search.owner_id)
        narrow = filters.saved(search.filters)
        profile = await self.profile_for(ctx)
        found = await self.hits(ctx, principals, clauses, narrow, profile)
        new = sum(each.entry.updated_at > since for each in found)
        ran = await records.rewrite(ctx, self.saved_search, search, {"lastRunAt": ctx.now})
        if new:
            told = {"matchCount": min(new, _MOST_MATCHES)}
            emits = self.saved_search.spec.commands["run-saved-search"].emits
            change = Change("saved-search", to_record(ran), body=told)
            await self.saved_search.emit(ctx, emits, change)

    async def sweep_tombstones(self, ctx: Context, request: port.SweepTombstones) -> None:
        before = ctx.now - timedelta(seconds=self.settings.tombstone_lifetime)
        async for entry in self.search_entry.each(ctx, status="tombstoned"):
            if entry.updated_at <= before:
                await self.remove(ctx, entry)

    async def index(self, ctx: Context, request: port.Index) -> models.IndexReceipt:
        ctx.unit.after_commit(self._watch)
        return await super().index(ctx, request)

    def _watch(self) -> None:
        if self._timer is None or self._timer.done():
            self._timer = asyncio.create_task(self._go_on())

    async def _go_on(self) -> None:
        while True:
            await asyncio.sleep(self.pause)
            await self.round()

    async def round(self) -> None:
        """Do what is due in every organisation."""
        rate = self._rated_on != clock.now().date()
        for counts in (self._answered, self._lately_found, self._failed):
            counts.clear()
        for organization in await self._organizations():
            await self.within(organization, self.commit_queued)
            await self.within(organization, self._run_due)
            await self.within(organization, self._sweep)
            await self.within(organization, self._forget_queries)
            await self.within(organization, self._count_failed)
            if rate:
                await self.within(organization, self._rate)
        self._rated_on = clock.now().date()
        self._measure()

    async def _organizations(self) -> list[UUID]:
        kept = ("search-entry", "saved-search", "search-asked-query")
        statement = sa.select(documents.c.organization_id).distinct()
        statement = statement.where(documents.c.collection.in_(kept))
        async with self.runtime.database.transaction(write=False) as connection:
            return list((await connection.execute(statement)).scalars())

    async def _run_due(self, ctx: Context) -> None:
        await self.run_saved_search(ctx, port.RunSavedSearch())

    async def _sweep(self, ctx: Context) -> None:
        await self.sweep_tombstones(ctx, port.SweepTombstones())

    async def _forget_queries(self, ctx: Context) -> None:
        async for each in self.asked.each(ctx):
            if each.created_at + _KEPT <= ctx.now:
                await self.asked.repository.remove(ctx, each.id, each.version)
            elif each.created_at + _KNOWN_FOR > ctx.now:
                self._answered[each.profile_key, bool(each.opened)] += 1
                if each.created_at + _LATELY > ctx.now:
                    self._lately_found[each.hits > 0] += 1

    async def _count_failed(self, ctx: Context) -> None:
        async for entry in self.search_entry.each(ctx, status="failed"):
            self._failed[str(entry.source_kind), entry.failure_code or ""] += 1

    async def _rate(self, ctx: Context) -> None:
        """Popularity by opens of ninety days: n / (n + 10)."""
        oldest = (ctx.now - _KEPT).date().isoformat()
        async for each in self.opens.each(ctx):
            count = sum(n for day, n in each.days.items() if day > oldest)
            await self._rate_one(ctx, each, count / (count + _HALFWAY))

    async def _rate_one(self, ctx: Context, opens: memory.Opens, popularity: float) -> None:
        entry = await self.entry_of(ctx, opens.source_kind, opens.source_id)
        if entry is not None and entry.status != models.EntryStatus.tombstoned:
            body = models.RateEntryRequest(popularity=popularity)
            await self.rate_entry(ctx, port.RateEntry(source_id=opens.source_id, body=body))

    def _measure(self) -> None:
        for profile in {name for name, _ in self._answered if name}:
            opened = self._answered[profile, True]
            ratio = opened / (opened + self._answered[profile, False])
            self.metrics.search_click_through_ratio(ratio, ranking_profile=profile)
        if self._lately_found:
            ratio = self._lately_found[False] / self._lately_found.total()
            self.metrics.search_zero_result_ratio(ratio, language="all", edition="all")
        for (kind, code), count in self._failed.items():
            self.metrics.search_entries_failed(count, source_kind=kind, failure_code=code)
