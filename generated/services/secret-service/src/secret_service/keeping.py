"""Secrets are made, handed out, revoked and wiped."""

from __future__ import annotations

import math
from collections import Counter, deque
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.executor import Incoming
from cloudsync_chassis.ids import PLATFORM
from cloudsync_chassis.logs import logger
from cloudsync_chassis.model import project
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.problem import FORBIDDEN, NOT_FOUND, breaks_rule
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.security.principal import workload

from . import sealing
from .base import GONE, Base, closed, itself, opened, reader, spiffe_id
from .generated import models, port, problems
from .ports import IssuerError

_KINDS = models.SecretKind
_STATES = models.SecretVersionState
_ISSUED_OUTSIDE = (
    _KINDS.api_token,
    _KINDS.oauth_client_secret,
    _KINDS.tls_certificate,
    _KINDS.webhook_key,
)
_STRONG, _GUESSABLE = 128, 40
"""Bits of entropy that a value needs, and that one needs which somebody else has made."""

_LARGEST = 65_536 - 28
_GOOD_FOR = timedelta(minutes=30)
_MINUTE = timedelta(minutes=1)
_END_LEASES = Operation(id="end-leases-of-suspect", access="workload", writes=True)

log = logger("secrets")


class Keeping(Base):
    """What secrets go through but for their rotations."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        self._denied: dict[str, deque[datetime]] = {}
        self._noted: dict[tuple[UUID, str], datetime] = {}

    async def create_secret(
        self, ctx: Context, request: port.CreateSecret
    ) -> models.SecretMetadata:
        """Seal a value under a fresh data key; what a service makes for itself is open at once.

        A webhook's key is known to the customer, who would not hear of a new one: it is replaced by
        its owner and not by the clock.

        Raises:
            Problem: `path-taken`, `weak-secret`, `forbidden`, `rule-broken`, `invariant-broken`.
        """
        body = request.body
        own = ctx.principal.kind == "workload"
        if own and ctx.principal.subject != body.owner_service:
            raise FORBIDDEN("a service makes secrets of its own alone")
        for inside in self.homes(ctx):
            if await self.secret.find(inside, path=body.path) is not None:
                raise problems.PATH_TAKEN("a secret lies there")
        value = await self._first_value(ctx, body)
        key = sealing.new_key()
        fields = body.model_dump(by_alias=True, exclude_none=True)
        fields.pop("initialValue", None)
        fields |= {
            "wrappedKey": closed(await self.master.wrap(key)),
            "kmsKeyArn": self.master.arn,
            "currentVersionNumber": 1,
        }
        made = await self.secret.create(ctx, "create-secret", fields)
        sealed = await self.seal_value(made, 1, value)
        made = await self.secret.rewrite(ctx, made, {"ciphertext": sealed})
        await self._first_version(itself(ctx), made, sealed, await self.fingerprint(value))
        if own:
            made = await self._open(itself(ctx), made.id)
        return project(models.SecretMetadata, made)

    async def _first_value(self, ctx: Context, body: models.CreateSecretRequest) -> bytes:
        if body.initial_value is None:
            try:
                return await self.issuers.issue(body.kind, body.path, None)
            except IssuerError as error:
                raise breaks_rule(
                    "a value of this kind comes from outside", pointer="/initialValue"
                ) from error
        value = opened(body.initial_value, "/initialValue")
        if len(value) > _LARGEST:
            raise breaks_rule("longer than 64 KiB once sealed", pointer="/initialValue")
        enough = _GUESSABLE if body.kind in _ISSUED_OUTSIDE else _STRONG
        if _entropy(value) < enough:
            raise problems.WEAK_SECRET("it can be guessed")
        seen = await self.fingerprint(value)
        for inside in self.homes(ctx):
            if await self.secret_version.count(inside, fingerprint=seen):
                raise problems.WEAK_SECRET("it has been seen before")
        return value

    async def _first_version(
        self, ctx: Context, secret: models.Secret, sealed: str, fingerprint: str
    ) -> None:
        fields = {
            "secretId": secret.id,
            "number": 1,
            "fingerprint": fingerprint,
            "sealedValue": sealed,
        }
        first = await self.secret_version.create(ctx, "stage-secret-version", fields)
        await self.secret_version.transition(ctx, "promote-secret-version", first.id)

    async def _open(self, ctx: Context, key: UUID) -> models.Secret:
        found = await self.secret.transition(ctx, "activate-secret", key)
        return await self.unless_held_outside(ctx, found)

    async def unless_held_outside(self, ctx: Context, found: models.Secret) -> models.Secret:
        """The secret; the clock replaces none that a customer holds."""
        if found.kind is _KINDS.webhook_key and found.next_rotation_at is not None:
            found = await self.secret.rewrite(ctx, found, {"nextRotationAt": None})
        return found

    async def activate_secret(
        self, ctx: Context, request: port.ActivateSecret
    ) -> models.SecretMetadata:
        """Open a secret to its readers."""
        return project(models.SecretMetadata, await self._open(ctx, request.secret_id))

    async def get_secret(self, ctx: Context, request: port.GetSecret) -> models.SecretValue:
        """The value for a reader, who may keep it for half an hour, or for the overlap if that is
        shorter.

        Raises:
            Problem: `reader-not-allowed`, `secret-revoked`, `not-found`, `forbidden`.
        """
        service = reader(ctx)
        inside, secret = await self.at_path(ctx, request.body.path)
        if service not in {each.root for each in secret.reader_services}:
            await self._deny(ctx, service)
            raise problems.READER_NOT_ALLOWED("not among the readers")
        if secret.status in GONE:
            self.metrics.secret_denied_reads_total(caller=service, reason="revoked")
            raise problems.SECRET_REVOKED("nobody is given it any more")
        number = request.body.version_number or secret.current_version_number
        version = await self.secret_version.find(inside, secretId=str(secret.id), number=number)
        if secret.status is models.SecretStatus.pending or not _is_valid(version, ctx.now):
            raise NOT_FOUND("no such version")
        assert version is not None
        value = await self.open_value(secret, version)
        good = min(_GOOD_FOR, timedelta(minutes=secret.overlap_minutes))
        until = ctx.now + good
        if version.valid_until is not None:
            until = min(until, version.valid_until)
        self._note(inside, secret, service, good)
        return models.SecretValue(
            secret_id=secret.id,
            version_number=number,
            value=closed(value),
            fingerprint=version.fingerprint,
            usable_until=until,
        )

    def _note(self, ctx: Context, secret: models.Secret, service: str, good: timedelta) -> None:
        """Remember that a reader may hold a copy: written down for twice as long as it is good, so
        that not each read writes.
        """
        known = self._noted.get((secret.id, service))
        if known is not None and known - ctx.now >= good:
            return
        until = ctx.now + 2 * good
        self._noted[secret.id, service] = until

        async def write(inside: Context) -> None:
            here = inside.within(secret.organization_id)
            found = await self.held.find(here, secretId=str(secret.id), service=service)
            if found is None:
                fields = {"secretId": secret.id, "service": service, "until": until}
                await self.held.insert(here, fields)
            elif found.until < until:
                await self.held.rewrite(here, found, {"until": until})

        self.runtime.work.soon(ctx, "note-reader", write)

    async def _deny(self, ctx: Context, service: str) -> None:
        """Count a refused read; too many within a minute end all that the caller has borrowed."""
        self.metrics.secret_denied_reads_total(caller=service, reason="noReader")
        recent = self._denied.setdefault(service, deque(maxlen=self.settings.denied_reads_limit))
        recent.append(ctx.now)
        if len(recent) < self.settings.denied_reads_limit or ctx.now - recent[0] > _MINUTE:
            return
        recent.clear()
        log.error("caller_walks_through_paths", caller=service)
        # the refusal undoes the caller's transaction, so the leases end in one of their own
        await ctx.unit.close()
        homes = [each.tenant for each in self.homes(ctx)]

        async def end(own: Context) -> None:
            for home in homes:
                await self.end_leases(own.within(home), holderSpiffeId=spiffe_id(service))

        incoming = Incoming(principal=workload("secret-service", PLATFORM), trace=ctx.trace)
        await self.runtime.executor.run(_END_LEASES, incoming, end)
        await self.quarantine.confine(service, ctx.now)

    async def end_leases(self, ctx: Context, **filters: Any) -> None:
        """Call in what was lent, and drop the users that were made for it."""
        async for each in self.credential_lease.each(ctx, **filters):
            if each.revoked_at is not None:
                continue
            ended = await self.credential_lease.rewrite(ctx, each, {"revokedAt": ctx.now})
            await self.credential_lease.announce(ctx, "lease-revoked", ended, each)
            if each.dynamic_user is not None:
                await self.users.drop(each.dynamic_user)

    async def revoke_secret(
        self, ctx: Context, request: port.RevokeSecret
    ) -> models.SecretMetadata:
        """Stop handing it out, end its leases and what was staged for it."""
        gone = await self.secret.transition(ctx, "revoke-secret", request.secret_id)
        await self.withdraw(ctx, gone)
        return project(models.SecretMetadata, gone)

    async def withdraw(self, ctx: Context, secret: models.Secret) -> None:
        """What follows from a revocation. The current value is kept as evidence until it is wiped."""
        await self.end_leases(ctx, secretId=str(secret.id))
        async for each in self.versions(ctx, secret, _STATES.staged, _STATES.previous):
            await self.secret_version.transition(itself(ctx), "bury-secret-version", each.id)

    async def destroy_secret(
        self, ctx: Context, request: port.DestroySecret
    ) -> models.SecretMetadata:
        """Wipe value and key."""
        gone = await self.secret.transition(ctx, "destroy-secret", request.secret_id)
        await self._wipe(ctx, gone)
        return project(models.SecretMetadata, gone)

    async def _wipe(self, ctx: Context, secret: models.Secret) -> None:
        async for each in self.versions(ctx, secret):
            dead = {"state": _STATES.dead, "sealedValue": None}
            await self.secret_version.rewrite(ctx, each, dead)
        async for held in self.held.each(ctx, secretId=str(secret.id)):
            await self.held.remove(ctx, held)

    async def wipe_endpoint_key(self, ctx: Context, request: port.WipeEndpointKey) -> None:
        """Drop what a revoked key of a webhook endpoint said."""
        gone = await self.secret.transition(ctx, "wipe-endpoint-key", request.secret_id)
        await self._wipe(ctx, gone)

    async def wipe_due(self, ctx: Context) -> None:
        """Wipe the tenant's endpoint keys that were revoked a week ago."""
        week = timedelta(seconds=self.settings.cooling_off)
        async for each in self.secret.each(
            ctx,
            {"revokedAt": ctx.now - week},
            kind=_KINDS.webhook_key,
            status=models.SecretStatus.revoked,
        ):
            await self.wipe_endpoint_key(ctx, port.WipeEndpointKey(secret_id=each.id))


def _is_valid(version: models.SecretVersion | None, now: datetime) -> bool:
    """Whether a version is handed out: the current one, a staged one, and the previous one while
    it is accepted.
    """
    if version is None or version.state is _STATES.dead:
        return False
    if version.state is _STATES.previous:
        return version.valid_until is not None and version.valid_until > now
    return True


def _entropy(value: bytes) -> float:
    """Bits, by how often each byte occurs (Shannon): at most what is really in it."""
    counts = Counter(value).values()
    return -sum(each * math.log2(each / len(value)) for each in counts)
