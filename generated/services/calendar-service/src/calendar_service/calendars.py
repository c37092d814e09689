"""Calendars: opened, shared, published as feeds, and taken away."""

from __future__ import annotations

import hashlib
import secrets
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from cloudsync_chassis.client.errors import CallError
from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.model import given, project
from cloudsync_chassis.problem import breaks_rule

from .generated import models, port, problems, tables
from .scheduling import Scheduling, zone_of

_MOST_CALENDARS = 50
_MOST_SHARES = 200

FEEDS = "https://feeds.cloudsync.example/calendars/"
"""Below which feeds are served, by their token."""

_PARTS = (
    tables.event_attendees,
    tables.busy_blocks,
    tables.resource_slots,
    tables.calendar_events,
    tables.calendar_shares,
    tables.ics_imports,
    tables.working_hours,
    tables.scheduling_policies,
    tables.calendars,
)
"""All tables, what hangs on others first."""


class Calendars(Scheduling):
    """Commands on calendars and shares."""

    async def create_calendar(
        self, ctx: Context, request: port.CreateCalendar
    ) -> models.CalendarView:
        body, caller = request.body, self.person(ctx)
        if body.owner_type == "team":
            if not await self.in_team(ctx, caller, body.owner_id):
                raise problems.NOT_YOURS_TO_OPEN("you are not in the team")
        elif body.owner_id != caller:
            raise problems.NOT_YOURS_TO_OPEN("the owner is a colleague")
        if zone_of(body.default_time_zone) is None:
            raise breaks_rule("no zone of the IANA database", pointer="/defaultTimeZone")
        owner = {"ownerType": str(body.owner_type), "ownerId": body.owner_id}
        if await self.calendar.find(ctx, **owner, name=body.name) is not None:
            raise problems.CALENDAR_NAME_TAKEN("the owner has another one of that name")
        if await self.calendar.count(ctx, **owner) >= _MOST_CALENDARS:
            raise problems.CALENDAR_LIMIT_REACHED(f"{_MOST_CALENDARS} calendars are the most")
        # `create-calendar` announces a share, which only the calendar of a team begins with.
        calendar = await self.calendar.create(ctx, "update-calendar", given(body))
        if body.owner_type == "team":
            keeper = {"granteeType": "user", "accessLevel": "manage", "grantedBy": body.owner_id}
            await self._share(ctx, calendar.id, caller, keeper)
        return project(models.CalendarView, calendar)

    async def in_team(self, ctx: Context, user: UUID, team: UUID) -> bool:
        """Whether org-service counts somebody among a team; not if it does not say."""
        try:
            found = await self.clients.org.get_membership(organization_id=ctx.tenant, user_id=user)
        except CallError:
            return False
        return team in found.team_ids

    async def _share(
        self, ctx: Context, calendar_id: UUID, grantee: UUID, fields: dict[str, Any]
    ) -> models.CalendarShare:
        """A share, announced under its calendar."""
        path = {"calendarId": calendar_id, "granteeId": grantee}
        before = await self.calendar_share.find(ctx, **path)
        share = await self.calendar_share.put(ctx, "drop-calendar-shares", fields, **path)
        if before != share:
            await self.calendar_share.announce(ctx, "calendar-shared", share)
        return share

    async def share_calendar(
        self, ctx: Context, request: port.ShareCalendar
    ) -> models.CalendarShare:
        body = request.body
        guest = body.grantee_type == "user" and await self._is_guest(ctx, request.grantee_id)
        calendar = await self.granted_calendar(ctx, request.calendar_id)
        if guest and not (await self.policy(ctx)).sharing_outside:
            raise problems.EXTERNAL_SHARING_DISABLED("the policy keeps calendars inside")
        if body.grantee_type == "organisation" and request.grantee_id != ctx.tenant:
            raise breaks_rule("it is your organisation that this is for", parameter="granteeId")
        path = {"calendarId": calendar.id, "granteeId": request.grantee_id}
        known = await self.calendar_share.find(ctx, **path)
        shares = await self.calendar_share.count(ctx, calendarId=calendar.id)
        if known is None and shares >= _MOST_SHARES:
            raise problems.SHARE_LIMIT_REACHED(f"{_MOST_SHARES} shares are the most")
        fields: dict[str, Any] = {"lapsesAt": None, **given(body)}
        fields["grantedBy"] = known.granted_by if known else self.person(ctx)
        return await self._share(ctx, calendar.id, request.grantee_id, fields)

    async def _is_guest(self, ctx: Context, user: UUID) -> bool:
        try:
            found = await self.clients.org.get_membership(organization_id=ctx.tenant, user_id=user)
        except CallError:
            return False
        return str(found.role) == "guest"

    async def rotate_ics_token(self, ctx: Context, request: port.RotateIcsToken) -> models.IcsFeed:
        calendar = await self.granted_calendar(ctx, request.calendar_id)
        if not (await self.policy(ctx)).sharing_outside:
            raise problems.EXTERNAL_SHARING_DISABLED("the policy allows no feeds")
        token = secrets.token_urlsafe(32)
        digest = hashlib.sha256(token.encode()).hexdigest()
        fields = {"icsTokenHash": digest, "icsTokenIssuedAt": ctx.now}
        await self.calendar.update(ctx, "rotate-ics-token", calendar.id, fields)
        feed = {"calendarId": calendar.id, "feedToken": token, "feedUrl": f"{FEEDS}{token}.ics"}
        return models.IcsFeed.model_validate(feed, strict=False)

    async def end_feed(self, ctx: Context, calendar: models.Calendar) -> None:
        """Programs that subscribed to a calendar get nothing more."""
        if calendar.ics_token_hash is not None:
            fields = {"icsTokenHash": None, "icsTokenIssuedAt": None}
            await self.calendar.update(ctx, "rotate-ics-token", calendar.id, fields)

    async def delete_calendar(self, ctx: Context, request: port.DeleteCalendar) -> None:
        calendar = await self.granted_calendar(ctx, request.calendar_id)
        if calendar.primary_of_owner:
            raise problems.PRIMARY_CALENDAR("it is the calendar that invitations land in")
        events = tables.calendar_events
        here = (events.c.organization_id == ctx.tenant, events.c.calendar_id == calendar.id)
        connection = await ctx.unit.connection()
        ahead = sa.or_(events.c.ends_at > ctx.now, events.c.last_occurrence_ends_at > ctx.now)
        firm = sa.select(sa.func.count()).where(*here, ahead, events.c.status == "confirmed")
        count = (await connection.execute(firm)).scalar_one()
        if count:
            raise problems.EVENTS_AHEAD(f"{count} firm events lie in the future", events=count)
        ours = sa.select(events.c.id).where(*here).scalar_subquery()
        for table, column in (
            (tables.event_attendees, tables.event_attendees.c.calendar_event_id),
            (tables.busy_blocks, tables.busy_blocks.c.event_id),
            (tables.resource_slots, tables.resource_slots.c.event_id),
        ):
            within = (table.c.organization_id == ctx.tenant, column.in_(ours))
            await connection.execute(sa.delete(table).where(*within))
        for table in (events, tables.calendar_shares, tables.ics_imports):
            theirs = table.c.calendar_id == calendar.id
            ours_too = table.c.organization_id == ctx.tenant
            await connection.execute(sa.delete(table).where(ours_too, theirs))
        await self.calendar.remove(ctx, calendar)

    async def drop_calendar_shares(self, ctx: Context, request: port.DropCalendarShares) -> None:
        user = request.body.user_id
        async for share in self.calendar_share.each(ctx, granteeId=user):
            await self.calendar_share.remove(ctx, share)
            calendar = await self.calendar.find(ctx, id=share.calendar_id)
            if calendar is not None:
                await self.end_feed(ctx, calendar)
        async for calendar in self.calendar.each(ctx, ownerType="user", ownerId=user):
            await self.end_feed(ctx, calendar)

    async def purge_tenant_calendars(
        self, ctx: Context, request: port.PurgeTenantCalendars
    ) -> None:
        connection = await ctx.unit.connection()
        for table in _PARTS:
            ours = table.c.organization_id == request.body.organization_id
            await connection.execute(sa.delete(table).where(ours))

    async def on_member_removed(self, ctx: Context, event: Received[models.MemberRemoved]) -> None:
        await self.drop_calendar_shares(ctx, port.DropCalendarShares(body=event.data))

    async def on_organization_purged(
        self, ctx: Context, event: Received[models.OrganizationPurged]
    ) -> None:
        await self.purge_tenant_calendars(ctx, port.PurgeTenantCalendars(body=event.data))
