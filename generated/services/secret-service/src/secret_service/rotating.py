"""New values, once a day: staged, proven by their readers, confirmed, and the old one buried."""

from __future__ import annotations

import hmac
from datetime import datetime, timedelta
from typing import Any

from cloudsync_chassis.context import Context
from cloudsync_chassis.logs import logger
from cloudsync_chassis.model import project
from cloudsync_chassis.problem import NOT_FOUND, breaks_rule

from .base import itself, reader
from .generated import models, port, problems
from .lending import Lending
from .ports import IssuerError
from .sealing import BrokenSealError

_STATES = models.SecretVersionState
_STEPS = models.RotationStep
_KINDS = models.SecretKind
_STRATEGIES = {
    _KINDS.database_credential: models.RotationStrategy.dual_user,
    _KINDS.signing_key: models.RotationStrategy.dual_key,
    _KINDS.encryption_key: models.RotationStrategy.dual_key,
    _KINDS.webhook_key: models.RotationStrategy.dual_key,
}
_TRY = timedelta(minutes=15)
"""What one try of a step is given: three fit between the 23rd hour and the end of the day."""

_LATEST = timedelta(hours=23)
_LONGEST_OVERLAP = timedelta(minutes=120)

log = logger("rotations")


class Rotating(Lending):
    """Rotations, by hand and by the clock."""

    async def rotate_secret(
        self, ctx: Context, request: port.RotateSecret
    ) -> models.SecretMetadata:
        """Begin a rotation, write its run down and stage a new value.

        Raises:
            Problem: `cause-missing`, `not-found`, `illegal-transition`, `forbidden`.
        """
        inside, _ = await self.by_id(ctx, request.secret_id)
        rotating = await self.secret.transition(
            inside, "rotate-secret", request.secret_id, request.body
        )
        fields = {
            "secretId": rotating.id,
            "strategy": request.body.strategy,
            "targetVersionNumber": await self._next_number(inside, rotating),
            "startedAt": ctx.now,
        }
        run = await self.rotation_run.insert(inside, fields)
        await self._stage(inside, rotating, run)
        return project(models.SecretMetadata, rotating)

    async def _next_number(self, ctx: Context, secret: models.Secret) -> int:
        """Numbers have no gaps: one whose value could not be staged is used again."""
        numbers = [each.number async for each in self.versions(ctx, secret)]
        return max(numbers, default=secret.current_version_number) + 1

    async def _stage(self, ctx: Context, secret: models.Secret, run: models.RotationRun) -> None:
        """Have a new value made and lay it beside the current one; or note why that failed."""
        number = run.target_version_number
        try:
            value = await self.issuers.issue(secret.kind, secret.path, run.strategy)
            sealed = await self.seal_value(secret, number, value)
        except IssuerError as error:
            await self._advance(ctx, run, step=_STEPS.stage, problem=error.code)
            return
        except BrokenSealError:
            await self._advance(ctx, run, step=_STEPS.stage, problem="key-not-unwrapped")
            return
        fields = {
            "secretId": secret.id,
            "number": number,
            "fingerprint": await self.fingerprint(value),
            "sealedValue": sealed,
        }
        await self.secret_version.create(itself(ctx), "stage-secret-version", fields)
        await self._advance(ctx, run, step=_STEPS.distribute, attempts=1)

    async def _advance(
        self, ctx: Context, run: models.RotationRun, **fields: Any
    ) -> models.RotationRun:
        return await self.rotation_run.update(itself(ctx), "advance-rotation-run", run.id, fields)

    async def verify_secret_version(
        self, ctx: Context, request: port.VerifySecretVersion
    ) -> models.RotationRun:
        """Note a reader's proof; with the last one the new version takes over.

        Raises:
            Problem: `reader-not-allowed`, `no-rotation-open`, `fingerprint-mismatch`, `not-found`,
                `forbidden`.
        """
        service, body = reader(ctx), request.body
        inside, secret = await self.by_id(ctx, body.secret_id)
        if service not in {each.root for each in secret.reader_services}:
            raise problems.READER_NOT_ALLOWED("not among the readers")
        run = await self.latest_run(inside, secret)
        staged = await self.version_in(inside, secret, _STATES.staged)
        if secret.status is not models.SecretStatus.rotating or run is None or staged is None:
            raise problems.NO_ROTATION_OPEN("there is nothing to prove")
        same = hmac.compare_digest(staged.fingerprint, body.fingerprint)
        if body.version_number != staged.number or not same:
            raise problems.FINGERPRINT_MISMATCH("it is to be fetched again")
        proven = sorted({service, *(each.root for each in run.verified_readers)})
        run = await self._advance(inside, run, step=_STEPS.verify, verifiedReaders=proven)
        if len(proven) == len(secret.reader_services):
            await self._confirm(itself(inside), secret, run, staged)
        found = await self.rotation_run.find(inside, id=run.id)
        return found or run

    async def _missing(
        self, ctx: Context, secret: models.Secret, run: models.RotationRun
    ) -> list[str]:
        """Readers that may hold the secret in their memory and have not proven the new version.

        Whose copy has run out fetches the value that is current then.
        """
        proven = {each.root for each in run.verified_readers}
        holding = {
            each.service
            async for each in self.held.each(ctx, secretId=str(secret.id))
            if each.until > ctx.now
        }
        return sorted(({each.root for each in secret.reader_services} & holding) - proven)

    async def confirm_rotation(
        self, ctx: Context, request: port.ConfirmRotation
    ) -> models.SecretMetadata:
        """Make the staged version current, on a rotator's word.

        Raises:
            Problem: `fingerprint-mismatch`, `readers-missing`, `not-found`, `illegal-transition`,
                `forbidden`, `rule-broken`, `invariant-broken`.
        """
        reader(ctx)
        body = request.body
        inside, secret = await self.by_id(ctx, body.secret_id)
        done = secret.current_version_number == body.current_version_number
        if secret.status is models.SecretStatus.active and done:
            return project(models.SecretMetadata, secret)
        run = await self.latest_run(inside, secret)
        staged = await self.version_in(inside, secret, _STATES.staged)
        if secret.status is not models.SecretStatus.rotating or staged is None:
            moved = await self.secret.transition(inside, "confirm-rotation", secret.id)
            return project(models.SecretMetadata, moved)
        if run is None or run.id != body.rotation_run_id:
            raise NOT_FOUND("no such run of the secret")
        same = hmac.compare_digest(staged.fingerprint, body.fingerprint)
        if body.current_version_number != staged.number or not same:
            raise problems.FINGERPRINT_MISMATCH("it is not what was staged")
        missing = await self._missing(inside, secret, run)
        if missing:
            raise problems.READERS_MISSING(", ".join(missing))
        if not ctx.now <= body.previous_valid_until <= ctx.now + _LONGEST_OVERLAP:
            raise breaks_rule("an overlap of at most two hours", pointer="/previousValidUntil")
        times = (body.previous_valid_until, body.next_rotation_at)
        found = await self._confirm(inside, secret, run, staged, times)
        return project(models.SecretMetadata, found)

    async def _confirm(
        self,
        ctx: Context,
        secret: models.Secret,
        run: models.RotationRun,
        staged: models.SecretVersion,
        times: tuple[datetime, datetime] | None = None,
    ) -> models.Secret:
        """Exchange the versions; `times`: end of the overlap and the next rotation."""
        if times is None:
            interval = timedelta(hours=secret.rotation_interval_hours)
            overlap = timedelta(minutes=secret.overlap_minutes)
            times = ctx.now + overlap, ctx.now + min(interval, _LATEST)
        own = itself(ctx)
        async for old in self.versions(ctx, secret, _STATES.previous):
            await self.secret_version.transition(own, "bury-secret-version", old.id)
        async for old in self.versions(ctx, secret, _STATES.current):
            told = {"validUntil": times[0]}
            await self.secret_version.transition(own, "supersede-secret-version", old.id, told)
        await self.secret_version.transition(own, "promote-secret-version", staged.id)
        fields = {
            "currentVersionNumber": staged.number,
            "ciphertext": staged.sealed_value,
            "lastRotatedAt": ctx.now,
            "nextRotationAt": times[1],
            "failedRotations": 0,
            "previousValidUntil": times[0],
        }
        found = await self.secret.transition(ctx, "confirm-rotation", secret.id, fields)
        found = await self.unless_held_outside(itself(ctx), found)
        await self._advance(ctx, run, step=_STEPS.retire)
        self.metrics.secret_rotations_total(kind=secret.kind.value, result="rotated")
        return found

    async def fail_rotation(
        self, ctx: Context, request: port.FailRotation
    ) -> models.SecretMetadata:
        """End a rotation, and bury what was staged; the old version stays where it was."""
        failed = await self.secret.transition(ctx, "fail-rotation", request.secret_id, request.body)
        async for each in self.versions(ctx, failed, _STATES.staged):
            await self.secret_version.transition(itself(ctx), "bury-secret-version", each.id)
        run = await self.rotation_run.find(ctx, id=request.body.rotation_run_id)
        if run is not None:
            await self._advance(ctx, run, step=request.body.step, problem=request.body.problem)
        self.metrics.secret_rotations_total(kind=failed.kind.value, result="failed")
        log.error("rotation_failed", secret=failed.id, step=request.body.step.value)
        return project(models.SecretMetadata, failed)

    async def get_rotation_status(
        self, ctx: Context, request: port.GetRotationStatus
    ) -> models.RotationRun:
        """The latest run.

        Raises:
            Problem: `not-found`.
        """
        inside, secret = await self.by_id(ctx, request.body.secret_id)
        found = await self.latest_run(inside, secret)
        if found is None:
            raise NOT_FOUND("it has not been rotated yet")
        return found

    async def begin_rotations(self, ctx: Context) -> None:
        """Rotate the tenant's secrets that are due."""
        if self.settings.rotation_paused:
            return
        async for each in self.secret.each(
            ctx, {"nextRotationAt": ctx.now}, status=models.SecretStatus.active
        ):
            strategy = _STRATEGIES.get(each.kind, models.RotationStrategy.reissue)
            body = models.RotateSecretRequest(strategy=strategy)
            await self.rotate_secret(ctx, port.RotateSecret(secret_id=each.id, body=body))

    async def drive_rotations(self, ctx: Context) -> None:
        """Take the tenant's runs a step further, or give them up."""
        async for each in self.secret.each(ctx, status=models.SecretStatus.rotating):
            run = await self.latest_run(ctx, each)
            if run is not None:
                await self._drive(ctx, each, run)

    async def _drive(self, ctx: Context, secret: models.Secret, run: models.RotationRun) -> None:
        staged = await self.version_in(ctx, secret, _STATES.staged)
        if staged is not None and not await self._missing(ctx, secret, run):
            await self._confirm(ctx, secret, run, staged)
        elif ctx.now - run.updated_at >= _TRY:
            if run.attempts >= self.settings.step_attempts:
                await self._give_up(ctx, secret, run, staged is not None)
            else:
                run = await self._advance(ctx, run, step=run.step, attempts=run.attempts + 1)
                if staged is None:
                    await self._stage(ctx, secret, run)

    async def _give_up(
        self, ctx: Context, secret: models.Secret, run: models.RotationRun, staged: bool
    ) -> None:
        why = "readers-missing" if staged else run.problem or "not-issued"
        body = models.FailRotationRequest(
            rotation_run_id=run.id,
            step=_STEPS.verify if staged else _STEPS.stage,
            failed_rotations=min(10, secret.failed_rotations + 1),
            problem=why,
        )
        await self.fail_rotation(ctx, port.FailRotation(secret_id=secret.id, body=body))

    async def bury_versions(self, ctx: Context) -> None:
        """Drop values of the tenant's versions whose overlap is over, which ends their runs."""
        async for each in self.secret_version.each(
            ctx, {"validUntil": ctx.now}, state=_STATES.previous
        ):
            await self.secret_version.transition(ctx, "bury-secret-version", each.id)
            secret = await self.secret.find(ctx, id=each.secret_id)
            run = await self.latest_run(ctx, secret) if secret else None
            if run is not None and run.step is _STEPS.retire:
                await self._advance(ctx, run, step=_STEPS.finished)
