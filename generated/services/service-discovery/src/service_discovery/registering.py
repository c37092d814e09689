"""Copies come, beat, drain and go."""

from __future__ import annotations

import time
from datetime import timedelta
from ipaddress import ip_address
from typing import Any

from cloudsync_chassis.context import Context
from cloudsync_chassis.ids import PLATFORM
from cloudsync_chassis.problem import RATE_LIMITED, breaks_rule
from cloudsync_chassis.runtime import Runtime

from .base import Base, itself
from .endpoints import LIVING, STATUS
from .generated import models, port, problems

_OPERATED_BY = "audit-service"
"""Drains copies for operators."""

_TTL = 15


class Registering(Base):
    """The life of a copy."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        self._taken: dict[str, tuple[int, int]] = {}

    async def define_service(
        self, ctx: Context, request: port.DefineService
    ) -> models.ServiceDefinition:
        """Write what the registry has to know of a service."""
        found = await super().define_service(ctx.within(PLATFORM), request)
        await self.changed(ctx, found.name)
        return found

    async def register_instance(
        self, ctx: Context, request: port.RegisterInstance
    ) -> models.ServiceInstance:
        """Enter a copy under the identity of its certificate; what was at its address has gone.

        Raises:
            Problem: `identity-mismatch`, `definition-unknown`, `rate-limited`, `rule-broken`,
                `invariant-broken`, `forbidden`.
        """
        inside, body = ctx.within(PLATFORM), request.body
        try:
            ip_address(body.address)
        except ValueError as error:
            raise breaks_rule("no address (RFC 791, RFC 4291)", pointer="/address") from error
        own = ctx.principal.kind == "workload" and ctx.principal.subject == body.service_name
        claims = body.spiffe_id.endswith(f"/sa/{ctx.principal.subject}")
        if not own or not claims or not self.addresses.fits(body.address, ctx.source_ip):
            raise problems.IDENTITY_MISMATCH("it is not what it claims to be")
        self._admit(body.service_name)
        if await self.service_definition.find(inside, name=body.service_name) is None:
            raise problems.DEFINITION_UNKNOWN(f"{body.service_name} has not been defined")
        async for gone in self.service_instance.each(
            inside, address=body.address, port=body.port, status=LIVING
        ):
            await self._end(inside, gone)
        fields: dict[str, Any] = body.model_dump(by_alias=True, exclude_none=True)
        life = timedelta(seconds=body.lease_ttl_seconds or _TTL)
        fields |= {"leaseTtlSeconds": body.lease_ttl_seconds or _TTL, "weight": _weight(body)}
        fields["leaseExpiresAt"] = ctx.now + life
        return await self.service_instance.telling().create(inside, "register-instance", fields)

    def _admit(self, service: str) -> None:
        """Take one registration from what a service may have of this replica within a second."""
        second = int(time.monotonic())
        began, taken = self._taken.get(service, (second, 0))
        taken = taken + 1 if began == second else 1
        if taken > self.settings.registrations_per_second:
            raise RATE_LIMITED("register again after a pause that chance decides")
        self._taken[service] = second, taken

    async def _end(self, ctx: Context, gone: models.ServiceInstance) -> None:
        """End a copy whose lease has not run out, since another one is where it was."""
        fields = {"status": STATUS.expired, "weight": 0}
        ended = await self.service_instance.rewrite(ctx, gone, fields)
        await self.service_instance.announce(ctx, "instance-expired", ended, gone)
        await self._forget(ctx, ended)

    async def _forget(self, ctx: Context, gone: models.ServiceInstance) -> None:
        """What follows from the end of a copy."""
        async for measured in self.measured.each(ctx, instanceId=str(gone.id)):
            await self.measured.remove(ctx, measured)
        async for draining in self.drains.each(ctx, instanceId=str(gone.id)):
            await self.drains.remove(ctx, draining)
        await self.changed(ctx, gone.service_name)

    async def renew_instance_lease(
        self, ctx: Context, request: port.RenewInstanceLease
    ) -> models.ServiceInstance:
        """Keep a copy alive for another lease.

        Raises:
            Problem: `identity-mismatch`, `lease-expired`, `not-found`.
        """
        inside, body = ctx.within(PLATFORM), request.body
        found = await self.instance(inside, body.service_instance_id)
        self._check_identity(ctx, found)
        if found.status not in LIVING or found.lease_expires_at <= ctx.now:
            raise problems.LEASE_EXPIRED("register anew")
        life = timedelta(seconds=found.lease_ttl_seconds)
        fields = {"leaseExpiresAt": ctx.now + life, "loadPercent": body.load_percent}
        return await self.service_instance.rewrite(inside, found, fields)

    def _check_identity(self, ctx: Context, instance: models.ServiceInstance) -> None:
        """Refuse a workload that is not the copy itself.

        Raises:
            Problem: `identity-mismatch`.
        """
        own = ctx.principal.subject == instance.service_name
        if not own or not self.addresses.fits(instance.address, ctx.source_ip):
            raise problems.IDENTITY_MISMATCH("it is another copy")

    async def drain_instance(
        self, ctx: Context, request: port.DrainInstance
    ) -> models.ServiceInstance:
        """Take a copy out of all endpoint sets while it finishes what it has begun.

        Raises:
            Problem: `identity-mismatch`, `too-few-instances`, `not-found`, `illegal-transition`.
        """
        inside, body = ctx.within(PLATFORM), request.body
        found = await self.instance(inside, body.service_instance_id)
        if ctx.principal.kind == "workload" and ctx.principal.subject != _OPERATED_BY:
            self._check_identity(ctx, found)
        if found.status is STATUS.draining:
            return found
        if found.status in (STATUS.healthy, STATUS.degraded):
            await self._check_siblings(inside, found)
        fields = {"drainReason": body.drain_reason, "weight": 0}
        drained = await self.service_instance.transition(inside, "drain-instance", found.id, fields)
        until = ctx.now + timedelta(seconds=self.settings.drain_limit)
        await self.drains.insert(inside, {"instanceId": drained.id, "until": until})
        await self.changed(ctx, drained.service_name)
        return drained

    async def _check_siblings(self, ctx: Context, instance: models.ServiceInstance) -> None:
        definition = await self.service_definition.find(ctx, name=instance.service_name)
        if definition is None:
            return
        siblings = 0
        async for each in self.service_instance.each(
            ctx,
            serviceName=instance.service_name,
            region=instance.region,
            status=STATUS.healthy,
        ):
            siblings += each.id != instance.id and each.lease_expires_at > ctx.now
        if siblings < definition.min_healthy_instances:
            raise problems.TOO_FEW_INSTANCES(
                f"{siblings} would be left of {definition.min_healthy_instances}"
            )

    async def deregister_instance(
        self, ctx: Context, request: port.DeregisterInstance
    ) -> models.ServiceInstance:
        """Remove a drained copy for good."""
        inside = ctx.within(PLATFORM)
        gone = await super().deregister_instance(inside, request)
        await self._forget(inside, gone)
        return gone

    async def expire_lease(self, ctx: Context, request: port.ExpireLease) -> models.ServiceInstance:
        """Remove a silent copy."""
        inside = ctx.within(PLATFORM)
        gone = await super().expire_lease(inside, request)
        self.metrics.discovery_expired_leases_total(target=gone.service_name)
        await self._forget(inside, gone)
        return gone

    async def sweep(self, ctx: Context) -> None:
        """End copies whose lease has run out."""
        async for each in self.service_instance.each(
            ctx, {"leaseExpiresAt": ctx.now}, status=LIVING
        ):
            if each.lease_expires_at < ctx.now:
                request = port.ExpireLease(service_instance_id=each.id)
                await self.expire_lease(itself(ctx), request)

    async def end_drains(self, ctx: Context) -> None:
        """Take out drained copies that were given long enough."""
        async for each in self.drains.each(ctx, {"until": ctx.now}):
            found = await self.service_instance.find(ctx, id=each.instance_id)
            if found is None or found.status is not STATUS.draining:
                await self.drains.remove(ctx, each)
                continue
            request = port.DeregisterInstance(service_instance_id=found.id)
            await self.deregister_instance(itself(ctx), request)

    async def bury(self, ctx: Context) -> None:
        """Forget copies that have been gone for an hour, with what probes found of them."""
        hour = ctx.now - timedelta(hours=1)
        async for each in self.service_instance.each(
            ctx, {"updatedAt": hour}, status=(STATUS.expired, STATUS.deregistered)
        ):
            async for report in self.health_report.each(ctx, instanceId=str(each.id)):
                await self.health_report.remove(ctx, report)
            await self.service_instance.remove(ctx, each)


def _weight(body: models.RegisterInstanceRequest) -> int:
    return 100 if body.weight is None else body.weight
