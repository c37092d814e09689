"""Rules by which reports come again (RFC 5545, section 3.3.10), by the hour at the finest.

A rule has no start of its own: it is followed from one run to the next in the wall-clock time of a
zone, so that six in the morning stays six when clocks change. `COUNT` is not followed, since nobody
counts runs, and neither is a part that would name minutes.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_FURTHEST = timedelta(days=366 * 9)
"""How far ahead is looked: 29 February may be eight years away."""


class RuleError(ValueError):
    """No rule that can be followed."""


@dataclass(frozen=True, slots=True)
class Rule:
    """The parts of a rule; `days` pairs a weekday from 0 (Monday) with an ordinal, 0 for all."""

    frequency: str
    interval: int = 1
    until: datetime | None = None
    hours: tuple[int, ...] = ()
    days: tuple[tuple[int, int], ...] = ()
    month_days: tuple[int, ...] = ()
    months: tuple[int, ...] = ()
    positions: tuple[int, ...] = ()
    week_start: int = 0

    def following(self, run: datetime, zone: ZoneInfo, later_than: datetime) -> datetime | None:
        """The first run after `later_than`, counted on from `run`; None where there is none.

        Raises:
            RuleError: it fires on no day of the next nine years.
        """
        local, limit = run.astimezone(zone), later_than + _FURTHEST
        for moment in self._moments(local, zone, later_than):
            if self.until is not None and moment > self.until:
                return None
            if moment > limit:
                break
            if moment > later_than and moment > run:
                return moment
        raise RuleError("the rule names no day")

    def _moments(self, run: datetime, zone: ZoneInfo, later_than: datetime) -> Iterator[datetime]:
        if self.frequency == "HOURLY":
            yield from self._hourly(run, later_than)
            return
        wall = run.time()
        hours = [wall.replace(hour=each) for each in self.hours] or [wall]
        for day in self._dates(run.date()):
            yield from sorted(_instant(day, each, zone) for each in hours)

    def _hourly(self, run: datetime, later_than: datetime) -> Iterator[datetime]:
        zone, step = run.tzinfo, timedelta(hours=self.interval)
        moment = run.astimezone(UTC)
        if later_than > moment:
            moment += step * ((later_than - moment) // step)
        end = moment + _FURTHEST
        while moment <= end:
            local = moment.astimezone(zone)
            if not self._names(local.date()):
                # the rest of a day that is not named has no run
                rest = datetime.combine(local.date() + timedelta(days=1), time(), zone)
                moment += step * max(1, -(-(rest.astimezone(UTC) - moment) // step))
                continue
            if not self.hours or local.hour in self.hours:
                yield moment
            moment += step

    def _dates(self, first: date) -> Iterator[date]:
        period = first
        if self.frequency == "WEEKLY":
            period -= timedelta(days=(first.weekday() - self.week_start) % 7)
        elif self.frequency == "MONTHLY":
            period = first.replace(day=1)
        while period.year - first.year <= 18:
            chosen = [each for each in self._period(period, first) if self._names(each)]
            yield from self._positioned(chosen)
            period = self._next(period)

    def _period(self, begin: date, first: date) -> list[date]:
        """The days of a period; where the rule names none, the day that the first run had."""
        if self.frequency == "DAILY":
            return [begin]
        if self.frequency == "WEEKLY":
            week = [begin + timedelta(days=each) for each in range(7)]
            return (
                week if self.days else [each for each in week if each.weekday() == first.weekday()]
            )
        length = calendar.monthrange(begin.year, begin.month)[1]
        month = [begin.replace(day=each + 1) for each in range(length)]
        if self.days or self.month_days:
            return month
        return [each for each in month if each.day == first.day]

    def _next(self, period: date) -> date:
        if self.frequency == "DAILY":
            return period + timedelta(days=self.interval)
        if self.frequency == "WEEKLY":
            return period + timedelta(weeks=self.interval)
        months = period.year * 12 + period.month - 1 + self.interval
        return date(months // 12, months % 12 + 1, 1)

    def _names(self, day: date) -> bool:
        length = calendar.monthrange(day.year, day.month)[1]
        if self.months and day.month not in self.months:
            return False
        if self.month_days and not {day.day, day.day - length - 1} & set(self.month_days):
            return False
        if not self.days:
            return True
        place = (day.day - 1) // 7 + 1, -((length - day.day) // 7 + 1)
        return any(day.weekday() == each and at in (0, *place) for each, at in self.days)

    def _positioned(self, days: list[date]) -> list[date]:
        if not self.positions:
            return days
        size = len(days)
        places = {each - 1 if each > 0 else size + each for each in self.positions}
        return [days[each] for each in sorted(places) if 0 <= each < size]


def _instant(day: date, wall: time, zone: ZoneInfo) -> datetime:
    """In UTC; a wall-clock time that a change leaves out has the offset before it (3.3.5)."""
    return datetime.combine(day, wall, zone).astimezone(UTC)


def parse(text: str) -> Rule:
    """The rule.

    Raises:
        RuleError: a part is unknown, comes twice, is out of range or does not go with another.
    """
    parts: dict[str, str] = {}
    for each in text.split(";"):
        name, _, value = each.partition("=")
        if name in parts or not value:
            raise RuleError(f"{name} comes twice or says nothing")
        parts[name] = value
    unknown = parts.keys() - _KNOWN
    if unknown:
        raise RuleError(f"{min(unknown)} is not followed")
    rule = Rule(
        frequency=parts.get("FREQ", ""),
        interval=_numbers(parts.get("INTERVAL", "1"), 1, 1000)[0],
        until=_until(parts["UNTIL"]) if "UNTIL" in parts else None,
        hours=_numbers(parts.get("BYHOUR", ""), 0, 23),
        days=_weekdays(parts.get("BYDAY", "")),
        month_days=_numbers(parts.get("BYMONTHDAY", ""), 1, 31, signed=True),
        months=_numbers(parts.get("BYMONTH", ""), 1, 12),
        positions=_numbers(parts.get("BYSETPOS", ""), 1, 366, signed=True),
        week_start=_weekday(parts.get("WKST", "MO")),
    )
    _check(rule)
    return rule


_KNOWN = {"FREQ", "INTERVAL", "UNTIL", "BYHOUR", "BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS"} | {
    "WKST"
}


def _check(rule: Rule) -> None:
    if rule.frequency not in ("HOURLY", "DAILY", "WEEKLY", "MONTHLY"):
        raise RuleError("FREQ is an hour, a day, a week or a month")
    if rule.frequency != "MONTHLY" and any(ordinal for _, ordinal in rule.days):
        raise RuleError("a weekday has a number within a month alone")
    if rule.frequency == "WEEKLY" and rule.month_days:
        raise RuleError("BYMONTHDAY does not go with weeks")
    if rule.positions and not (rule.frequency in ("WEEKLY", "MONTHLY") and rule.days):
        raise RuleError("BYSETPOS chooses among the weekdays of a week or a month")


def _numbers(text: str, low: int, high: int, *, signed: bool = False) -> tuple[int, ...]:
    found = set()
    for each in text.split(",") if text else ():
        digits = each.lstrip("+-") if signed else each
        if not (digits.isascii() and digits.isdigit() and len(digits) <= 4):
            raise RuleError(f"{each} is no number")
        if not low <= int(digits) <= high or len(each) - len(digits) > 1:
            raise RuleError(f"{each} is out of range")
        found.add(int(each))
    return tuple(sorted(found))


def _weekday(text: str) -> int:
    if text not in _DAYS:
        raise RuleError(f"{text} is no weekday")
    return _DAYS.index(text)


def _weekdays(text: str) -> tuple[tuple[int, int], ...]:
    found = set()
    for each in text.split(",") if text else ():
        if each[-2:] not in _DAYS:
            raise RuleError(f"{each} is no weekday")
        ordinal = _numbers(each[:-2], 1, 5, signed=True) if each[:-2] else (0,)
        found.add((_DAYS.index(each[-2:]), ordinal[0]))
    return tuple(sorted(found))


def _until(text: str) -> datetime:
    """The last moment that counts, read in UTC; a day counts to its end."""
    try:
        if "T" in text:
            return datetime.strptime(text.removesuffix("Z"), "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
        return datetime.strptime(text, "%Y%m%d").replace(hour=23, minute=59, tzinfo=UTC)
    except ValueError as error:
        raise RuleError(f"{text} is no moment") from error
