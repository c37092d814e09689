"""What happens in a calendar, when people are busy, and when they all are free."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from cloudsync_chassis.client.errors import CallError
from cloudsync_chassis.context import Context
from cloudsync_chassis.model import to_record
from cloudsync_chassis.problem import FORBIDDEN, breaks_rule
from cloudsync_chassis.store import predicates
from cloudsync_chassis.store.statements import told
from user_client import models as directory

from .calendars import Calendars
from .generated import models, port, problems, tables
from .hours import Hours
from .scheduling import zone_of
from .spans import Span, Timeline, gaps, layered, worked

_WIDEST_LIST = timedelta(days=92)
_WIDEST_BUSY = timedelta(days=62)
_WIDEST_SEARCH = timedelta(days=30)
_MOST = 2000
_USUAL_LIMIT = 10


class Looking(Calendars, Hours):
    """The queries."""

    async def list_occurrences(
        self, ctx: Context, request: port.ListOccurrences
    ) -> models.OccurrenceList:
        start, end = _window(request.from_, request.to, _WIDEST_LIST)
        calendar = await self.known_calendar(ctx, request.calendar_id)
        worded = await self._may_look(ctx, calendar)
        table = tables.calendar_events
        stands = table.c.calendar_id == calendar.id
        if calendar.primary_of_owner:
            invited = predicates.array_contains(
                "invited", table.c.attendee_user_ids, calendar.owner_id, ctx.unit.dialect
            )
            stands = sa.or_(stands, told(invited))
        found: list[dict[str, Any]] = []
        answers = await self._answers(ctx)
        async for event in self.between(ctx, start, end, stands):
            words = self._words(ctx, event, calendar, worded)
            if event.id in answers:
                words["ownResponse"] = answers[event.id]
            for begins, ends in await self.happenings(ctx, event):
                if begins < end and ends > start:
                    found.append(_occurrence(event, begins, ends, words))
        found.sort(key=lambda each: (each["occurrenceStart"], str(each["eventId"])))
        answer: dict[str, Any] = {"calendarId": calendar.id, "occurrences": found[:_MOST]}
        if len(found) > _MOST:
            answer["cutOffAt"] = found[_MOST]["occurrenceStart"]
        return models.OccurrenceList.model_validate(answer, strict=False)

    async def _may_look(self, ctx: Context, calendar: models.Calendar) -> bool:
        """Whether the caller reads every word, as owner or writer do.

        Raises:
            Problem: `forbidden`: they may not even see when something happens.
        """
        grants = self.calendar.grants
        record = to_record(calendar)
        if await grants.stands(ctx, frozenset({"owner", "writer"}), record):
            ctx.grant.given = True
            return True
        if ctx.grant.given or await grants.stands(ctx, frozenset({"reader"}), record):
            ctx.grant.given = True
            return False
        levels = ("read", "write", "manage")
        shares = self.calendar_share.each(ctx, calendarId=calendar.id, accessLevel=levels)
        for share in [each async for each in shares if each.grantee_type != "user"]:
            ours = share.grantee_type == "organisation" and share.grantee_id == ctx.tenant
            if ours or await self._in_team_of(ctx, share):
                ctx.grant.given = True
                return share.access_level != "read"
        raise FORBIDDEN("the calendar is not shared with you")

    async def _in_team_of(self, ctx: Context, share: models.CalendarShare) -> bool:
        if share.grantee_type != "team":
            return False
        return await self.in_team(ctx, self.person(ctx), share.grantee_id)

    def _words(
        self, ctx: Context, event: models.CalendarEvent, calendar: models.Calendar, worded: bool
    ) -> dict[str, Any]:
        """Summary, place and call, for those who may read them."""
        caller = ctx.principal.subject
        takes_part = caller in {str(event.organizer_id), *map(str, event.attendee_user_ids)}
        if not (takes_part or worded or self.shown_as(event, calendar) == "public"):
            return {}
        words = {
            "summary": event.summary,
            "location": event.location,
            "joinUrl": event.join_url,
        }
        return {name: value for name, value in words.items() if value is not None}

    async def _answers(self, ctx: Context) -> dict[UUID, str]:
        """What the caller has answered so far, by event."""
        if ctx.principal.kind != "user":
            return {}
        lines = self.event_attendee.each(ctx, userId=self.person(ctx))
        return {each.calendar_event_id: str(each.response) async for each in lines}

    async def get_free_busy(self, ctx: Context, request: port.GetFreeBusy) -> models.FreeBusyAnswer:
        start, end = _window(request.from_, request.to, _WIDEST_BUSY)
        users = tuple(dict.fromkeys(request.user_ids))
        known = await self._resolved(users)
        hidden = await self._hidden(ctx, users)
        busy = await self._busy(ctx, users, start, end)
        away = await self._away(ctx, users, start, end)
        people = []
        for user in users:
            unknown = user not in known or user in hidden
            spans = [] if unknown else layered([*busy[user], *away[user]], start, end)
            person: dict[str, Any] = {
                "userId": user,
                "unknown": unknown,
                "busyTimes": [
                    {"from": each.start, "to": each.end, "kind": each.kind}
                    for each in spans[:_MOST]
                ],
            }
            if user in known:
                person["timeZone"] = known[user].time_zone
            people.append(person)
        answer = {"window": {"from": start, "to": end}, "people": people}
        return models.FreeBusyAnswer.model_validate(answer, strict=False)

    async def _resolved(self, users: tuple[UUID, ...]) -> dict[UUID, directory.Attendee]:
        """Members among the people; nobody where user-service has never said."""
        asked = directory.ResolveAttendeesRequest.model_validate({"userIds": list(users)})
        try:
            answer = await self.clients.user.resolve_attendees(asked)
        except CallError:
            return {}
        return {each.id: each for each in answer.attendees}

    async def _hidden(self, ctx: Context, users: tuple[UUID, ...]) -> set[UUID]:
        """Whose time is not for the caller, where the policy makes that a matter of shares."""
        if not (await self.policy(ctx)).hide_busy_times:
            return set()
        caller = ctx.principal.subject
        shares = self.calendar_share.each(ctx, granteeId=caller)
        calendars = tuple([each.calendar_id async for each in shares])
        shared = self.calendar.each(ctx, id=calendars, ownerType="user")
        owners = {each.owner_id async for each in shared}
        return {each for each in users if each not in owners and str(each) != caller}

    async def _busy(
        self, ctx: Context, users: tuple[UUID, ...], start: datetime, end: datetime
    ) -> dict[UUID, list[Span]]:
        """Blocks by person, without those of pencilled slots that have run out."""
        table, events = tables.busy_blocks, tables.calendar_events
        same = (events.c.id == table.c.event_id, events.c.organization_id == ctx.tenant)
        ran_out = sa.exists().where(*same, events.c.hold_until <= ctx.now)
        statement = sa.select(table).where(
            table.c.organization_id == ctx.tenant,
            table.c.user_id.in_(users),
            table.c.block_start < end,
            table.c.block_end > start,
            ~ran_out,
        )
        found: dict[UUID, list[Span]] = {each: [] for each in users}
        for row in (await (await ctx.unit.connection()).execute(statement)).all():
            found[row.user_id].append(Span(row.block_start, row.block_end, row.kind))
        return found

    async def _away(
        self, ctx: Context, users: tuple[UUID, ...], start: datetime, end: datetime
    ) -> dict[UUID, list[Span]]:
        """What lies outside of the hours that people work; of whom none are known, nothing."""
        weeks: dict[UUID, list[tuple[int, str, str, ZoneInfo]]] = {}
        for each in await self.week_of(ctx, users):
            zone = zone_of(each.zone) or ZoneInfo("Etc/UTC")
            stretch = (each.weekday, str(each.opens_at), str(each.closes_at), zone)
            weeks.setdefault(each.user_id, []).append(stretch)
        return {
            user: gaps(worked(weeks[user], start, end), start, end) if user in weeks else []
            for user in users
        }

    async def find_free_slots(
        self, ctx: Context, request: port.FindFreeSlots
    ) -> models.FreeSlotList:
        body = request.body
        start = max(body.horizon.from_.astimezone(UTC), ctx.now)
        end = body.horizon.to.astimezone(UTC)
        if end - body.horizon.from_ > _WIDEST_SEARCH:
            raise problems.HORIZON_TOO_FAR("thirty days are the widest horizon")
        optional = [
            each for each in body.optional_user_ids or [] if each not in body.required_user_ids
        ]
        users = tuple(dict.fromkeys([*body.required_user_ids, *optional]))
        known = await self._resolved(users)
        strangers = [each for each in users if each not in known]
        if strangers or len(users) > 50:
            raise problems.ATTENDEE_UNKNOWN(
                "somebody of the list is not a member here", users=[str(each) for each in strangers]
            )
        busy = await self._busy(ctx, users, start, end)
        if body.respect_working_hours:
            away = await self._away(ctx, users, start, end)
            busy = {user: [*busy[user], *away[user]] for user in users}
        people = {user: Timeline(_solid(busy[user], start, end)) for user in users}
        rooms = await self._rooms(ctx, tuple(body.room_ids or ()), len(users), start, end)
        search = _Search(people, tuple(body.required_user_ids), rooms, bool(body.room_ids))
        length = timedelta(minutes=body.duration_minutes)
        step = timedelta(minutes=self.settings.slot_step_minutes)
        slots = search.slots(_aligned(start, step), end, length, step)
        answer: dict[str, Any] = {"slots": slots[: body.limit or _USUAL_LIMIT]}
        if not slots and search.in_the_way:
            answer["tightestUserId"] = max(
                search.in_the_way, key=lambda each: (search.in_the_way[each], str(each))
            )
        return models.FreeSlotList.model_validate(answer, strict=False)

    async def _rooms(
        self, ctx: Context, rooms: tuple[UUID, ...], people: int, start: datetime, end: datetime
    ) -> dict[UUID, Timeline]:
        """Rooms with seats for all, those with the fewest seats first."""
        found = [each async for each in self.calendar.each(ctx, id=rooms, ownerType="resource")]
        fitting = [each for each in found if (each.capacity or 0) >= people]
        fitting.sort(key=lambda each: (each.capacity, rooms.index(each.id)))
        table = tables.resource_slots
        grain = timedelta(minutes=self.settings.resource_slot_minutes)
        statement = sa.select(table.c.resource_id, table.c.slot_start).where(
            table.c.organization_id == ctx.tenant,
            table.c.resource_id.in_([each.id for each in fitting]),
            table.c.slot_start > start - grain,
            table.c.slot_start < end,
        )
        taken: dict[UUID, list[Span]] = {each.id: [] for each in fitting}
        for row in (await (await ctx.unit.connection()).execute(statement)).all():
            taken[row.resource_id].append(Span(row.slot_start, row.slot_start + grain))
        return {room: Timeline(layered(spans, start, end)) for room, spans in taken.items()}


class _Search:
    """Tries beginnings one after the other, and counts who stands in the way."""

    def __init__(
        self,
        people: dict[UUID, Timeline],
        required: tuple[UUID, ...],
        rooms: dict[UUID, Timeline],
        needs_room: bool,
    ) -> None:
        self._people = people
        self._required = frozenset(required)
        self._rooms = rooms
        self._needs_room = needs_room
        self.in_the_way: dict[UUID, int] = {}

    def slots(
        self, start: datetime, end: datetime, length: timedelta, step: timedelta
    ) -> list[dict[str, Any]]:
        """What would do, most people first and then the earliest."""
        found = []
        while start + length <= end:
            slot = self._slot(start, start + length)
            if slot is not None:
                found.append(slot)
            start += step
        return sorted(found, key=lambda each: (-each["availableCount"], each["slotStart"]))

    def _slot(self, start: datetime, end: datetime) -> dict[str, Any] | None:
        missing = [each for each, time in self._people.items() if not time.free(start, end)]
        blocking = [each for each in missing if each in self._required]
        for each in blocking:
            self.in_the_way[each] = self.in_the_way.get(each, 0) + 1
        rooms = [each for each, time in self._rooms.items() if time.free(start, end)]
        if blocking or (self._needs_room and not rooms):
            return None
        slot: dict[str, Any] = {
            "slotStart": start,
            "slotEnd": end,
            "availableCount": len(self._people) - len(missing),
            "missingUserIds": missing,
        }
        return {**slot, "freeResourceIds": rooms} if self._needs_room else slot


def _solid(spans: Iterable[Span], start: datetime, end: datetime) -> list[Span]:
    """Whatever the kind, it is no time for a meeting."""
    return layered([each._replace(kind="busy") for each in spans], start, end)


def _aligned(moment: datetime, step: timedelta) -> datetime:
    """The moment, or the next on the grid of beginnings."""
    origin = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    steps = -((origin - moment) // step)
    return origin + steps * step


def _window(start: datetime, end: datetime, widest: timedelta) -> tuple[datetime, datetime]:
    if end <= start:
        raise breaks_rule("a window runs forward", parameter="to")
    if end - start > widest:
        raise problems.WINDOW_TOO_WIDE(f"{widest.days} days are the widest window")
    return start.astimezone(UTC), end.astimezone(UTC)


def _occurrence(
    event: models.CalendarEvent, start: datetime, end: datetime, words: dict[str, Any]
) -> dict[str, Any]:
    return {
        "eventId": event.id,
        "occurrenceStart": start,
        "occurrenceEnd": end,
        "allDay": event.all_day,
        "recurring": event.recurrence_rule is not None or event.series_id is not None,
        "status": str(event.status),
        "visibility": str(event.visibility),
        "transparency": str(event.transparency),
        **words,
    }
