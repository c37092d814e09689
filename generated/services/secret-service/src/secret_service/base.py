"""What all handlers of secret-service share: where secrets lie, how values are sealed."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import UUID

from cloudsync_chassis import files, traced
from cloudsync_chassis.context import Context
from cloudsync_chassis.ids import PLATFORM
from cloudsync_chassis.problem import FORBIDDEN, NOT_FOUND, not_valid
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.security.principal import workload

from . import memory, ports, sealing
from .generated import models, problems
from .generated.defaults import Defaults
from .generated.settings import ServiceSettings

GONE = (models.SecretStatus.revoked, models.SecretStatus.destroyed)

_SPIFFE = "spiffe://cloudsync.internal/ns/production/sa/"


class Base(Defaults):
    """The base of all mixins.

    The policy `pol18-two-person-secrets` compares the caller with an approver that no request
    names; the model's own requirements compare both people, so to the policy there is none.
    """

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        assert isinstance(runtime.settings, ServiceSettings)
        self.settings = runtime.settings
        self.held = runtime.aggregate(memory.HELD)
        self.disabled = runtime.aggregate(memory.DISABLED)
        state = runtime.settings.state_path
        self.master: sealing.MasterKeys = sealing.LocalMaster(state("keys", "secret-master.key"))
        self._fingerprints = state("keys", "secret-fingerprint.key")
        self.issuers: ports.Issuers = ports.Drawn()
        self.users: ports.Users = ports.UserFiles(state("secret-service", "users"))
        self.pods: ports.Pods = ports.PodsByName()
        self.quarantine: ports.Quarantine = ports.QuarantineFile(
            state("secret-service", "quarantine.txt")
        )
        self.backups: ports.Backups = traced.calls(
            ports.FolderBackups(state("buckets", "secret-backups")), "object-storage"
        )
        runtime.policies.supply("approverId", lambda ctx: "")

    def homes(self, ctx: Context) -> list[Context]:
        """Where the caller's secrets may lie: a service's are the platform's, then those of the
        tenant that it acts for; a person's are those of their organisation.
        """
        if ctx.principal.kind == "user":
            return [ctx]
        own = [] if ctx.principal.organization_id in (None, PLATFORM) else [ctx]
        return [ctx.within(PLATFORM), *own]

    async def at_path(self, ctx: Context, path: str) -> tuple[Context, models.Secret]:
        """The secret at a path, and where it lies.

        Raises:
            Problem: `not-found`.
        """
        for inside in self.homes(ctx):
            found = await self.secret.find(inside, path=path)
            if found is not None:
                return inside, found
        raise NOT_FOUND("no such secret")

    async def by_id(self, ctx: Context, key: UUID) -> tuple[Context, models.Secret]:
        """A secret by its id, and where it lies.

        Raises:
            Problem: `not-found`.
        """
        for inside in self.homes(ctx):
            found = await self.secret.find(inside, id=key)
            if found is not None:
                return inside, found
        raise NOT_FOUND("no such secret")

    async def seal_value(self, secret: models.Secret, number: int, value: bytes) -> str:
        """A value of a secret under its data key, in base64."""
        key = await self.master.unwrap(opened(secret.wrapped_key or ""))
        return closed(sealing.seal(key, value, bound(secret.organization_id, secret.path, number)))

    async def open_value(self, secret: models.Secret, version: models.SecretVersion) -> bytes:
        """What a version says.

        Raises:
            Problem: `secret-revoked`: nothing, for it is gone.
        """
        if secret.wrapped_key is None or version.sealed_value is None:
            raise problems.SECRET_REVOKED("the value is gone")
        key = await self.master.unwrap(opened(secret.wrapped_key))
        context = bound(secret.organization_id, secret.path, version.number)
        return sealing.unseal(key, opened(version.sealed_value), context)

    async def fingerprint(self, value: bytes) -> str:
        """The keyed digest of a value."""
        key = await asyncio.to_thread(files.secret_bytes, self._fingerprints)
        return sealing.fingerprint(key, value)

    async def versions(
        self, ctx: Context, secret: models.Secret, *states: models.SecretVersionState
    ) -> AsyncIterator[models.SecretVersion]:
        """Versions of a secret in some states; in any, if none are named."""
        wanted = {"state": states} if states else {}
        async for each in self.secret_version.each(ctx, secretId=str(secret.id), **wanted):
            yield each

    async def version_in(
        self, ctx: Context, secret: models.Secret, state: models.SecretVersionState
    ) -> models.SecretVersion | None:
        """The version of a secret that is in a state."""
        async for each in self.versions(ctx, secret, state):
            return each
        return None

    async def latest_run(self, ctx: Context, secret: models.Secret) -> models.RotationRun | None:
        """The last attempt at a new version."""
        found = None
        async for each in self.rotation_run.each(ctx, secretId=str(secret.id)):
            found = each
        return found


def reader(ctx: Context) -> str:
    """The service that calls; no person is given a value or says that others have it.

    Raises:
        Problem: `forbidden`.
    """
    if ctx.principal.kind != "workload":
        raise FORBIDDEN("this is for workloads")
    return ctx.principal.subject


def itself(ctx: Context) -> Context:
    """The same operation by the service itself, of whatever version is there."""
    return replace(ctx, principal=workload("secret-service", ctx.tenant), if_match=None)


def spiffe_id(service: str) -> str:
    """The identity that all pods of a service share."""
    return _SPIFFE + service


def bound(organization: UUID, path: str, number: int) -> str:
    """What a sealed value is bound to."""
    return f"{organization}/{path}/{number}"


def closed(content: bytes) -> str:
    """Base64 (RFC 4648 §4)."""
    return base64.b64encode(content).decode()


def opened(text: str, pointer: str = "") -> bytes:
    """Bytes of base64.

    Raises:
        Problem: `validation-failed`: it is none.
    """
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise not_valid("not base64", pointer=pointer) from error
