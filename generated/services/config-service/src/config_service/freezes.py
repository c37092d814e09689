"""When nothing may be rolled out."""

from __future__ import annotations

from datetime import datetime

from cloudsync_chassis.context import Context
from cloudsync_chassis.ids import PLATFORM
from cloudsync_chassis.problem import breaks_rule
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.store.query import ListQuery, PageRequest

from .base import Base
from .generated import models, port, problems

_MANY = 200
"""Freezes that are looked at, those which end last; no two of them overlap for one service."""


class Freezes(Base):
    """Freezes, and what they cover.

    The policy `pol17-production-freeze` asks whether there is a freeze, whatever it covers, and
    knows no incident that is named in the request. This service knows both and refuses by
    `change-frozen` itself, so to the policy there is none.
    """

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        runtime.policies.supply("freeze", lambda ctx: False)
        runtime.policies.supply("incidentId", lambda ctx: "")

    async def freeze_changes(
        self, ctx: Context, request: port.FreezeChanges
    ) -> models.ChangeFreeze:
        """Declare a window.

        Raises:
            Problem: `freeze-overlap`; `rule-broken`: it is over already; `invariant-broken`.
        """
        body = request.body
        if body.ends_at <= ctx.now:
            raise breaks_rule("it is over already", pointer="/endsAt")
        services = {each.root for each in body.frozen_services}
        for each in await self._open(ctx, body.starts_at):
            if each.starts_at < body.ends_at and _meet(each, services):
                raise problems.FREEZE_OVERLAP(f"there is one until {each.ends_at.isoformat()}")
        fields = {**body.model_dump(by_alias=True), "declaredBy": ctx.principal.subject}
        return await self.change_freeze.create(ctx.within(PLATFORM), "freeze-changes", fields)

    async def lift_freeze(self, ctx: Context, request: port.LiftFreeze) -> models.ChangeFreeze:
        """End a freeze before its time."""
        return await super().lift_freeze(ctx.within(PLATFORM), request)

    async def check_freezes(self, ctx: Context, entry: models.ConfigEntry) -> None:
        """Refuse what a freeze covers, unless the caller is exempt.

        Raises:
            Problem: `change-frozen`.
        """
        services = {entry.service_name} if entry.service_name else set()
        for each in await self._open(ctx, ctx.now):
            exempt = {role.root for role in each.exempt_roles} & ctx.principal.roles
            if each.starts_at <= ctx.now and _meet(each, services) and not exempt:
                raise problems.CHANGE_FROZEN(f"until {each.ends_at.isoformat()}")

    async def _open(self, ctx: Context, moment: datetime) -> list[models.ChangeFreeze]:
        """Freezes that end after a moment and were not lifted."""
        page = PageRequest(limit=_MANY, sort="-endsAt")
        found = await self.change_freeze.repository.select(ctx, ListQuery(page))
        return [each for each in found.items if each.lifted_at is None and each.ends_at > moment]


def _meet(freeze: models.ChangeFreeze, services: set[str]) -> bool:
    """Whether a freeze covers one of the services; none stand for all of them."""
    frozen = {each.root for each in freeze.frozen_services}
    return not frozen or not services or bool(frozen & services)
