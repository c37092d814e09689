"""Working weeks, and what a new account begins with."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.problem import FORBIDDEN, breaks_rule

from .generated import models, port, problems
from .scheduling import Scheduling, zone_of

_USUAL = (1, 2, 3, 4, 5)
_FROM_SUNDAY = (7, 1, 2, 3, 4)
_SUNDAY_ZONES = frozenset(
    {
        "Africa/Cairo",
        "Africa/Khartoum",
        "Africa/Tripoli",
        "Asia/Aden",
        "Asia/Amman",
        "Asia/Baghdad",
        "Asia/Bahrain",
        "Asia/Damascus",
        "Asia/Jerusalem",
        "Asia/Kuwait",
        "Asia/Muscat",
        "Asia/Qatar",
        "Asia/Riyadh",
    }
)
"""Zones in which a week of work begins on Sunday (CLDR, weekData: weekendStart fri)."""


class Hours(Scheduling):
    """Commands on working hours."""

    async def set_working_week(
        self, ctx: Context, request: port.SetWorkingWeek
    ) -> models.WorkingHoursPage:
        if str(request.user_id) != ctx.principal.subject:
            raise FORBIDDEN("a week is set by whoever works it")
        ctx.grant.given = True
        body = request.body
        if zone_of(body.zone) is None:
            raise breaks_rule("no zone of the IANA database", pointer="/zone")
        _check(body.stretches)
        async for old in self.working_hours.each(ctx, userId=request.user_id):
            await self.working_hours.remove(ctx, old)
        items = []
        for stretch in sorted(body.stretches, key=_place):
            fields = {
                **stretch.model_dump(by_alias=True),
                "userId": request.user_id,
                "zone": body.zone,
            }
            items.append(await self.working_hours.create(ctx, "set-working-week", fields))
        return models.WorkingHoursPage(items=items)

    async def provision_working_week(
        self, ctx: Context, request: port.ProvisionWorkingWeek
    ) -> None:
        user, zone = request.body.user_id, request.body.time_zone
        if await self.working_hours.count(ctx, userId=user):
            return
        for weekday in _FROM_SUNDAY if zone in _SUNDAY_ZONES else _USUAL:
            fields = {
                "userId": user,
                "weekday": weekday,
                "opensAt": "09:00",
                "closesAt": "17:30",
                "zone": zone,
            }
            await self.working_hours.create(ctx, "set-working-week", fields)

    async def provision_calendar(self, ctx: Context, request: port.ProvisionCalendar) -> None:
        if await self.primary_of(ctx, request.body.user_id) is None:
            await super().provision_calendar(ctx, request)

    async def on_user_created(self, ctx: Context, event: Received[models.UserCreated]) -> None:
        await self.provision_calendar(ctx, port.ProvisionCalendar(body=event.data))
        await self.provision_working_week(ctx, port.ProvisionWorkingWeek(body=event.data))

    async def week_of(self, ctx: Context, users: tuple[UUID, ...]) -> list[models.WorkingHours]:
        """The stretches of some people's weeks."""
        return [each async for each in self.working_hours.each(ctx, userId=users)]


def _place(stretch: models.WorkingStretch) -> tuple[int, str]:
    return stretch.weekday, str(stretch.opens_at)


def _check(stretches: Sequence[models.WorkingStretch]) -> None:
    """Forward, and no minute in two of them.

    Raises:
        Problem: `rule-broken`, `hours-overlap`.
    """
    ordered = sorted(stretches, key=_place)
    for each in ordered:
        if each.opens_at >= each.closes_at:
            raise breaks_rule("a stretch ends after it begins", pointer="/stretches")
    for first, second in itertools.pairwise(ordered):
        if first.weekday == second.weekday and second.opens_at < first.closes_at:
            raise problems.HOURS_OVERLAP(f"two stretches of day {first.weekday} overlap")
