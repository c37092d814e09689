"""Flags from draft to archive, and the switch that takes them from everybody."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any

from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.ids import PLATFORM
from cloudsync_chassis.problem import Problem, breaks_rule
from cloudsync_chassis.store.repository import UniqueViolationError

from . import rules
from .base import Base, itself
from .generated import models, port, problems

_STATES = models.FlagStatus
_WHOLE = 10_000
_SALT_BYTES = 8


class Managing(Base):
    """What operators do with flags."""

    async def create_flag(self, ctx: Context, request: port.CreateFlag) -> models.FeatureFlag:
        """Write a draft and draw its salt.

        Raises:
            Problem: `key-taken`, `unknown-prerequisite`, `rule-broken`, `invariant-broken`.
        """
        self.check_region()
        inside, body = ctx.within(PLATFORM), request.body
        if await self.feature_flag.find(inside, environment=body.environment, key=body.key):
            raise problems.KEY_TAKEN(f"{body.key} is there in {body.environment.value}")
        await self._check_prerequisites(inside, body)
        try:
            made = await self.feature_flag.create(inside, "create-flag", body)
        except UniqueViolationError as error:
            raise problems.KEY_TAKEN() from error
        _check(made)
        fields = {"flagId": made.id, "salt": secrets.token_hex(_SALT_BYTES)}
        await self.salts.insert(inside, fields)
        return made

    async def _check_prerequisites(self, ctx: Context, body: models.CreateFlagRequest) -> None:
        """Each must be there, and none may need the new flag, by however many others."""
        waiting, known = [each.root for each in body.prerequisites or ()], set[str]()
        first = set(waiting)
        while waiting:
            key = waiting.pop()
            if key == body.key:
                raise problems.UNKNOWN_PREREQUISITE("it would need itself")
            if key in known:
                continue
            known.add(key)
            found = await self.feature_flag.find(ctx, environment=body.environment, key=key)
            if found is None or found.status is _STATES.archived:
                if key in first:
                    raise problems.UNKNOWN_PREREQUISITE(f"there is no {key}")
                continue
            waiting += [each.root for each in found.prerequisites]

    async def edit_flag(self, ctx: Context, request: port.EditFlag) -> models.FeatureFlag:
        """Rewrite choices and rules.

        Raises:
            Problem: `rule-broken`, and what the model says.
        """
        body = request.body
        changes: dict[str, Any] = {
            "variants": body.variants,
            "default_variant": body.default_variant,
            "off_variant": body.off_variant,
            "rules": body.rules,
        }
        fields = body.model_dump(by_alias=True, exclude_none=True)
        edited = await self.move(ctx, "edit-flag", request.feature_flag_id, fields, **changes)
        _check(edited)
        return edited

    async def schedule_flag(self, ctx: Context, request: port.ScheduleFlag) -> models.FeatureFlag:
        """Fix the start of a draft."""
        self.check_region()
        return await super().schedule_flag(ctx.within(PLATFORM), request)

    async def activate_flag(self, ctx: Context, request: port.ActivateFlag) -> models.FeatureFlag:
        """Let rules and share decide."""
        key = request.feature_flag_id
        return await self.move(ctx, "activate-flag", key, {}, status=_STATES.active)

    async def activate_due(self, ctx: Context) -> None:
        """Activate what was scheduled for a moment that has come.

        One that cannot begin stays scheduled and keeps no other from beginning.
        """
        async for each in self.feature_flag.each(
            ctx, {"startsAt": ctx.now}, status=_STATES.scheduled
        ):
            try:
                request = port.ActivateFlag(feature_flag_id=each.id)
                await self.activate_flag(itself(ctx), request)
            except Problem as problem:
                if problem.kind is not problems.END_MISSING:
                    raise

    async def change_rollout(self, ctx: Context, request: port.ChangeRollout) -> models.FeatureFlag:
        """Move the share."""
        fields = request.body.model_dump(by_alias=True, exclude_none=True)
        percent = request.body.rollout_percent
        key = request.feature_flag_id
        return await self.move(ctx, "change-rollout", key, fields, rollout_percent=percent)

    async def complete_rollout(
        self, ctx: Context, request: port.CompleteRollout
    ) -> models.FeatureFlag:
        """Remind of code that can go."""
        key = request.feature_flag_id
        return await self.move(ctx, "complete-rollout", key, {}, status=_STATES.rolled_out)

    async def kill_flag(self, ctx: Context, request: port.KillFlag) -> models.FeatureFlag:
        """Take a feature from everybody."""
        fields = {"reason": request.body.reason}
        key = request.feature_flag_id
        return await self.move(ctx, "kill-flag", key, fields, status=_STATES.killed)

    async def restore_flag(self, ctx: Context, request: port.RestoreFlag) -> models.FeatureFlag:
        """Give it back."""
        fields = {"incidentNumber": request.body.incident_number}
        key = request.feature_flag_id
        return await self.move(ctx, "restore-flag", key, fields, status=_STATES.active)

    async def archive_flag(self, ctx: Context, request: port.ArchiveFlag) -> models.FeatureFlag:
        """Retire a flag that nobody asks for any more.

        Raises:
            Problem: `flag-in-use`: by callers, or by a flag that needs it; what the model says.
        """
        found = await self.flag(ctx, request.body.feature_flag_id)
        if found.status in (_STATES.rolled_out, _STATES.killed):
            seen = await self.seen.find(ctx.within(PLATFORM), flagId=found.id)
            ago = timedelta(days=self.settings.disuse_days)
            if seen is not None and seen.day > (ctx.now - ago).date():
                raise problems.FLAG_IN_USE(f"somebody asked for it on {seen.day.isoformat()}")
            async for each in self.feature_flag.each(
                ctx, environment=found.environment, prerequisites=found.key
            ):
                if each.status is not _STATES.archived:
                    raise problems.FLAG_IN_USE(f"{each.key} needs it")
        return await self.move(ctx, "archive-flag", found.id, {}, status=_STATES.archived)

    async def kill_suspect_flags(self, ctx: Context, request: port.KillSuspectFlags) -> None:
        """Kill what changed lately, guards the anomalous service and may be killed unasked."""
        named = request.body.dimension_values.get("service")
        if named is None:
            return
        fresh = ctx.now - timedelta(seconds=self.settings.suspect_window)
        why = f"{request.body.metric_key} of {named.root} left its band"
        async for each in self.feature_flag.each(
            ctx, status=_STATES.active, autoKill=True, guardedService=named.root
        ):
            if each.changed_at is None or each.changed_at < fresh:
                continue
            fields = {
                "killReason": why,
                "reason": why,
                "killedAt": ctx.now,
                "changedAt": ctx.now,
            }
            await self.move(
                itself(ctx), "kill-suspect-flags", each.id, fields, status=_STATES.killed
            )

    async def on_metric_anomaly_detected(
        self, ctx: Context, event: Received[models.MetricAnomalyDetected]
    ) -> None:
        """Fresh changes are undone; the word of a customer's metrics kills nothing."""
        if ctx.tenant == PLATFORM:
            await self.kill_suspect_flags(ctx, port.KillSuspectFlags(body=event.data))

    async def count_stale(self, ctx: Context) -> None:
        """Measure how many flags are past their day, by the team that owes their removal."""
        teams: dict[str, int] = {}
        inside = ctx.within(PLATFORM)
        async for each in self.feature_flag.each(inside):
            over = each.expires_at is not None and each.expires_at <= ctx.now
            late = over and each.status is not _STATES.archived
            teams[each.owner_team] = teams.get(each.owner_team, 0) + late
        for team, count in teams.items():
            self.metrics.flags_stale(count, team=team)


def _check(flag: models.FeatureFlag) -> None:
    """Refuse what fits the schema and the invariants and could not be decided by.

    Raises:
        Problem: `rule-broken`.
    """
    if sum(each.weight for each in flag.variants) > _WHOLE:
        raise breaks_rule("more than ten thousand parts", pointer="/variants")
    for place, each in enumerate(flag.variants):
        if not rules.is_of_type(flag.value_type, each.value):
            told = f"no JSON of type {flag.value_type.value}"
            raise breaks_rule(told, pointer=f"/variants/{place}/value")
    names = {each.name for each in flag.variants}
    orders = [each.order for each in flag.rules]
    if len(orders) != len(set(orders)):
        raise breaks_rule("two rules have one place", pointer="/rules")
    for place, rule in enumerate(flag.rules):
        fault = rules.fault_of_rule(rule, names)
        if fault is not None:
            raise breaks_rule(fault, pointer=f"/rules/{place}")
