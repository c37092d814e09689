"""What secret-service does beyond its model. This file is yours."""

from __future__ import annotations

from cloudsync_chassis.jobs.spec import Due
from cloudsync_chassis.runtime import Runtime

from .fields import Fields
from .generated import models
from .rotating import Rotating
from .snapshots import Snapshots

_STATUS = models.SecretStatus
_LEAST = 300.0
"""Seconds of the shortest loan."""


class Handlers(Rotating, Fields, Snapshots):
    """Secrets and their values, loans, rotations, sealed fields."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        every = runtime.work.every
        every(
            60.0,
            "begin-rotations",
            self.begin_rotations,
            Due(aggregate="secret", where={"status": _STATUS.active}, since="nextRotationAt"),
        )
        every(
            30.0,
            "drive-rotations",
            self.drive_rotations,
            Due(aggregate="secret", where={"status": _STATUS.rotating}),
        )
        previous = {"state": models.SecretVersionState.previous}
        every(
            60.0,
            "bury-versions",
            self.bury_versions,
            Due(aggregate="secret-version", where=previous, since="validUntil"),
        )
        every(
            60.0,
            "sweep-leases",
            self.sweep_leases,
            Due(aggregate="credential-lease", since="createdAt", after=_LEAST),
        )
        every(3600.0, "sweep-users", self.sweep_users)
        every(
            3600.0,
            "expire-endpoint-keys",
            self.expire_due,
            Due(aggregate="kept-disabled", since="due"),
        )
        revoked = {"kind": models.SecretKind.webhook_key, "status": _STATUS.revoked}
        every(
            3600.0,
            "wipe-endpoint-keys",
            self.wipe_due,
            Due(
                aggregate="secret",
                where=revoked,
                since="revokedAt",
                after=self.settings.cooling_off,
            ),
        )
        every(
            self.settings.snapshot_every,
            "write-snapshots",
            self.write_snapshot,
            Due(aggregate="secret"),
        )
        every(60.0, "measure-secrets", self.measure)
