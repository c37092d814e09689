"""What remains of queries: clicks, saved searches with their alerts, and the jobs."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.jobs.spec import Due, Job
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.problem import Problem
from cloudsync_chassis.runtime import Runtime

from . import filters, memory
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
_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 86_400.0
_COMMIT = Operation(id="commit-waiting", access="workload", writes=True, timeout=_MINUTE)


class Asking(Searching):
    """Notes, alerts, upkeep."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        work = runtime.work
        waiting = Due(aggregate="search-entry", where={"status": "queued"})
        stale = Due(aggregate="search-entry", where={"status": "stale"})
        forgotten = Due(
            aggregate=self.asked.spec.name, since="createdAt", after=_KEPT.total_seconds()
        )
        opened = Due(aggregate=self.opens.spec.name)
        work.add(
            [
                Job(
                    operation=_COMMIT,
                    every=_MINUTE,
                    per="entity",
                    due=waiting,
                    call=self.try_commit,
                )
            ]
        )
        work.every(_MINUTE, "renew-stale", self.renew_stale, stale)
        work.every(_HOUR, "forget-queries", self._forget_queries, forgotten)
        work.every(_DAY, "rate-entries", self._rate, opened)
        work.every(_MINUTE, "measure-searches", self._measure)

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

        self.runtime.work.soon(ctx, "note-query", note)

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
        await self.asked.insert(ctx, fields)
        told = body.model_dump(mode="python", by_alias=True)
        about = {"id": body.query_id}
        await self.search_entry.announce(ctx, "search-performed", about, **told)

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
            await self.asked.rewrite(ctx, known, fields)
        await self._count_open(ctx, body)
        told = body.model_dump(mode="python", by_alias=True, exclude_none=True)
        about = {"id": request.query_id}
        await self.search_entry.announce(ctx, "search-result-clicked", about, **told)

    async def _count_open(self, ctx: Context, body: models.RecordClickRequest) -> None:
        whose = {"sourceKind": str(body.source_kind), "sourceId": body.source_id}
        known = await self.opens.find(ctx, **whose)
        today = ctx.now.date().isoformat()
        if known is None:
            await self.opens.insert(ctx, {**whose, "days": {today: 1}})
            return
        oldest = (ctx.now - _KEPT).date().isoformat()
        days = {day: count for day, count in known.days.items() if day > oldest}
        days[today] = days.get(today, 0) + 1
        await self.opens.rewrite(ctx, known, {"days": days})

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
        ran = await self.saved_search.rewrite(ctx, search, {"lastRunAt": ctx.now})
        if new:
            count = min(new, _MOST_MATCHES)
            await self.saved_search.announce(ctx, "saved-search-matched", ran, matchCount=count)

    async def sweep_tombstones(self, ctx: Context, request: port.SweepTombstones) -> None:
        before = ctx.now - timedelta(seconds=self.settings.tombstone_lifetime)
        async for entry in self.search_entry.each(ctx, {"updatedAt": before}, status="tombstoned"):
            await self.remove(ctx, entry)

    async def _forget_queries(self, ctx: Context) -> None:
        async for each in self.asked.each(ctx, {"createdAt": ctx.now - _KEPT}):
            await self.asked.remove(ctx, each)

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

    async def _measure(self, ctx: Context) -> None:
        """What was found and opened lately, and how much could not be written, in all tenants."""
        answered: Counter[tuple[str, bool]] = Counter()
        found: Counter[bool] = Counter()
        failed: Counter[tuple[str, str]] = Counter()
        async for inside in self.each_tenant(ctx, self.asked):
            async for each in self.asked.each(inside):
                if each.created_at + _KNOWN_FOR > ctx.now:
                    answered[each.profile_key, bool(each.opened)] += 1
                if each.created_at + _LATELY > ctx.now:
                    found[each.hits > 0] += 1
        async for inside in self.each_tenant(ctx, self.search_entry, status="failed"):
            async for entry in self.search_entry.each(inside, status="failed"):
                failed[str(entry.source_kind), entry.failure_code or ""] += 1
        for profile in {name for name, _ in answered if name}:
            opened = answered[profile, True]
            ratio = opened / (opened + answered[profile, False])
            self.metrics.search_click_through_ratio(ratio, ranking_profile=profile)
        if found:
            ratio = found[False] / found.total()
            self.metrics.search_zero_result_ratio(ratio, language="all", edition="all")
        for (kind, code), count in failed.items():
            self.metrics.search_entries_failed(count, source_kind=kind, failure_code=code)
