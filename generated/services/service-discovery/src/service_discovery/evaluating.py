"""What probes find, and what follows from it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import takewhile
from statistics import median
from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.ids import PLATFORM

from .base import itself
from .endpoints import STATUS
from .generated import models, port
from .registering import Registering

_KEPT = 20
_ENOUGH = 5
"""Reports and peers without which nobody is called slow."""

_FAILURES = 3
_TIMES = 5
_LONGEST = 60_000
_OUTCOMES = models.ProbeOutcome
_PROBES = models.ProbeKind


class Evaluating(Registering):
    """Copies are admitted, degraded and recovered by their last twenty reports."""

    async def report_health(self, ctx: Context, request: port.ReportHealth) -> models.HealthReport:
        """Note what a probe found, and look at the copy again.

        Raises:
            Problem: `identity-mismatch`, `reference-unknown`, `invariant-broken`.
        """
        inside = ctx.within(PLATFORM)
        report = await super().report_health(inside, request)
        found = await self.service_instance.find(inside, id=report.instance_id)
        if found is not None:
            reports = await self._last(inside, found)
            await self._evaluate(itself(ctx), found, reports)
        return report

    async def _last(
        self, ctx: Context, instance: models.ServiceInstance
    ) -> list[models.HealthReport]:
        """The last twenty reports, the latest first; older ones go."""
        found = [each async for each in self.health_report.each(ctx, instanceId=str(instance.id))]
        found.sort(key=lambda each: (each.observed_at, each.created_at), reverse=True)
        for each in found[_KEPT:]:
            await self.health_report.remove(ctx, each)
        return found[:_KEPT]

    async def _evaluate(
        self,
        ctx: Context,
        instance: models.ServiceInstance,
        reports: list[models.HealthReport],
    ) -> None:
        """Move the copy where its reports say. Deep probes end nothing by themselves."""
        shallow = [each for each in reports if each.probe is not _PROBES.deep]
        failed = _row(shallow, lambda each: each.outcome is _OUTCOMES.failed)
        passed = _row(shallow, lambda each: each.outcome is _OUTCOMES.passed)
        ready = _row(
            [each for each in shallow if each.probe is _PROBES.readiness],
            lambda each: each.outcome is _OUTCOMES.passed,
        )
        slowest = max((each.latency_ms for each in shallow), default=0)
        await self._measure(ctx, instance, slowest)
        if instance.status is STATUS.registering and ready >= self.settings.admission_probes:
            await self.admit_instance(ctx, port.AdmitInstance(service_instance_id=instance.id))
        elif instance.status is STATUS.degraded and passed >= self.settings.recovery_probes:
            request = port.RecoverInstance(service_instance_id=instance.id)
            await self.recover_instance(ctx, request)
        elif instance.status is STATUS.healthy:
            await self._doubt(ctx, instance, failed, slowest, len(shallow))
        elif instance.consecutive_failures != failed:
            fields = {"consecutiveFailures": failed}
            await self.service_instance.rewrite(ctx, instance, fields)

    async def _doubt(
        self,
        ctx: Context,
        instance: models.ServiceInstance,
        failed: int,
        slowest: int,
        reports: int,
    ) -> None:
        """Degrade a healthy copy that fails, or is far slower than its peers."""
        peers = [
            each.p99_ms
            async for each in self.measured.each(
                ctx, service=instance.service_name, region=instance.region
            )
            if each.instance_id != instance.id
        ]
        usual = max(1, min(_LONGEST, round(median(peers)))) if peers else max(1, slowest)
        judged = reports >= _ENOUGH and len(peers) >= 2
        if failed >= _FAILURES or (judged and slowest > _TIMES * usual):
            body = models.DegradeInstanceRequest(
                consecutive_failures=failed, p99_ms=slowest, peer_p99_ms=usual
            )
            request = port.DegradeInstance(service_instance_id=instance.id, body=body)
            await self.degrade_instance(ctx, request)
        elif instance.consecutive_failures != failed:
            fields = {"consecutiveFailures": failed}
            await self.service_instance.rewrite(ctx, instance, fields)

    async def _measure(self, ctx: Context, instance: models.ServiceInstance, slowest: int) -> None:
        known = await self.measured.find(ctx, instanceId=str(instance.id))
        if known is not None:
            await self.measured.rewrite(ctx, known, {"p99Ms": slowest})
        elif instance.status in (STATUS.registering, STATUS.healthy, STATUS.degraded):
            fields = {
                "instanceId": instance.id,
                "service": instance.service_name,
                "region": instance.region,
                "p99Ms": slowest,
            }
            await self.measured.insert(ctx, fields)

    async def admit_instance(self, ctx: Context, request: port.AdmitInstance) -> None:
        """Put a copy into the endpoint set."""
        await super().admit_instance(ctx, request)
        await self._tell(ctx, request.service_instance_id)

    async def degrade_instance(self, ctx: Context, request: port.DegradeInstance) -> None:
        """Have a copy handed out with a tenth of its weight."""
        await super().degrade_instance(ctx, request)
        await self._tell(ctx, request.service_instance_id)

    async def recover_instance(self, ctx: Context, request: port.RecoverInstance) -> None:
        """Have a copy handed out with its whole weight again."""
        await super().recover_instance(ctx, request)
        await self._tell(ctx, request.service_instance_id)

    async def _tell(self, ctx: Context, key: UUID) -> None:
        found = await self.service_instance.find(ctx, id=key)
        if found is not None:
            await self.changed(ctx, found.service_name)


def _row(reports: list[models.HealthReport], fits: Callable[[models.HealthReport], bool]) -> int:
    """How many reports in a row fit, from the latest on."""
    return len(list(takewhile(fits, reports)))
