"""Fields are sealed and opened for services that store them; keys go with their tenant."""

from __future__ import annotations

import time
from datetime import timedelta
from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.ids import PLATFORM
from cloudsync_chassis.problem import breaks_rule
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.security.access import require_own
from cloudsync_chassis.store.repository import UniqueViolationError

from . import sealing
from .base import closed, opened, reader
from .generated import models, port, problems
from .keeping import Keeping

_IN_MEMORY = 600.0
"""Seconds that an unwrapped key stays in memory."""

_LARGEST = 4096
_WEEK = timedelta(days=7)
_LIVING = (
    models.SecretStatus.active,
    models.SecretStatus.rotating,
    models.SecretStatus.rotation_failed,
)


class Fields(Keeping):
    """Data keys of tenants, and keys of webhook endpoints."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        self._unwrapped: dict[UUID, tuple[bytes, float]] = {}
        self._spent: dict[str, tuple[int, int]] = {}

    async def encrypt_fields(
        self, ctx: Context, request: port.EncryptFields
    ) -> models.SealedFields:
        """Seal values for a tenant and a purpose; the first one makes the key.

        Raises:
            Problem: `key-retired`, `value-rate`, `forbidden`, `rule-broken`.
        """
        caller, body = reader(ctx), request.body
        require_own(ctx.principal, body.tenant_id)
        values = [opened(each.root, f"/values/{place}") for place, each in enumerate(body.values)]
        for place, each in enumerate(values):
            if len(each) > _LARGEST:
                raise breaks_rule("longer than 4 KiB", pointer=f"/values/{place}")
        self._spend(caller, len(values))
        inside = ctx.within(PLATFORM)
        key = await self._newest(inside, body.tenant_id, body.purpose)
        if key is None:
            key = await self._make(inside, body.tenant_id, body.purpose)
        material = await self._material(key)
        context = _context(body.tenant_id, body.purpose, key.key_version)
        self._count(caller, body.purpose, "seal", len(values))
        items = [
            models.SealedField(
                key_version=key.key_version, sealed=closed(sealing.seal(material, each, context))
            )
            for each in values
        ]
        return models.SealedFields(items=items)

    async def decrypt_fields(
        self, ctx: Context, request: port.DecryptFields
    ) -> models.OpenedFields:
        """Open values.

        Raises:
            Problem: `key-retired`, `purpose-mismatch`, `value-rate`, `forbidden`.
        """
        caller, body = reader(ctx), request.body
        require_own(ctx.principal, body.tenant_id)
        self._spend(caller, len(body.items))
        inside, found = ctx.within(PLATFORM), []
        for place, each in enumerate(body.items):
            key = await self.data_key.find(
                inside,
                tenantId=str(body.tenant_id),
                purpose=body.purpose,
                keyVersion=each.key_version,
            )
            if key is None:
                raise problems.PURPOSE_MISMATCH("there is no such key")
            material = await self._material(key)
            context = _context(body.tenant_id, body.purpose, each.key_version)
            try:
                value = sealing.unseal(material, opened(each.sealed, f"/items/{place}"), context)
            except sealing.BrokenSealError as error:
                raise problems.PURPOSE_MISMATCH("it was sealed for something else") from error
            found.append(models.OpenedFieldsValuesItem(closed(value)))
        self._count(caller, body.purpose, "open", len(found))
        return models.OpenedFields(values=found)

    def _spend(self, caller: str, count: int) -> None:
        """Take values from what a caller may have of this replica within a second."""
        second = int(time.monotonic())
        began, spent = self._spent.get(caller, (second, 0))
        spent = count + (spent if began == second else 0)
        if spent > self.settings.values_per_second:
            raise problems.VALUE_RATE("wait for the next second")
        self._spent[caller] = second, spent

    def _count(
        self, caller: str, purpose: models.DataKeyPurpose, operation: str, count: int
    ) -> None:
        self.metrics.data_key_operations_total(
            count, caller=caller, purpose=purpose.value, operation=operation
        )

    async def _newest(
        self, ctx: Context, tenant: UUID, purpose: models.DataKeyPurpose
    ) -> models.DataKey | None:
        found = None
        async for each in self.data_key.each(ctx, tenantId=str(tenant), purpose=purpose):
            if found is None or each.key_version > found.key_version:
                found = each
        return found

    async def _make(
        self, ctx: Context, tenant: UUID, purpose: models.DataKeyPurpose
    ) -> models.DataKey:
        fields = {
            "tenantId": tenant,
            "purpose": purpose,
            "keyVersion": 1,
            "wrappedKey": closed(await self.master.wrap(sealing.new_key())),
        }
        try:
            return await self.data_key.insert(ctx, fields)
        except UniqueViolationError:
            found = await self._newest(ctx, tenant, purpose)
            if found is None:
                raise
            return found

    async def _material(self, key: models.DataKey) -> bytes:
        """The key itself.

        Raises:
            Problem: `key-retired`.
        """
        if key.wrapped_key is None:
            raise problems.KEY_RETIRED("what it sealed is noise")
        now = time.monotonic()
        known = self._unwrapped.get(key.id)
        if known is not None and known[1] > now:
            return known[0]
        for each in [name for name, (_, until) in self._unwrapped.items() if until <= now]:
            del self._unwrapped[each]
        material = await self.master.unwrap(opened(key.wrapped_key))
        self._unwrapped[key.id] = material, now + _IN_MEMORY
        return material

    async def retire_data_keys(self, ctx: Context, request: port.RetireDataKeys) -> None:
        """Destroy a tenant's keys, and revoke those of its webhook endpoints."""
        tenant = request.body.organization_id
        platform = ctx.within(PLATFORM)
        async for key in self.data_key.each(platform, tenantId=str(tenant)):
            if key.retired_at is None:
                gone = {"retiredAt": ctx.now, "wrappedKey": None}
                await self.data_key.rewrite(platform, key, gone)
            self._unwrapped.pop(key.id, None)
        inside = ctx.within(tenant)
        async for secret in self.secret.each(
            inside, kind=models.SecretKind.webhook_key, status=_LIVING
        ):
            await self._expire(inside, secret)

    async def on_organization_purged(
        self, ctx: Context, event: Received[models.OrganizationPurged]
    ) -> None:
        """The tenant's data keys are destroyed, and its endpoints' keys revoked."""
        await self.retire_data_keys(ctx, port.RetireDataKeys(body=event.data))

    async def expire_endpoint_key(self, ctx: Context, request: port.ExpireEndpointKey) -> None:
        """Note that an endpoint is disabled; its key goes in a week, unless it is used meanwhile."""
        endpoint = request.body.endpoint_id
        if await self.disabled.find(ctx, endpointId=str(endpoint)) is None:
            at = ctx.cause.time if ctx.cause is not None else ctx.now
            fields = {"endpointId": endpoint, "since": at, "due": at + _WEEK}
            await self.disabled.insert(ctx, fields)

    async def on_webhook_disabled(
        self, ctx: Context, event: Received[models.WebhookDisabled]
    ) -> None:
        """The endpoint's key is revoked after a week without repair."""
        await self.expire_endpoint_key(ctx, port.ExpireEndpointKey(body=event.data))

    async def expire_due(self, ctx: Context) -> None:
        """Revoke the tenant's keys of endpoints that have been disabled for a week.

        Whoever was given a key since has repaired its endpoint: nothing else signs.
        """
        async for each in self.disabled.each(ctx, {"due": ctx.now}):
            secret = await self.secret.find(ctx, path=f"webhooks/{each.endpoint_id}")
            if secret is not None and secret.status in _LIVING:
                used = [held async for held in self.held.each(ctx, secretId=str(secret.id))]
                if not any(held.updated_at > each.since for held in used):
                    await self._expire(ctx, secret)
            await self.disabled.remove(ctx, each)

    async def _expire(self, ctx: Context, secret: models.Secret) -> None:
        fields = {"revokedAt": ctx.now}
        gone = await self.secret.transition(ctx, "expire-endpoint-key", secret.id, fields)
        await self.withdraw(ctx, gone)


def _context(tenant: UUID, purpose: models.DataKeyPurpose, version: int) -> str:
    """What a sealed field is bound to."""
    return f"{tenant}/{purpose.value}/{version}"
