"""Calendar files (iCalendar, RFC 5545) read as events.

What stands in a file is other people's text: lines are bounded, zones are looked up and not built,
rules are those that `recurrence` follows, and nothing is fetched.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from .recurrence import MOST, RuleError, parse
from .scheduling import zone_of

MOST_EVENTS = 10_000

_DURATION = re.compile(
    r"P(?:(\d{1,3})W|(?:(\d{1,3})D)?(?:T(?:(\d{1,4})H)?(?:(\d{1,5})M)?(?:\d+S)?)?)"
)
_LONGEST = timedelta(days=31)
_AN_HOUR = timedelta(hours=1)


class MalformedError(Exception):
    """No calendar file, or one that breaks off."""


class SkippedError(Exception):
    """An event that cannot be taken over."""


@dataclass(slots=True)
class Component:
    """Properties of an event: by name, each with its parameters and its value."""

    properties: dict[str, list[tuple[dict[str, str], str]]] = field(default_factory=dict)

    def one(self, name: str) -> tuple[dict[str, str], str] | None:
        """The first of a name."""
        return next(iter(self.properties.get(name, ())), None)

    def text(self, name: str, most: int) -> str | None:
        """Its text without escapes, cut to so many characters."""
        found = self.one(name)
        plain = _unescaped(found[1]).strip() if found else ""
        return plain[:most] or None


def components(text: str) -> list[Component]:
    """The events of a file.

    Raises:
        MalformedError: it is none, breaks off, or has more than ten thousand.
    """
    found: list[Component] = []
    open_parts: list[str] = []
    first = True
    for name, parameters, value in _lines(text):
        if first and (name, value.upper()) != ("BEGIN", "VCALENDAR"):
            raise MalformedError("no BEGIN:VCALENDAR")
        first = False
        if name == "BEGIN":
            open_parts.append(value.upper())
            if value.upper() == "VEVENT":
                found.append(Component())
        elif name == "END":
            if not open_parts or open_parts.pop() != value.upper():
                raise MalformedError(f"END:{value[:40]} without its BEGIN")
        elif not open_parts:
            raise MalformedError("a line outside of everything")
        elif open_parts[-1] == "VEVENT":
            found[-1].properties.setdefault(name, []).append((parameters, value))
        if len(found) > MOST_EVENTS:
            raise MalformedError(f"more than {MOST_EVENTS} events")
    if first or open_parts:
        raise MalformedError("the file breaks off")
    return found


def _lines(text: str) -> Iterator[tuple[str, dict[str, str], str]]:
    """Content lines, unfolded: name, parameters, value."""
    unfolded = re.sub(r"\r?\n[ \t]", "", text.removeprefix("\ufeff"))
    for line in unfolded.splitlines():
        if not line.strip():
            continue
        head, colon, value = _halves(line)
        if not colon:
            raise MalformedError(f"no value in {line[:40]!r}")
        name, *rest = head.split(";")
        pairs = (each.partition("=") for each in rest)
        yield name.upper(), {key.upper(): each.strip('"') for key, _, each in pairs}, value


def _halves(line: str) -> tuple[str, str, str]:
    """What stands before and after the first colon that is not quoted."""
    quoted = False
    for place, letter in enumerate(line):
        if letter == '"':
            quoted = not quoted
        elif letter == ":" and not quoted:
            return line[:place], ":", line[place + 1 :]
    return line, "", ""


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", lambda found: "\n" if found[1] in "nN" else found[1], text)


def event_of(component: Component, usual: ZoneInfo, oldest: datetime) -> dict[str, Any]:
    """The fields of the event; `usual` is the zone of times without one.

    Raises:
        SkippedError: it has no beginning, recurs by the hour or by no rule that is followed here,
            or was over before `oldest`.
    """
    begin = component.one("DTSTART")
    if begin is None:
        raise SkippedError("no beginning")
    start, zone, all_day = _moment(*begin, usual)
    end = _end(component, start, zone, all_day=all_day)
    fields: dict[str, Any] = {
        "summary": (component.text("SUMMARY", 255) or "(untitled)").replace("\n", " "),
        "agenda": component.text("DESCRIPTION", 8192),
        "location": component.text("LOCATION", 400),
        "icalUid": component.text("UID", 255),
        "startsAt": start.astimezone(UTC),
        "endsAt": end.astimezone(UTC),
        "timeZone": zone.key,
        "allDay": all_day,
        "visibility": _VISIBILITY.get(component.text("CLASS", 20) or "", "default"),
        "transparency": (
            "transparent" if component.text("TRANSP", 20) == "TRANSPARENT" else "opaque"
        ),
        **_recurrence(component, zone),
    }
    original = component.one("RECURRENCE-ID")
    if original is not None:
        fields["originalStart"] = _moment(*original, usual)[0].astimezone(UTC)
    elif "recurrenceRule" not in fields and fields["endsAt"] < oldest:
        raise SkippedError("long past")
    if component.text("STATUS", 20) == "CANCELLED":
        fields["status"] = "cancelled"
    return fields


_VISIBILITY = {"PUBLIC": "public", "PRIVATE": "private", "CONFIDENTIAL": "confidential"}


def _moment(
    parameters: dict[str, str], value: str, usual: ZoneInfo
) -> tuple[datetime, ZoneInfo, bool]:
    """A moment, its zone, and whether it is a mere date."""
    zone = zone_of(parameters.get("TZID", "")) or usual
    try:
        if parameters.get("VALUE") == "DATE" or re.fullmatch(r"\d{8}", value):
            day = date(int(value[:4]), int(value[4:6]), int(value[6:8]))
            return datetime.combine(day, time(), zone), zone, True
        naive = datetime.strptime(value.removesuffix("Z"), "%Y%m%dT%H%M%S")
        return naive.replace(tzinfo=UTC if value.endswith("Z") else zone), zone, False
    except ValueError as error:
        raise SkippedError("no moment") from error


def _end(component: Component, start: datetime, zone: ZoneInfo, *, all_day: bool) -> datetime:
    """The end that is told or follows from a duration; else an hour, or the day."""
    told, length = component.one("DTEND"), component.one("DURATION")
    if told is not None:
        end = _moment(*told, zone)[0]
    elif length is not None:
        found = _DURATION.fullmatch(length[1])
        if found is None:
            raise SkippedError("no duration")
        weeks, days, hours, minutes = (int(each or 0) for each in found.groups())
        end = start + timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes)
    else:
        end = start + (timedelta(days=1) if all_day else _AN_HOUR)
    if not timedelta() < end.astimezone(UTC) - start.astimezone(UTC) <= _LONGEST:
        raise SkippedError("it ends before it begins, or lasts more than a month")
    return end


def _recurrence(component: Component, zone: ZoneInfo) -> dict[str, Any]:
    """Rule, count and exceptions; an endless rule is cut at two years of days."""
    told = component.one("RRULE")
    if told is None:
        return {}
    parts = [each for each in told[1].strip().upper().split(";") if each]
    parts.sort(key=lambda each: not each.startswith("FREQ="))
    text = ";".join(parts)
    try:
        rule = parse(text)
    except RuleError as error:
        raise SkippedError(str(error)) from error
    count = min(rule.count or MOST, MOST)
    if count < 2 or len(text) > 256:
        raise SkippedError("no rule to follow")
    excepted = {
        _moment(parameters, each, zone)[0].astimezone(zone).date()
        for parameters, value in component.properties.get("EXDATE", ())
        for each in value.split(",")
    }
    return {
        "recurrenceRule": text,
        "recurrenceCount": count,
        "exceptionDates": sorted(excepted)[:200],
    }
