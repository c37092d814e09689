"""From an agreement to a live value, stage by stage, and the way back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.ids import PLATFORM
from cloudsync_chassis.model import to_record
from cloudsync_chassis.problem import CONDITION_NOT_MET, breaks_rule

from . import memory
from .base import itself
from .freezes import Freezes
from .generated import models, port, problems

_STATES = models.ConfigStatus
_EVERYWHERE = 100
_BEEN_LIVE = (_STATES.live, _STATES.superseded)


class Rollouts(Freezes):
    """Rollouts; entries of one release go through them as one."""

    async def rollout_change(self, ctx: Context, request: port.RolloutChange) -> models.ConfigEntry:
        """Give an approved value, and the rest of its release, to the first share of instances.

        Raises:
            Problem: `countersignature-missing`, `change-frozen`, `rule-broken`, `not-found`,
                `illegal-transition`, `version-conflict`; `condition-not-met`: the rest of the
                release is not approved, or another revision is ahead.
        """
        body = request.body
        stages = _stages(body)
        named = await self.entry(ctx, body.config_entry_id)
        if named.status is not _STATES.approved:
            return await self.config_entry.transition(ctx, "rollout-change", named.id)
        release = await self._release_of(ctx, named)
        entries = await self._together(ctx, named, release)
        for each in entries:
            await self._check_ready(ctx, each, body.incident_number is not None)
        told: dict[str, Any] = {"rolloutPercent": body.first_stage, "stages": stages}
        if release is not None:
            told["releaseId"] = release.id
        begun = await self.config_entry.transition(ctx, "rollout-change", named.id, told)
        for each in entries:
            if each.id != named.id:
                await self.config_entry.transition(_any(ctx), "rollout-change", each.id, told)
        fields: dict[str, Any] = {
            "entryIds": [each.id for each in entries],
            "stages": stages,
            "stage": body.first_stage,
            "since": ctx.now,
        }
        if release is not None:
            fields["releaseId"] = release.id
            inside = ctx.within(PLATFORM)
            await self.config_release.rewrite(inside, release, {"startedAt": ctx.now})
        await self.rollouts.insert(ctx, fields)
        self.changes.strike_after(ctx)
        return begun

    async def _release_of(
        self, ctx: Context, entry: models.ConfigEntry
    ) -> models.ConfigRelease | None:
        """The unfinished release that carries an entry: one names the other."""
        if entry.release_id is not None:
            return await self.config_release.find(ctx, id=entry.release_id)
        async for each in self.config_release.each(ctx, entryIds=str(entry.id)):
            if each.finished_at is None:
                return each
        return None

    async def _together(
        self, ctx: Context, entry: models.ConfigEntry, release: models.ConfigRelease | None
    ) -> list[models.ConfigEntry]:
        """An entry with the others of its release."""
        others = [each for each in release.entry_ids if each != entry.id] if release else []
        found = [entry]
        for key in others:
            other = await self.config_entry.find(ctx, id=key)
            if other is None or other.status is not _STATES.approved:
                raise CONDITION_NOT_MET(f"{key} of the same release is not approved")
            found.append(other)
        return found

    async def _check_ready(self, ctx: Context, entry: models.ConfigEntry, incident: bool) -> None:
        high = entry.blast_radius is models.BlastRadius.high
        if high and entry.co_approver_id is None:
            raise problems.COUNTERSIGNATURE_MISSING(f"{entry.key} needs a third person")
        if not incident:
            await self.check_freezes(ctx, entry)
        for each in await self.revisions(ctx, entry, _STATES.rolling_out, _STATES.live):
            if each.status is _STATES.rolling_out:
                raise CONDITION_NOT_MET(f"revision {each.revision} is being rolled out")
            if each.revision > entry.revision:
                raise CONDITION_NOT_MET(f"revision {each.revision} is live already")

    async def complete_config_rollout(
        self, ctx: Context, request: port.CompleteConfigRollout
    ) -> models.ConfigEntry:
        """Declare a value live whose last stage was quiet for long enough, with its release.

        Raises:
            Problem: `abort-query-firing`, `not-found`, `illegal-transition`, `forbidden`;
                `condition-not-met`: the last stage has not been watched to its end.
        """
        named = await self.entry(ctx, request.body.config_entry_id)
        if named.status is _STATES.live:
            return named
        rollout = await self._rollout_of(ctx, named)
        if rollout is None:
            return await self.config_entry.transition(ctx, "complete-config-rollout", named.id)
        release = await self._known_release(ctx, rollout)
        quiet_at = rollout.since + self._watch(release)
        if rollout.stage < _EVERYWHERE or ctx.now < quiet_at:
            raise CONDITION_NOT_MET("the last stage has not been quiet for long enough")
        if release is not None and await self.abort_queries.fires(release.abort_query):
            raise problems.ABORT_QUERY_FIRING("the rollout is not what it should be")
        await self._complete(ctx, rollout, release)
        return await self.entry(ctx, named.id)

    async def _complete(
        self, ctx: Context, rollout: memory.Rollout, release: models.ConfigRelease | None
    ) -> None:
        for key in rollout.entry_ids:
            entry = await self.entry(ctx, key)
            former = await self.live(ctx, entry)
            if former is not None:
                await self.config_entry.transition(itself(ctx), "supersede-entry", former.id)
            told = {"rolloutPercent": _EVERYWHERE}
            done = await self.config_entry.transition(
                _any(ctx), "complete-config-rollout", key, told
            )
            self.count_change(done, "live")
        await self._end(ctx, rollout, release)

    async def _end(
        self, ctx: Context, rollout: memory.Rollout, release: models.ConfigRelease | None
    ) -> None:
        await self.rollouts.remove(ctx, rollout)
        if release is not None:
            inside = ctx.within(PLATFORM)
            await self.config_release.rewrite(inside, release, {"finishedAt": ctx.now})
        self.changes.strike_after(ctx)

    async def rollback_change(
        self, ctx: Context, request: port.RollbackChange
    ) -> models.ConfigEntry:
        """Withdraw a value in one step; a rollout is withdrawn with all of its release.

        Raises:
            Problem: `no-earlier-revision`, `downgrade-barred`, `not-found`, `illegal-transition`.
        """
        body = request.body
        entry = await self.entry(ctx, body.config_entry_id)
        if entry.status is _STATES.rolled_back:
            return entry
        if entry.status not in (_STATES.rolling_out, _STATES.live):
            fields = {"toRevision": body.to_revision}
            return await self.config_entry.transition(ctx, "rollback-change", entry.id, fields)
        target = await self._target(ctx, entry, body.to_revision)
        rollout = await self._rollout_of(ctx, entry)
        fields = {"toRevision": target.revision, "rolloutPercent": 0}
        silent = self.config_entry.telling()
        gone = await silent.transition(ctx, "rollback-change", entry.id, fields)
        await self._tell_back(ctx, gone, target.revision, body.rollback_reason)
        if target.status is _STATES.superseded:
            await self.config_entry.transition(itself(ctx), "reinstate-entry", target.id)
        self._count_back(gone, "workload" if ctx.principal.kind == "workload" else "person")
        if rollout is not None:
            await self._withdraw(ctx, rollout, body.rollback_reason, entry.id)
        self.changes.strike_after(ctx)
        return gone

    async def _target(
        self, ctx: Context, entry: models.ConfigEntry, revision: int
    ) -> models.ConfigEntry:
        """The revision to go back to."""
        known = {each.revision: each for each in await self.revisions(ctx, entry, *_BEEN_LIVE)}
        target = known.get(revision)
        if target is None or target.revision >= entry.revision:
            raise problems.NO_EARLIER_REVISION(f"revision {revision} has never been live here")
        if entry.status is _STATES.rolling_out and target.status is not _STATES.live:
            raise problems.NO_EARLIER_REVISION("of a rollout the live revision goes on")
        between = [each for each in known.values() if revision < each.revision < entry.revision]
        if entry.status is _STATES.live:
            between.append(entry)
        if any(each.security_fix for each in between):
            raise problems.DOWNGRADE_BARRED("a revision since then has closed a hole")
        return target

    async def _withdraw(
        self, ctx: Context, rollout: memory.Rollout, reason: str, *done: UUID
    ) -> None:
        """Take a rollout back whole; where nothing was live before, nothing holds.

        Of such an entry `toRevision` is its own number: the event knows no other way to say so.
        """
        for key in rollout.entry_ids:
            entry = await self.entry(ctx, key)
            if key in done or entry.status is not _STATES.rolling_out:
                continue
            former = await self.live(ctx, entry)
            fields = {"status": _STATES.rolled_back, "rolloutPercent": 0}
            gone = await self.config_entry.rewrite(ctx, entry, fields)
            await self._tell_back(ctx, gone, (former or entry).revision, reason)
            self._count_back(gone, "watcher")
        await self._end(ctx, rollout, await self._known_release(ctx, rollout))

    async def _tell_back(
        self, ctx: Context, gone: models.ConfigEntry, revision: int, reason: str
    ) -> None:
        told = {**to_record(gone), "toRevision": revision, "rollbackReason": reason}
        await self.config_entry.announce(ctx, "config-rolled-back", told)

    def _count_back(self, entry: models.ConfigEntry, initiator: str) -> None:
        self.metrics.config_rollbacks_total(target=entry.service_name or "all", initiator=initiator)
        self.count_change(entry, "rolledBack")

    async def _rollout_of(self, ctx: Context, entry: models.ConfigEntry) -> memory.Rollout | None:
        async for each in self.rollouts.each(ctx, entryIds=str(entry.id)):
            return each
        return None

    async def _known_release(
        self, ctx: Context, rollout: memory.Rollout
    ) -> models.ConfigRelease | None:
        if rollout.release_id is None:
            return None
        return await self.config_release.find(ctx, id=rollout.release_id)

    def _watch(self, release: models.ConfigRelease | None) -> timedelta:
        """How long a stage is watched."""
        minutes = release.stage_minutes if release else self.settings.default_stage_minutes
        return timedelta(minutes=minutes)

    async def watch_rollouts(self, ctx: Context) -> None:
        """Ask the abort queries of the tenant's rollouts, and move those on that were quiet."""
        async for each in self.rollouts.each(ctx):
            await self._watch_one(ctx, each)

    async def _watch_one(self, ctx: Context, rollout: memory.Rollout) -> None:
        release = await self._known_release(ctx, rollout)
        if release is not None and await self.abort_queries.fires(release.abort_query):
            since = rollout.firing_since or ctx.now
            if (ctx.now - since).total_seconds() >= self.settings.abort_grace:
                await self._withdraw(ctx, rollout, "the abort query has yielded something")
            else:
                changed = {"firingSince": since, "since": ctx.now}
                await self.rollouts.rewrite(ctx, rollout, changed)
            return
        if rollout.firing_since is not None:
            rollout = await self.rollouts.rewrite(ctx, rollout, {"firingSince": None})
        if ctx.now - rollout.since < self._watch(release):
            return
        if rollout.stage >= _EVERYWHERE:
            await self._complete(ctx, rollout, release)
            return
        stage = min(each for each in rollout.stages if each > rollout.stage)
        for key in rollout.entry_ids:
            entry = await self.entry(ctx, key)
            await self.config_entry.rewrite(ctx, entry, {"rolloutPercent": stage})
        await self.rollouts.rewrite(ctx, rollout, {"stage": stage, "since": ctx.now})
        self.changes.strike_after(ctx)

    async def abort_suspect_rollouts(
        self, ctx: Context, request: port.AbortSuspectRollouts
    ) -> None:
        """Take back what is being rolled out in the tenant to the service that is anomalous."""
        named = request.body.dimension_values.get("service")
        if named is None:
            return
        async for each in self.rollouts.each(ctx):
            touched = [await self.config_entry.find(ctx, id=key) for key in each.entry_ids]
            if any(entry and entry.service_name in (None, named.root) for entry in touched):
                await self._withdraw(ctx, each, f"{request.body.metric_key} left its band")

    async def on_metric_anomaly_detected(
        self, ctx: Context, event: Received[models.MetricAnomalyDetected]
    ) -> None:
        """A rollout that touches the anomalous service is taken back."""
        await self.abort_suspect_rollouts(ctx, port.AbortSuspectRollouts(body=event.data))


def _stages(body: models.RolloutChangeRequest) -> list[int]:
    """The stages in per cent, which rise, end with everybody and have the first one among them.

    Raises:
        Problem: `rule-broken`.
    """
    stages = [each.root for each in body.stages]
    if stages != sorted(stages) or stages[0] < 1 or stages[-1] != _EVERYWHERE:
        raise breaks_rule("stages rise from at least 1 to 100", pointer="/stages")
    if body.first_stage not in stages:
        raise breaks_rule("none of the stages", pointer="/firstStage")
    return stages


def _any(ctx: Context) -> Context:
    """The same caller, who means whatever version is there."""
    return replace(ctx, if_match=None)
