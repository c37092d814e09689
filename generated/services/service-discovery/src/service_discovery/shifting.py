"""Traffic is moved from region to region, and comes back by itself."""

from __future__ import annotations

from datetime import datetime, timedelta

from cloudsync_chassis.context import Context
from cloudsync_chassis.ids import PLATFORM
from cloudsync_chassis.problem import breaks_rule

from .base import Base, itself
from .endpoints import CALLED, may_serve, share_of
from .generated import models, port, problems

_STATES = models.ShiftStatus
_OPEN = (_STATES.requested, _STATES.approved, _STATES.shifting, _STATES.effective)
_ALONE = 50
"""Per cent that nobody else has to agree to."""

_STEPS = 4
_TOLERANCE = 5.0
"""Points by which the weights may miss a share; they are whole numbers."""


class Shifting(Base):
    """Shifts of traffic."""

    async def shift_traffic(self, ctx: Context, request: port.ShiftTraffic) -> models.TrafficShift:
        """Ask for a share of traffic to be moved; up to one half the mover begins at once.

        Raises:
            Problem: `region-at-capacity`, `residency-violated`, `rule-broken`, `invariant-broken`,
                `forbidden`.
        """
        inside, body = ctx.within(PLATFORM), request.body
        if body.expires_at <= ctx.now:
            raise breaks_rule("it is over already", pointer="/expiresAt")
        if not may_serve(body.from_region, body.to_region):
            raise problems.RESIDENCY_VIOLATED("tenants of the Union are served inside it")
        fields = {
            **body.model_dump(by_alias=True, exclude_none=True),
            "requestedBy": ctx.principal.subject,
        }
        made = await self.traffic_shift.create(inside, "shift-traffic", fields)
        await self._check_capacity(inside, made)
        self.runtime.work.wake(ctx, "move-traffic")
        return made

    async def _check_capacity(self, ctx: Context, shift: models.TrafficShift) -> None:
        """Refuse what the target could not carry at its largest size, by what copies say of their
        load.

        Raises:
            Problem: `region-at-capacity`.
        """
        wanted = {} if shift.service_name == "*" else {"serviceName": shift.service_name}
        loads: dict[tuple[str, str], list[int]] = {}
        async for each in self.service_instance.each(ctx, status=CALLED, **wanted):
            loads.setdefault((each.service_name, each.region), []).append(each.load_percent)
        for (service, region), busy in loads.items():
            if region != shift.from_region:
                continue
            there = loads.get((service, shift.to_region), [])
            largest = await self.capacities.largest(service, shift.to_region, len(there))
            if sum(there) + sum(busy) * shift.percent / 100 > 100 * largest or not there:
                raise problems.REGION_AT_CAPACITY(f"{service} has no room in {shift.to_region}")

    async def approve_traffic_shift(
        self, ctx: Context, request: port.ApproveTrafficShift
    ) -> models.TrafficShift:
        """The second person's word."""
        found = await super().approve_traffic_shift(ctx.within(PLATFORM), request)
        self.runtime.work.wake(ctx, "move-traffic")
        return found

    async def revert_traffic_shift(
        self, ctx: Context, request: port.RevertTrafficShift
    ) -> models.TrafficShift:
        """Put weights back at once."""
        inside = ctx.within(PLATFORM)
        found = await super().revert_traffic_shift(inside, request)
        async for each in self.moving.each(inside, shiftId=str(found.id)):
            await self.moving.remove(inside, each)
        await self.changed(ctx, found.service_name)
        return found

    async def move_traffic(self, ctx: Context) -> None:
        """Take each open shift a step further, or back when its time is over."""
        own = itself(ctx)
        async for each in self.traffic_shift.each(own, status=_OPEN):
            if each.expires_at <= ctx.now:
                request = port.RevertTrafficShift(traffic_shift_id=each.id)
                await self.revert_traffic_shift(own, request)
            elif each.status is _STATES.shifting:
                await self._step(own, each)
            elif each.status is _STATES.approved or (
                each.status is _STATES.requested and each.percent <= _ALONE
            ):
                await self.apply_traffic_shift(
                    own, port.ApplyTrafficShift(traffic_shift_id=each.id)
                )

    async def apply_traffic_shift(self, ctx: Context, request: port.ApplyTrafficShift) -> None:
        """Begin to move weights, a quarter first."""
        inside = ctx.within(PLATFORM)
        await super().apply_traffic_shift(inside, request)
        shift = await self.traffic_shift.find(inside, id=request.traffic_shift_id)
        if shift is None or await self.moving.find(inside, shiftId=str(shift.id)) is not None:
            return
        fields = {"shiftId": shift.id, "percent": _next(shift.percent, 0), "since": ctx.now}
        await self.moving.insert(inside, fields)
        await self.changed(ctx, shift.service_name)

    async def _step(self, ctx: Context, shift: models.TrafficShift) -> None:
        moving = await self.moving.find(ctx, shiftId=str(shift.id))
        if moving is None:
            return
        if moving.percent < shift.percent:
            pause = timedelta(seconds=self.settings.shift_step_pause)
            if ctx.now - moving.since >= pause:
                fields = {"percent": _next(shift.percent, moving.percent), "since": ctx.now}
                await self.moving.rewrite(ctx, moving, fields)
                await self.changed(ctx, shift.service_name)
        elif await self._arrived(ctx, shift):
            request = port.ConfirmTrafficShift(traffic_shift_id=shift.id)
            await self.confirm_traffic_shift(ctx, request)

    async def _arrived(self, ctx: Context, shift: models.TrafficShift) -> bool:
        """Whether the sets that callers of the source are given carry the share; three of five
        services are enough where all are moved.
        """
        view = await self.present(ctx)
        names = {
            each.service_name
            for each in view.instances
            if each.region == shift.from_region and shift.service_name in ("*", each.service_name)
        }
        sets = [view.endpoints(name, shift.from_region, None, ctx.now) for name in names]
        seen = [abs(share_of(each, shift.to_region) - shift.percent) <= _TOLERANCE for each in sets]
        return sum(seen) * 5 >= len(seen) * 3

    async def confirm_traffic_shift(self, ctx: Context, request: port.ConfirmTrafficShift) -> None:
        """Note that the traffic has arrived."""
        inside = ctx.within(PLATFORM)
        await super().confirm_traffic_shift(inside, request)
        found = await self.traffic_shift.find(inside, id=request.traffic_shift_id)
        if found is not None:
            took = _seconds(found.created_at, ctx.now)
            self.metrics.discovery_shift_effective_seconds(took, drill=str(found.drill).lower())


def _next(percent: int, done: int) -> int:
    """The next of four even steps."""
    for step in range(1, _STEPS):
        reached = -(-percent * step // _STEPS)
        if reached > done:
            return reached
    return percent


def _seconds(since: datetime, until: datetime) -> float:
    return max(0.0, (until - since).total_seconds())
