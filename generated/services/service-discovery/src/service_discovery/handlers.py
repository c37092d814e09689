"""What service-discovery does beyond its model. This file is yours."""

from __future__ import annotations

from collections import Counter

from cloudsync_chassis.context import Context
from cloudsync_chassis.ids import PLATFORM
from cloudsync_chassis.jobs.spec import Due
from cloudsync_chassis.runtime import Runtime

from .endpoints import LIVING, STATUS
from .evaluating import Evaluating
from .listening import Listening
from .serving import Serving
from .shifting import Shifting

_GONE = {"status": (STATUS.expired, STATUS.deregistered)}


class Handlers(Evaluating, Shifting, Serving, Listening):
    """Copies, what probes find, shifts of traffic, endpoint sets."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        every, instance = runtime.work.every, "service-instance"
        every(
            self.settings.sweep_interval,
            "sweep-leases",
            self.sweep,
            Due(aggregate=instance, where={"status": LIVING}, since="leaseExpiresAt"),
        )
        every(5.0, "end-drains", self.end_drains, Due(aggregate="kept-draining", since="until"))
        every(
            600.0,
            "bury-instances",
            self.bury,
            Due(aggregate=instance, where=_GONE, since="updatedAt", after=3600.0),
        )
        every(15.0, "move-traffic", self.move_traffic)
        every(15.0, "measure-registry", self.measure)

    async def measure(self, ctx: Context) -> None:
        """How many copies there are, where too few are healthy, how much is shifted."""
        inside = ctx.within(PLATFORM)
        states: Counter[tuple[str, str]] = Counter()
        healthy: Counter[tuple[str, str]] = Counter()
        async for each in self.service_instance.each(inside):
            states[each.service_name, each.status.value] += 1
            healthy[each.service_name, each.region] += each.status is STATUS.healthy
        async for definition in self.service_definition.each(inside):
            for status in STATUS:
                count = states[definition.name, status.value]
                self.metrics.discovery_instances(count, target=definition.name, status=status.value)
            least = definition.min_healthy_instances
            regions = [count for (name, _), count in healthy.items() if name == definition.name]
            self.metrics.discovery_below_minimum(
                sum(count < least for count in regions),
                target=definition.name,
                tier=definition.tier.value,
            )
        shares: Counter[tuple[str, str]] = Counter()
        async for shift in self.traffic_shift.each(inside):
            moving = await self.moving.find(inside, shiftId=str(shift.id))
            key = shift.from_region, shift.to_region
            shares[key] = max(shares[key], moving.percent if moving else 0)
        for (source, target), percent in shares.items():
            self.metrics.discovery_traffic_shift_percent(percent, from_=source, to=target)
