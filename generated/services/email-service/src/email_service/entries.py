"""Calendar entries by mail (RFC 5545, RFC 5546, RFC 6047): asked for, moved, taken back."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received

from . import memory
from .billing import Billing
from .facts import fact_of, name_of, when
from .generated import models, port

_STAMP = "%Y%m%dT%H%M%SZ"
_LINE = 75
_SENDER = "notifications@mail.cloudsync.example"


def escaped(text: str) -> str:
    """A TEXT value (RFC 5545 §3.3.11)."""
    for mark in ("\\", ";", ","):
        text = text.replace(mark, f"\\{mark}")
    return text.replace("\r\n", "\\n").replace("\n", "\\n").replace("\r", "")


def folded(line: str) -> str:
    """A content line of at most 75 octets a piece (RFC 5545 §3.1), never within a character."""
    pieces, piece, room = [], "", _LINE
    for each in line:
        size = len(each.encode())
        if size > room:
            pieces.append(piece)
            piece, room = " ", _LINE - 1
        piece += each
        room -= size
    return "\r\n".join((*pieces, piece))


def calendar_object(
    entry: memory.CalendarEntry, method: str, stamp: datetime, date_of: date | None = None
) -> str:
    """The iCalendar object of an entry; `date_of`: the one date of a series that is meant.

    Times are UTC, so that no VTIMEZONE is needed; a series keeps its rule.
    """
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//CloudSync//email-service//EN",
        f"METHOD:{method}",
        "BEGIN:VEVENT",
        f"UID:{entry.event_id}@cloudsync.example",
        f"SEQUENCE:{entry.sequence}",
        f"DTSTAMP:{_utc(stamp)}",
        f"DTSTART:{_utc(entry.starts_at)}",
        f"DTEND:{_utc(entry.ends_at)}",
        f"SUMMARY:{escaped(entry.summary)}",
        f"ORGANIZER:mailto:{_SENDER}",
        f"STATUS:{'CANCELLED' if method == 'CANCEL' else 'CONFIRMED'}",
    ]
    if date_of is not None:
        begins = entry.starts_at.astimezone(UTC)
        lines.append(f"RECURRENCE-ID:{date_of:%Y%m%d}T{begins:%H%M%S}Z")
    elif entry.recurrence_rule:
        lines.append(f"RRULE:{entry.recurrence_rule}")
    lines += ["END:VEVENT", "END:VCALENDAR", ""]
    return "\r\n".join(folded(each) for each in lines)


class Entries(Billing):
    """What calendars were told last is remembered, so that later words fit it."""

    async def on_event_scheduled(
        self, ctx: Context, event: Received[models.EventScheduled]
    ) -> None:
        """METHOD:REQUEST, with the event's first sequence."""
        data = event.data
        if await self.entries.find(ctx, eventId=data.event_id) is None:
            await self.entries.insert(
                ctx,
                {
                    "eventId": data.event_id,
                    "summary": data.summary_masked or "Event",
                    "startsAt": data.starts_at,
                    "endsAt": data.ends_at,
                    "timeZone": data.time_zone,
                    "recurrenceRule": data.recurrence_rule,
                    "sequence": 0,
                },
            )
        await self.mail_calendar_entry(ctx, port.MailCalendarEntry())

    async def on_event_rescheduled(
        self, ctx: Context, event: Received[models.EventRescheduled]
    ) -> None:
        """The same entry with a higher sequence; an older word than the last is passed over."""
        data = event.data
        found = await self.entries.find(ctx, eventId=data.event_id)
        moved: dict[str, Any] = {
            "startsAt": data.new_start,
            "endsAt": data.new_end,
            "sequence": data.sequence,
        }
        if found is None:
            fields = {"eventId": data.event_id, "summary": "Event", "timeZone": "UTC"}
            await self.entries.insert(ctx, {**fields, **moved})
        elif found.cancelled or found.sequence >= data.sequence:
            return
        elif data.scope == models.ChangeScope.all:
            await self.entries.rewrite(ctx, found, moved)
        await self.mail_calendar_entry(ctx, port.MailCalendarEntry())

    async def on_event_cancelled(
        self, ctx: Context, event: Received[models.EventCancelled]
    ) -> None:
        """METHOD:CANCEL, of the entry or of one date of it; of what was never told nothing is."""
        data = event.data
        found = await self.entries.find(ctx, eventId=data.event_id)
        if found is None or found.cancelled:
            return
        sequence = max(found.sequence + 1, data.sequence or 0)
        whole = data.scope in (None, models.ChangeScope.all)
        fields = {"sequence": sequence, "cancelled": whole}
        await self.entries.rewrite(ctx, found, fields)
        await self.mail_calendar_entry(ctx, port.MailCalendarEntry())

    async def mail_calendar_entry(self, ctx: Context, request: port.MailCalendarEntry) -> None:
        """Order mails on the present event with the entry as it is now."""
        del request
        event = fact_of(ctx)
        data, name = event.data, name_of(event)
        entry = await self.entries.find(ctx, eventId=data["eventId"])
        if entry is None:
            return
        method = "CANCEL" if name == "event-cancelled" else "REQUEST"
        date_of = data.get("occurrenceDate")
        if name == "event-rescheduled" and data["scope"] != models.ChangeScope.all:
            moved = {
                "starts_at": datetime.fromisoformat(str(data["newStart"])),
                "ends_at": datetime.fromisoformat(str(data["newEnd"])),
                "sequence": int(data["sequence"]),
            }
            entry = entry.model_copy(update=moved)
            date_of = datetime.fromisoformat(str(data["oldStart"])).astimezone(UTC).date()
        one = date.fromisoformat(str(date_of)) if date_of else None
        variables = {
            "summary": entry.summary,
            "starts": when(entry.starts_at.astimezone(UTC)),
            "ends": when(entry.ends_at.astimezone(UTC)),
            "calendarObject": calendar_object(entry, method, ctx.now, one),
            "calendarMethod": method,
        }
        people = _ids(data["attendeeUserIds"], data.get("organizerId"), data.get("cancelledBy"))
        await self.tell(ctx, people, variables)


def _ids(people: Any, *without: Any) -> list[UUID]:
    left = {str(each) for each in without if each}
    return [UUID(str(each)) for each in people if str(each) not in left]


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime(_STAMP)
