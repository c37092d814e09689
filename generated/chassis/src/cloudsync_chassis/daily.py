"""A daily stretch in somebody's own time zone, past midnight where it begins late: quiet hours."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def ends(now: datetime, begin: str, end: str, zone: str) -> datetime | None:
    """When the stretch around `now` is over; None outside of it.

    `begin`, `end`: HH:MM local, `24:00` being the end of the day; alike they are no stretch. A zone
    that nobody knows is UTC.
    """
    try:
        place: tzinfo = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError):
        place = UTC
    here = now.astimezone(place)
    for days in (-1, 0):
        day = here.date() + timedelta(days=days)
        first = _at(day, begin, place)
        last = _at(day, end, place)
        if _minutes(end) < _minutes(begin):
            last = _at(day + timedelta(days=1), end, place)
        if first <= here < last:
            return last.astimezone(now.tzinfo)
    return None


def _minutes(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def _at(day: date, text: str, place: tzinfo) -> datetime:
    hours, minutes = divmod(_minutes(text), 60)
    if hours == 24:
        day, hours = day + timedelta(days=1), 0
    return datetime.combine(day, time(hours, minutes), place)
