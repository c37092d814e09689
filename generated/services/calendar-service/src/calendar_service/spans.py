"""Stretches of time laid over each other."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

_STRENGTH = {"unavailable": 1, "tentative": 2, "busy": 3}


class Span(NamedTuple):
    """From a moment to a later one, and what fills it."""

    start: datetime
    end: datetime
    kind: str = "busy"


def layered(spans: Iterable[Span], start: datetime, end: datetime) -> list[Span]:
    """The spans within a window, in order: where several meet the strongest shows, and what touches
    and is of one kind is one.
    """
    edges: list[tuple[datetime, int, str]] = []
    for each in spans:
        begins, ends = max(each.start, start), min(each.end, end)
        if begins < ends:
            edges += [(begins, 1, each.kind), (ends, -1, each.kind)]
    edges.sort(key=lambda each: each[0])
    open_kinds = dict.fromkeys(_STRENGTH, 0)
    found: list[Span] = []
    since, showing = start, ""
    for at, step, kind in edges:
        if showing and at > since:
            if found and found[-1].end == since and found[-1].kind == showing:
                found[-1] = found[-1]._replace(end=at)
            else:
                found.append(Span(since, at, showing))
        open_kinds[kind] += step
        standing = [name for name, count in open_kinds.items() if count]
        since, showing = at, max(standing, key=_STRENGTH.__getitem__, default="")
    return found


def gaps(spans: Iterable[Span], start: datetime, end: datetime) -> list[Span]:
    """What the spans leave of a window, as unavailable."""
    found, since = [], start
    for each in layered([each._replace(kind="busy") for each in spans], start, end):
        if each.start > since:
            found.append(Span(since, each.start, "unavailable"))
        since = each.end
    if since < end:
        found.append(Span(since, end, "unavailable"))
    return found


class Timeline:
    """Spans in order, asked many times whether something lies in a stretch."""

    def __init__(self, spans: list[Span]) -> None:
        self._starts = [each.start for each in spans]
        self._spans = spans

    def free(self, start: datetime, end: datetime) -> bool:
        """Whether nothing lies between the two moments."""
        place = bisect_right(self._starts, start)
        if place and self._spans[place - 1].end > start:
            return False
        return place >= len(self._spans) or self._starts[place] >= end


def worked(
    stretches: Iterable[tuple[int, str, str, ZoneInfo]], start: datetime, end: datetime
) -> list[Span]:
    """The working hours of a window; stretches by ISO weekday, `HH:MM` to `HH:MM` in a zone."""
    found = []
    for weekday, opens, closes, zone in stretches:
        day = start.astimezone(zone).date() - timedelta(days=1)
        last = end.astimezone(zone).date()
        while day <= last:
            if day.isoweekday() == weekday:
                found.append(Span(_at(day, opens, zone), _at(day, closes, zone), "busy"))
            day += timedelta(days=1)
    return found


def _at(day: date, text: str, zone: ZoneInfo) -> datetime:
    hours, minutes = int(text[:2]), int(text[3:])
    day, hours = day + timedelta(days=hours // 24), hours % 24
    return datetime(day.year, day.month, day.day, hours, minutes, tzinfo=zone)
