"""Synonyms, ways of ranking, and what becomes of whole organisations."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from cloudsync_chassis.aggregate.engine import Aggregate
from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.model import given
from cloudsync_chassis.problem import CONDITION_NOT_MET, NOT_FOUND, breaks_rule
from cloudsync_chassis.runtime import Runtime

from .bm25 import Synonyms
from .generated import models, port, problems
from .people import People
from .words import stem

DEFAULT_PROFILE = "default"


class Tuning(People):
    """What platform people turn, and switches for tenants."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        undo = {("organisation-off-boarding", "Hide what can be found"): self._undo_hiding}
        runtime.sagas.compensate(undo)

    async def _undo_hiding(self, ctx: Context, data: Mapping[str, Any]) -> None:
        shown = models.OrganizationRestored(organization_id=UUID(str(data["organizationId"])))
        await self.show_tenant(ctx, port.ShowTenant(body=shown))

    async def publish_synonyms(
        self, ctx: Context, request: port.PublishSynonyms
    ) -> models.SynonymSet:
        body = request.body
        one_way = bool(body.one_way)
        if one_way:
            _require_no_cycle(body.rules)
        subject = ctx.principal.subject
        fields = {
            **given(body),
            "oneWay": one_way,
            "language": request.language,
            "approvedBy": UUID(subject) if ctx.principal.kind == "user" else None,
        }
        known = await self.synonym_set.find(ctx, language=request.language)
        if known is None:
            return await self.synonym_set.insert(ctx, fields)
        return await self.synonym_set.rewrite(ctx, known, fields)

    async def promote_ranking(
        self, ctx: Context, request: port.PromoteRanking
    ) -> models.RankingProfile:
        profile = await self.ranking_profile.find(ctx, profileKey=request.profile_key)
        if profile is None:
            raise NOT_FOUND("no such ranking profile")
        share = request.body.traffic_share
        others = [
            each
            async for each in self.ranking_profile.each(ctx)
            if each.profile_key != profile.profile_key
        ]
        if share > profile.traffic_share:
            self._require_better(profile, others)
        taken = sum(each.traffic_share for each in others if each.profile_key != DEFAULT_PROFILE)
        if profile.profile_key != DEFAULT_PROFILE and taken + share > 100:
            raise CONDITION_NOT_MET(f"other profiles rank {taken} % of the queries already")
        found = await self.ranking_profile.update(
            ctx, "promote-ranking", profile.profile_key, {"trafficShare": share}
        )
        if found.ndcg_at10 is not None:
            self.metrics.search_ndcg_at_10(found.ndcg_at10, ranking_profile=found.profile_key)
        return found

    def _require_better(
        self, profile: models.RankingProfile, others: list[models.RankingProfile]
    ) -> None:
        if profile.ndcg_at10 is None:
            raise problems.NDCG_REGRESSION("the profile has not been measured")
        serving = [each for each in others if each.traffic_share or _is_default(each)]
        if not serving:
            return
        present = max(serving, key=lambda each: (each.traffic_share, _is_default(each)))
        if present.ndcg_at10 is not None and present.ndcg_at10 > profile.ndcg_at10:
            raise problems.NDCG_REGRESSION(f"{present.profile_key} is measured better")

    async def profile_for(self, ctx: Context, key: str | None = None) -> models.RankingProfile:
        """The profile of that key, or the one whose share of the queries the caller falls into."""
        default = None
        place = int(hashlib.sha256(ctx.principal.subject.encode()).hexdigest(), 16) % 100
        async for each in self.ranking_profile.each(ctx):
            if each.profile_key == key:
                return each
            if _is_default(each):
                default = each
            elif key is None and 0 <= place < each.traffic_share:
                return each
            else:
                place -= each.traffic_share if key is None else 0
        if key not in (None, DEFAULT_PROFILE):
            raise breaks_rule("no such ranking profile", pointer="/profileKey")
        return default or models.RankingProfile.model_validate(
            {
                **self.ranking_profile.spec.defaults,
                "id": ctx.tenant,
                "organizationId": ctx.tenant,
                "createdAt": ctx.now,
                "updatedAt": ctx.now,
                "version": 1,
                "profileKey": DEFAULT_PROFILE,
            },
            strict=False,
        )

    async def synonyms(self, ctx: Context) -> Synonyms:
        """What means the same, by language and stem."""
        found: dict[str, dict[str, tuple[str, ...]]] = {}
        async for each in self.synonym_set.each(ctx):
            language = str(each.language)
            known = found.setdefault(language, {})
            for rule in each.rules:
                terms = [term.root for term in rule.terms]
                for term in terms[:1] if each.one_way else terms:
                    key = " ".join(stem(word, language) for word in term.split())
                    same = tuple(other for other in terms if other != term)
                    known[key] = (*known.get(key, ()), *same)
        return found

    async def hide_tenant(self, ctx: Context, request: port.HideTenant) -> None:
        within = ctx.within(request.body.organization_id)
        await self.newest(within, "hidden", _told_at(ctx), True)

    async def show_tenant(self, ctx: Context, request: port.ShowTenant) -> None:
        within = ctx.within(request.body.organization_id)
        await self.newest(within, "hidden", _told_at(ctx), False)

    async def hidden(self, ctx: Context) -> bool:
        """Whether nothing of the organisation may be found at present."""
        known = await self.standings.find(ctx, about="hidden")
        return known is not None and known.holds

    async def purge_tenant_entries(self, ctx: Context, request: port.PurgeTenantEntries) -> None:
        ctx = ctx.within(request.body.organization_id)
        async for entry in self.search_entry.each(ctx):
            await self.remove(ctx, entry)
        everything: tuple[Aggregate[Any], ...] = (
            self.saved_search,
            self.belongings,
            self.file_facts,
            self.body_places,
            self.asked,
            self.opens,
            self.tries,
        )
        for aggregate in everything:
            await self.drop_all(ctx, aggregate)

    async def on_organization_deleted(
        self, ctx: Context, event: Received[models.OrganizationDeleted]
    ) -> None:
        await self.hide_tenant(ctx, port.HideTenant(body=event.data))

    async def on_organization_restored(
        self, ctx: Context, event: Received[models.OrganizationRestored]
    ) -> None:
        await self.show_tenant(ctx, port.ShowTenant(body=event.data))

    async def on_organization_purged(
        self, ctx: Context, event: Received[models.OrganizationPurged]
    ) -> None:
        await self.purge_tenant_entries(ctx, port.PurgeTenantEntries(body=event.data))


def _told_at(ctx: Context) -> datetime:
    return ctx.cause.time if ctx.cause is not None else ctx.now


def _is_default(profile: models.RankingProfile) -> bool:
    return profile.profile_key == DEFAULT_PROFILE


def _require_no_cycle(rules: list[models.SynonymRule]) -> None:
    """Refuse rules of which one leads from a term, over others perhaps, back to it."""
    leads: dict[str, set[str]] = {}
    for rule in rules:
        first, *rest = [each.root.casefold() for each in rule.terms]
        leads.setdefault(first, set()).update(rest)
    done: set[str] = set()
    for start in leads:
        path, stack = {start}, [(start, iter(leads[start]))]
        while stack:
            term, following = stack[-1]
            step = next((each for each in following if each not in done), None)
            if step is None:
                stack.pop()
                path.discard(term)
                done.add(term)
            elif step in path:
                raise problems.SYNONYM_CYCLE("one-way rules lead from a term back to itself")
            else:
                path.add(step)
                stack.append((step, iter(leads.get(step, ()))))
