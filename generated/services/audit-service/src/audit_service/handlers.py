"""What audit-service does beyond its model. This file is yours."""

from __future__ import annotations

from cloudsync_chassis.jobs.spec import Due
from cloudsync_chassis.runtime import Runtime

from .exporting import WRITE, Exporting
from .generated.models import AuditStatus, ExportStatus
from .holding import FREE, KEEPING, MARK, Holding
from .reading import Reading
from .retention import Retention
from .verifying import Verifying

_LONG = 600.0


class Handlers(Holding, Exporting, Reading, Retention, Verifying):
    """The trail: written down, sealed, verified, held, copied, and gone in the end."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        every = runtime.work.every
        day = "kept-day"
        every(
            60.0,
            "seal-hours",
            self.seal_due,
            Due(aggregate=day, since="unsealedSince"),
            timeout=_LONG,
        )
        every(60.0, "measure-unsealed-hours", self.measure_unsealed)
        holds = Due(aggregate="legal-hold", where={"status": KEEPING})
        every(60.0, MARK, self.mark_held, holds, timeout=_LONG)
        held = Due(aggregate="audit-record", where={"status": AuditStatus.held})
        every(3600.0, FREE, self.free_held, held, timeout=_LONG)
        running = Due(aggregate="audit-export", where={"status": ExportStatus.running})
        every(10.0, WRITE, self.write_exports, running, timeout=_LONG)
        every(3600.0, "sweep-exports", self.sweep_exports)
        due = Due(aggregate=day, since="addressesDue")
        every(3600.0, "cut-addresses", self.cut_addresses, due, timeout=_LONG)
        due = Due(aggregate=day, since="archiveDue")
        every(3600.0, "archive-days", self.archive_due, due, timeout=_LONG)
        due = Due(aggregate=day, since="expiryDue")
        every(3600.0, "expire-days", self.expire_due, due, timeout=_LONG)
        every(86400.0, "sweep-archive", self.sweep_archive)
