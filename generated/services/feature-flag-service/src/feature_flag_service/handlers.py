"""What feature-flag-service does beyond its model. This file is yours."""

from __future__ import annotations

from cloudsync_chassis.jobs.spec import Due
from cloudsync_chassis.runtime import Runtime

from .experimenting import Experimenting
from .generated import models
from .managing import Managing
from .serving import Serving


class Handlers(Managing, Experimenting, Serving):
    """Flags and their end, exceptions and entitlements, experiments, decisions."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        work = runtime.work
        scheduled = {"status": models.FlagStatus.scheduled}
        work.every(
            5.0,
            "activate-scheduled-flags",
            self.activate_due,
            Due(aggregate="feature-flag", where=scheduled, since="startsAt"),
        )
        work.every(
            3600.0,
            "drop-expired-overrides",
            self.drop_expired,
            Due(aggregate="flag-override", since="expiresAt"),
        )
        work.every(3600.0, "count-stale-flags", self.count_stale)
