"""Decisions, and the rules for those who decide by themselves."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from datetime import date
from uuid import UUID

from cloudsync_chassis import clock
from cloudsync_chassis.changes import heard
from cloudsync_chassis.context import Context, Deadline
from cloudsync_chassis.ids import PLATFORM
from cloudsync_chassis.logs import logger
from cloudsync_chassis.problem import UNAVAILABLE
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.security.access import require_own

from . import rules
from .excepting import Excepting
from .generated import models, port

LONGEST = 3600.0
"""Seconds after which a watch ends at the latest; the operation's own time-out comes first."""

_LOOK_AGAIN = 2.0
_RESERVE = 0.5
"""Seconds before its deadline at which a watch ends, so that it ends well."""

_LARGEST = 1_048_576
"""Bytes of a bundle."""

_UNKNOWN = "default"

log = logger("flags")


class Serving(Excepting):
    """What callers ask."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        self._noted: dict[UUID, date] = {}

    async def evaluate_flag(self, ctx: Context, request: port.EvaluateFlag) -> models.FlagDecision:
        """Decide for one context; of a flag that is not known the caller's own value."""
        body = request.body
        bundle = await self.rules_of(ctx, body.environment)
        asked = await self._asked(ctx, body.context)
        digest = bundle.checksum
        decision = self._decision(ctx, bundle, digest, body.key, asked, body.fallback_value)
        self.traces.flag_decision_reason(decision.reason)
        return decision

    async def evaluate_batch(
        self, ctx: Context, request: port.EvaluateBatch
    ) -> models.FlagDecisions:
        """Decide many under one digest, in the order asked for."""
        body = request.body
        bundle = await self.rules_of(ctx, body.environment)
        asked = await self._asked(ctx, body.context)
        digest = bundle.checksum
        known: dict[str, rules.Decided] = {}
        items = [
            self._decision(ctx, bundle, digest, each.root, asked, known=known) for each in body.keys
        ]
        return models.FlagDecisions(items=items)

    async def _asked(self, ctx: Context, told: models.EvaluationContext) -> rules.Asked:
        """Whom it is about, with what the organisation has bought and is excepted from.

        Raises:
            Problem: `forbidden`: another organisation than the caller works for.
        """
        require_own(ctx.principal, told.organization_id)
        plan, seats = await self.bought(ctx.within(told.organization_id))
        overrides = {
            each.feature_flag_id: each.variant
            async for each in self.flag_override.each(
                ctx.within(PLATFORM), targetOrganizationId=str(told.organization_id)
            )
            if each.expires_at > ctx.now
        }
        return rules.Asked(
            organization=told.organization_id,
            user=told.user_id,
            device=told.device_id,
            plan=plan,
            claimed_plan=told.plan,
            country=told.country,
            app_version=told.app_version,
            role=told.role,
            seats=seats,
            overrides=overrides,
        )

    def _decision(
        self,
        ctx: Context,
        bundle: rules.Bundle,
        digest: str,
        key: str,
        asked: rules.Asked,
        fallback: str | None = None,
        known: dict[str, rules.Decided] | None = None,
    ) -> models.FlagDecision:
        flag = bundle.flags.get(key)
        if flag is None:
            self.metrics.flag_default_served_total()
            reason = rules.REASONS.unknown_flag
            return models.FlagDecision(
                key=key, variant=_UNKNOWN, value=fallback or "null", reason=reason
            )
        self._note(ctx, flag)
        found = bundle.decide(flag, asked, known)
        values = {each.name: each.value for each in flag.variants}
        # an exception may outlive the variant that it names
        variant = found.variant if found.variant in values else flag.off_variant
        self.metrics.flag_evaluations_total(key=key, variant=variant, reason=found.reason.value)
        return models.FlagDecision(
            key=key,
            variant=variant,
            value=values[variant],
            reason=found.reason,
            rules_checksum=digest,
        )

    def _note(self, ctx: Context, flag: models.FeatureFlag) -> None:
        """Remember that somebody asks for a flag: once a day and replica."""
        today = ctx.now.date()
        if self._noted.get(flag.id) == today:
            return
        self._noted[flag.id] = today

        async def write(inside: Context) -> None:
            platform = inside.within(PLATFORM)
            known = await self.seen.find(platform, flagId=flag.id)
            if known is None:
                await self.seen.insert(platform, {"flagId": flag.id, "day": today})
            elif known.day < today:
                await self.seen.rewrite(platform, known, {"day": today})

        self.runtime.work.soon(ctx, "note-evaluation", write)

    async def watch_flags(
        self, ctx: Context, request: port.WatchFlags
    ) -> AsyncIterator[models.FlagRulesUpdate]:
        """The bundle of an environment unless the watcher has it, and again after each change.

        In between the digest comes without a bundle, as often as `stream_heartbeat` says.
        """
        return self._stream(ctx, request.body)

    async def _stream(
        self, ctx: Context, body: models.WatchFlagsRequest
    ) -> AsyncIterator[models.FlagRulesUpdate]:
        held = body.rules_checksum
        ends = Deadline.after(min(ctx.deadline.remaining - _RESERVE, LONGEST))
        beat = Deadline.after(self.settings.stream_heartbeat)
        while True:
            stroke = self.changes.coming()
            bundle = await self.rules_of(ctx, body.environment)
            digest = bundle.checksum
            if digest != held or beat.remaining <= 0:
                yield self._update(body.environment, bundle, digest, whole=digest != held)
                held, beat = digest, Deadline.after(self.settings.stream_heartbeat)
            if ends.remaining <= 0:
                return
            await heard(stroke, min(ends.remaining, beat.remaining, _LOOK_AGAIN))

    def _update(
        self, environment: models.Environment, bundle: rules.Bundle, digest: str, whole: bool
    ) -> models.FlagRulesUpdate:
        content = self.compression.frame(bundle.text.encode()) if whole else b""
        if len(content) > _LARGEST:
            log.error("bundle_too_large", environment=environment.value, bytes=len(content))
            raise UNAVAILABLE("the rules are too many to be sent")
        return models.FlagRulesUpdate(
            environment=environment,
            rules_checksum=digest,
            bundle=base64.b64encode(content).decode(),
            flag_count=len(bundle.flags),
            generated_at=clock.now(),
        )
