"""Answers to queries, trimmed to what the asker may open before anything is counted."""

from __future__ import annotations

import hashlib
import math
import time
from collections import OrderedDict, deque
from uuid import UUID, uuid5

from cloudsync_chassis import ids
from cloudsync_chassis.context import Context
from cloudsync_chassis.problem import NOT_FOUND, RATE_LIMITED, Problem
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.store.cursor import Position

from . import filters
from .base import Held
from .bm25 import Match
from .filters import Filters
from .generated import models, port, problems
from .queries import Clause, parse
from .ranking import Scored, facets, hit, rounded, scored
from .tuning import Tuning
from .words import stem, tokens

_SUGGESTIONS = 10
_NEAREST = 10
_TERMS = 12
_ENOUGH_TERMS = 3
_ASKERS = 10_000
"""People whose last queries are remembered to slow them down."""


class Searching(Tuning):
    """The questions."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        self._lately: OrderedDict[str, deque[float]] = OrderedDict()
        self.pace = time.monotonic

    async def search(self, ctx: Context, request: port.Search) -> models.SearchResults:
        began = time.perf_counter()
        self._slow_down(ctx)
        clauses = parse(request.q)
        narrow = filters.asked(request)
        profile = await self.profile_for(ctx)
        principals = await self.asker(ctx)
        found = await self.hits(ctx, principals, clauses, narrow, profile)
        sort = request.page.after.sort if request.page.after else request.page.sort
        if sort.removeprefix("-") == "recent":
            found.sort(key=lambda each: each.entry.content_changed_at, reverse=True)
        first = int(request.page.after.value) if request.page.after else 0
        shown = await self._verified(ctx, found[first : first + request.page.limit], principals)
        total, was_rounded = rounded(len(found))
        took = min(60_000, int((time.perf_counter() - began) * 1000))
        answer = models.SearchResults(
            query_id=ids.uuid7(),
            items=[hit(each, first + n, clauses) for n, each in enumerate(shown, 1)],
            facets=facets([each.entry for each in found]) if clauses else [],
            total=total,
            total_rounded=was_rounded,
            partial=False,
            took_ms=took,
            next_cursor=self._next(request, sort, first, len(found)),
        )
        self.metrics.search_queries_total(kind="search", outcome="found" if found else "nothing")
        self.note_query(ctx, request, answer, profile.profile_key)
        return answer

    def note_query(
        self, ctx: Context, request: port.Search, answer: models.SearchResults, profile: str
    ) -> None:
        """Note after the answer that a query took place; see `asking.py`."""

    def _next(self, request: port.Search, sort: str, first: int, count: int) -> str | None:
        """Where the next page begins, as far as results can be paged through."""
        following = first + request.page.limit
        if following >= min(count, self.settings.max_depth):
            return None
        place = Position(sort, following, uuid5(UUID(int=0), request.q))
        return self.runtime.cursors.encode(place)

    def _slow_down(self, ctx: Context) -> None:
        """Refuse somebody who asks more often than the setting allows within a second.

        Raises:
            Problem: `rate-limited`.
        """
        now, who = self.pace(), f"{ctx.tenant}/{ctx.principal.subject}"
        lately = self._lately.setdefault(who, deque())
        self._lately.move_to_end(who)
        while len(self._lately) > _ASKERS:
            self._lately.popitem(last=False)
        while lately and lately[0] <= now - 1:
            lately.popleft()
        if len(lately) >= self.settings.queries_per_user:
            refusal = RATE_LIMITED("more queries within a second than one person may send")
            raise Problem(refusal.kind, refusal.detail, headers={"Retry-After": "1"})
        lately.append(now)

    async def asker(self, ctx: Context) -> frozenset[str]:
        """What the caller is a principal of; services read nothing on their own."""
        if ctx.principal.kind != "user":
            return frozenset()
        return await self.principals_of(ctx, UUID(ctx.principal.subject))

    async def hits(
        self,
        ctx: Context,
        principals: frozenset[str],
        clauses: tuple[Clause, ...],
        narrow: Filters,
        profile: models.RankingProfile,
    ) -> list[Scored]:
        """What fits and may be read, the best first."""
        if not clauses or await self.hidden(ctx):
            return []
        held = await self.held(ctx)
        fitting = held.index.search(clauses, await self.synonyms(ctx))
        return self._ranked(ctx, held, fitting, principals, narrow, profile)

    def _ranked(
        self,
        ctx: Context,
        held: Held,
        fitting: dict[UUID, Match],
        principals: frozenset[str],
        narrow: Filters,
        profile: models.RankingProfile,
    ) -> list[Scored]:
        found = [
            scored(entry, match, profile, ctx.now)
            for key, match in fitting.items()
            if may_read(entry := held.entries[key], principals) and narrow.let_through(entry)
        ]
        return sorted(found, key=lambda each: (-each.score, str(each.entry.source_id)))

    async def _verified(
        self, ctx: Context, found: list[Scored], principals: frozenset[str]
    ) -> list[Scored]:
        """The hits; where removals of access lag, each is looked up again first."""
        if self.settings.acl_mode != "verify":
            return found
        kept = []
        for each in found:
            entry = await self.search_entry.find(ctx, id=each.entry.id)
            if entry is not None and may_read(entry, principals):
                kept.append(each)
        return kept

    async def suggest(self, ctx: Context, request: port.Suggest) -> models.SuggestionList:
        self._slow_down(ctx)
        self.metrics.search_queries_total(kind="suggest", outcome="found")
        principals = await self.asker(ctx)
        if not principals or await self.hidden(ctx):
            return models.SuggestionList(suggestions=[])
        prefix = " ".join(request.prefix.casefold().split())
        opened, past = await self._habits(ctx)
        held = await self.held(ctx)
        ranked: list[tuple[float, str, models.Suggestion]] = []
        for entry in held.entries.values():
            shown = entry.source_kind != models.SourceKind.message and may_read(entry, principals)
            if shown and _begins(entry.heading, prefix):
                often = opened.get(f"{entry.source_kind}:{entry.source_id}", 0)
                person = entry.source_kind == models.SourceKind.person
                kind = models.SuggestionKind.person if person else models.SuggestionKind.title_
                found = models.Suggestion(
                    kind=kind,
                    text=entry.heading,
                    source_kind=entry.source_kind,
                    source_id=entry.source_id,
                )
                ranked.append((-(often + entry.popularity), entry.heading, found))
        for text, often in past.items():
            if text.casefold().startswith(prefix):
                found = models.Suggestion(kind=models.SuggestionKind.query, text=text)
                ranked.append((-float(often), text, found))
        ranked.sort(key=lambda each: each[:2])
        return models.SuggestionList(suggestions=[each for _, _, each in ranked[:_SUGGESTIONS]])

    async def _habits(self, ctx: Context) -> tuple[dict[str, int], dict[str, int]]:
        """What the asker opened from hits and what they asked before, with how often."""
        opened: dict[str, int] = {}
        past: dict[str, int] = {}
        async for each in self.asked.each(ctx, userId=UUID(ctx.principal.subject)):
            for name in each.opened:
                opened[name] = opened.get(name, 0) + 1
            if each.hits:
                past[each.text] = past.get(each.text, 0) + 1
        return opened, past

    async def find_similar(self, ctx: Context, request: port.FindSimilar) -> models.SimilarEntries:
        principals = await self.asker(ctx)
        held = await self.held(ctx)
        known = await self.entry_of(ctx, str(request.source_kind), request.source_id)
        entry = held.entries.get(known.id) if known is not None else None
        if entry is None or not may_read(entry, principals) or await self.hidden(ctx):
            raise NOT_FOUND("no such entry")
        terms = held.index.terms(entry.id, _TERMS)
        if entry.embedding is None and len(terms) < _ENOUGH_TERMS:
            raise problems.NO_EMBEDDING("the entry has neither a vector nor enough words")
        profile = await self.profile_for(ctx)
        near = held.index.near(entry.id, terms)
        if entry.embedding is not None:
            for other in held.entries.values():
                closeness = profile.semantic_weight * _cosine(entry, other)
                if other.id != entry.id and closeness > 0:
                    near.setdefault(other.id, Match()).parts.append(
                        ("meaning", "content", closeness)
                    )
        found = self._ranked(ctx, held, near, principals, Filters(), profile)
        self.metrics.search_queries_total(kind="similar", outcome="found" if found else "nothing")
        nearest = found[: min(50, request.k or _NEAREST)]
        return models.SimilarEntries(hits=[hit(each, n, ()) for n, each in enumerate(nearest, 1)])

    async def explain_hit(self, ctx: Context, request: port.ExplainHit) -> models.HitExplanation:
        body = request.body
        reader = body.reader_id
        principals = (
            await self.principals_of(ctx, reader) if reader is not None else await self.asker(ctx)
        )
        clauses = parse(body.query_text)
        profile = await self.profile_for(ctx, body.profile_key)
        entry = await self.entry_of(ctx, str(body.source_kind), body.source_id)
        matched = _shared(entry, principals) if entry is not None else []
        lines: tuple[tuple[int, str, float], ...] = ()
        reason = await self._reason(ctx, entry, matched)
        if reason == models.VisibilityReason.granted:
            found = await self.hits(ctx, principals, clauses, Filters(), profile)
            mine = [each for each in found if each.entry.id == entry.id]
            lines = mine[0].lines if mine else ()
            if not mine or found.index(mine[0]) >= self.settings.max_depth:
                reason = models.VisibilityReason.below_cutoff
        return models.HitExplanation(
            visible=reason == models.VisibilityReason.granted,
            reason=reason,
            matched_principals=[models.Principal(each) for each in matched[:100]],
            score_parts=[
                models.ScorePart(depth=depth, label=label, score=score)
                for depth, label, score in lines[:200]
            ],
        )

    async def _reason(
        self, ctx: Context, entry: models.SearchEntry | None, matched: list[str]
    ) -> models.VisibilityReason:
        reasons = models.VisibilityReason
        if entry is None:
            return reasons.not_indexed
        if entry.redaction_level == models.RedactionLevel.hidden or await self.hidden(ctx):
            return reasons.redacted
        if entry.status != models.EntryStatus.indexed:
            return reasons.not_indexed
        return reasons.granted if matched else reasons.no_common_principal


def query_hash(text: str) -> str:
    """SHA-256 of the words as they are compared: without case and blanks around them."""
    return hashlib.sha256(" ".join(text.casefold().split()).encode()).hexdigest()


def may_read(entry: models.SearchEntry, principals: frozenset[str]) -> bool:
    """Whether somebody who is all that may find the entry."""
    return any(each.root in principals for each in entry.reader_principals)


def _shared(entry: models.SearchEntry, principals: frozenset[str]) -> list[str]:
    return sorted(each.root for each in entry.reader_principals if each.root in principals)


def _begins(heading: str, prefix: str) -> bool:
    """Whether a heading, or a word of it, begins with what was typed."""
    plain = " ".join(heading.casefold().split())
    if plain.startswith(prefix):
        return True
    wanted = stem(prefix, "und")
    return any(each.term.startswith(wanted) for each in tokens(heading, "und"))


def _cosine(one: models.SearchEntry, other: models.SearchEntry) -> float:
    """How near two vectors are, 0 where there is none."""
    if one.embedding is None or other.embedding is None:
        return 0.0
    left = [each.root for each in one.embedding]
    right = [each.root for each in other.embedding]
    length = math.hypot(*left) * math.hypot(*right)
    return sum(a * b for a, b in zip(left, right, strict=True)) / length if length else 0.0
