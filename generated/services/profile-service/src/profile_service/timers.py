"""What happens by the clock: messages end, and what has had its time goes."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.jobs.spec import Due, Job
from cloudsync_chassis.runtime import Runtime

from .accounts import Accounts
from .directory import Directory
from .fields import Fields
from .generated import models, operations, port
from .selves import Selves

_HOUR = 3600.0
_TOMBSTONES_KEPT = timedelta(days=30)
_ERASED = models.ProfileStatus.erased


class Timers(Selves, Directory, Fields, Accounts):
    """The jobs of the service's own."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        lapsed = Due(
            aggregate=self.exports.spec.name,
            since="createdAt",
            after=self.settings.export_link_lifetime,
        )
        buried = Due(
            aggregate="profile",
            where={"status": _ERASED.value},
            since="erasedAt",
            after=_TOMBSTONES_KEPT.total_seconds(),
        )
        runtime.work.add((self._expiring(),))
        runtime.work.every(_HOUR, "drop-lapsed-archives", self._drop_archives, lapsed)
        runtime.work.every(_HOUR, "drop-tombstones", self._drop_tombstones, buried)

    def _expiring(self) -> Job:
        """Status messages: how often, a setting says, which a schedule in the model could not."""

        async def expire(ctx: Context, user_id: UUID) -> None:
            await self.expire_status_message(ctx, port.ExpireStatusMessage(user_id=user_id))

        return Job(
            operation=operations.EXPIRE_STATUS_MESSAGE,
            every=self.settings.status_sweep_interval,
            per="entity",
            due=Due(aggregate="profile", since="statusMessage.clearAt"),
            call=expire,
        )

    async def _drop_archives(self, ctx: Context) -> None:
        """Destroy archives whose link works no more."""
        late = ctx.now - timedelta(seconds=self.settings.export_link_lifetime)
        async for each in self.exports.each(ctx, {"createdAt": late}):
            await self.exports.remove(ctx, each)
            self.forget(ctx, each.id)

    async def _drop_tombstones(self, ctx: Context) -> None:
        """Erased profiles go with their preferences; that the account is gone stays known."""
        due = {"erasedAt": ctx.now - _TOMBSTONES_KEPT}
        async for each in self.profile.each(ctx, due, status=_ERASED):
            preferences = await self.preference_set.find(ctx, userId=each.user_id)
            if preferences is not None:
                await self.preference_set.remove(ctx, preferences)
            await self.profile.remove(ctx, each)
