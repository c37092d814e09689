"""Credentials are lent to pods."""

from __future__ import annotations

import re
import secrets
from datetime import datetime, timedelta
from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.problem import CONDITION_NOT_MET, NOT_FOUND
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.store import idempotency
from cloudsync_chassis.store.query import ListQuery, PageRequest

from .base import GONE, closed, reader, spiffe_id
from .generated import models, port, problems
from .keeping import Keeping

_LONGEST_NAME = 48


class Lending(Keeping):
    """Leases."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        self._left: set[str] = set()

    async def lease_credential(
        self, ctx: Context, request: port.LeaseCredential
    ) -> models.LeasedCredential:
        """Lend a credential; of a database one that is made for the loan.

        The answer is not kept for its idempotency key: it holds a value.

        Raises:
            Problem: `reader-not-allowed`, `secret-revoked`, `pod-mismatch`, `lease-limit`,
                `not-found`, `forbidden`; `condition-not-met`: it is not open yet.
        """
        service, body = reader(ctx), request.body
        if ctx.idempotency_key is not None:
            ctx.unit.before_commit(lambda: idempotency.forget_answer(ctx))
        inside, secret = await self.at_path(ctx, body.path)
        if service not in {each.root for each in secret.reader_services}:
            raise problems.READER_NOT_ALLOWED("not among the readers")
        if secret.status in GONE:
            raise problems.SECRET_REVOKED("nobody is given it any more")
        if secret.status is models.SecretStatus.pending:
            raise CONDITION_NOT_MET("it is not open to its readers yet")
        told = ctx.principal.attributes.get("pod", body.holder_pod)
        fits = await self.pods.fits(service, body.holder_pod, ctx.source_ip)
        if told != body.holder_pod or not fits:
            raise problems.POD_MISMATCH("the call comes from elsewhere")
        await self._check_limit(ctx, service, body.holder_pod)
        return await self._lend(inside, secret, service, body)

    async def _check_limit(self, ctx: Context, service: str, pod: str) -> None:
        open_leases = 0
        for inside in self.homes(ctx):
            async for each in self.credential_lease.each(
                inside, holderPod=pod, holderSpiffeId=spiffe_id(service)
            ):
                open_leases += _is_open(each, ctx.now)
        if open_leases >= self.settings.leases_per_pod:
            raise problems.LEASE_LIMIT(f"{open_leases} are open")

    async def _lend(
        self,
        ctx: Context,
        secret: models.Secret,
        service: str,
        body: models.LeaseCredentialRequest,
    ) -> models.LeasedCredential:
        user: str | None = None
        if secret.kind is models.SecretKind.database_credential:
            user, password = _user(service), secrets.token_urlsafe(32)
            await self.users.create(secret.path, user, password)
            value = password.encode()
        else:
            version = await self.version_in(ctx, secret, models.SecretVersionState.current)
            if version is None:
                raise NOT_FOUND("no current version")
            value = await self.open_value(secret, version)
        fields = {
            "secretId": secret.id,
            "holderSpiffeId": spiffe_id(service),
            "holderPod": body.holder_pod,
            "ttlSeconds": body.ttl_seconds,
            "dynamicUser": user,
            "renewedAt": ctx.now,
        }
        lease = await self.credential_lease.insert(ctx, fields)
        return models.LeasedCredential(
            credential_lease_id=lease.id,
            dynamic_user=user,
            value=closed(value),
            usable_until=_until(lease),
        )

    async def _home_of(self, ctx: Context, key: UUID) -> Context:
        """Where a lease lies."""
        for inside in self.homes(ctx):
            if await self.credential_lease.find(inside, id=key) is not None:
                return inside
        return ctx

    async def renew_lease(self, ctx: Context, request: port.RenewLease) -> models.CredentialLease:
        """Start a loan's clock again, unless it has run out.

        Raises:
            Problem: `not-found`, `not-the-holder`, `lease-revoked`, `lease-exhausted`.
        """
        inside = await self._home_of(ctx, request.credential_lease_id)
        known = await self.credential_lease.find(inside, id=request.credential_lease_id)
        if known is not None and known.revoked_at is None and _until(known) <= ctx.now:
            raise NOT_FOUND("the loan is over")
        return await super().renew_lease(inside, request)

    async def revoke_lease(self, ctx: Context, request: port.RevokeLease) -> models.CredentialLease:
        """End a loan before its time."""
        inside = await self._home_of(ctx, request.credential_lease_id)
        ended = await super().revoke_lease(inside, request)
        if ended.dynamic_user is not None:
            await self.users.drop(ended.dynamic_user)
        return ended

    async def sweep_leases(self, ctx: Context) -> None:
        """Forget the tenant's loans whose time is over, and drop their users."""
        async for each in self.credential_lease.each(ctx):
            if _is_open(each, ctx.now):
                continue
            if each.dynamic_user is not None:
                await self.users.drop(each.dynamic_user)
            await self.credential_lease.remove(ctx, each)

    async def sweep_users(self, ctx: Context) -> None:
        """Drop users that no loan of any tenant names: of leases that were undone after their user
        was made. One that this replica finds for the first time may be of a lease that is being
        written, and is left until the next round.
        """
        left = {name for name in await self.users.names() if not await self._is_lent(ctx, name)}
        for name in sorted(left & self._left):
            await self.users.drop(name)
        self._left = left

    async def _is_lent(self, ctx: Context, user: str) -> bool:
        query = ListQuery(PageRequest(limit=1), {"dynamicUser": user})
        return bool(await self.credential_lease.repository.tenants(ctx, query, None))

    async def revoke_instance_leases(
        self, ctx: Context, request: port.RevokeInstanceLeases
    ) -> None:
        """End what a pod had borrowed, and nothing of its siblings."""
        gone = request.body
        for inside in self.homes(ctx):
            await self.end_leases(inside, holderPod=gone.pod_name, holderSpiffeId=gone.spiffe_id)

    async def on_instance_deregistered(
        self, ctx: Context, event: Received[models.InstanceDeregistered]
    ) -> None:
        """What the instance had borrowed is called in."""
        await self.revoke_instance_leases(ctx, port.RevokeInstanceLeases(body=event.data))


def _until(lease: models.CredentialLease) -> datetime:
    """The end of a loan: its length from the last renewal."""
    return lease.renewed_at + timedelta(seconds=lease.ttl_seconds)


def _is_open(lease: models.CredentialLease, now: datetime) -> bool:
    return lease.revoked_at is None and _until(lease) > now


def _user(service: str) -> str:
    """A name for a user of one lease: service and chance."""
    name = re.sub("[^a-z0-9]", "_", service)[:_LONGEST_NAME]
    return f"{name}_{secrets.token_hex(6)}"
