"""Recurrence rules of RFC 5545, section 3.3.10, as far as they speak of days.

Nothing recurs by the hour here: a rule yields dates, and each occurrence begins at the wall-clock
time of the first, in the zone of the series. The first occurrence always counts, whether or not the
rule names its day. Within a period (day, week, month, year) the BYxxx parts choose among its days;
where none of them speaks of days, the day is that of the first occurrence.
"""

from __future__ import annotations

import calendar
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

MOST = 730
"""Occurrences that a series has at most."""

_MOST_DAYS = 100_000
"""Days that one expansion looks at, beyond which its rule practically never fires."""

_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


class RuleError(ValueError):
    """No rule that can be followed."""


class UnboundedError(Exception):
    """The rule fires too often, or too long is looked for a day on which it does."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule by its parts; `by_day` pairs a weekday from 0 (Monday) with an ordinal, 0 for all."""

    frequency: str
    interval: int = 1
    count: int | None = None
    until: str | None = None
    by_month: frozenset[int] = frozenset()
    by_week: frozenset[int] = frozenset()
    by_year_day: frozenset[int] = frozenset()
    by_month_day: frozenset[int] = frozenset()
    by_day: frozenset[tuple[int, int]] = frozenset()
    by_position: frozenset[int] = frozenset()
    week_start: int = 0

    @property
    def names_days(self) -> bool:
        """Whether it chooses days by their number, so that it cannot be moved to another."""
        numbered = any(ordinal for _, ordinal in self.by_day)
        others = self.by_month_day or self.by_year_day or self.by_week or self.by_position
        return bool(others) or numbered or bool(self.by_month)


def parse(text: str) -> Rule:
    """The rule.

    Raises:
        RuleError: a part is unknown, comes twice, has no sense, or is not allowed with another.
    """
    parts: dict[str, str] = {}
    for each in text.split(";"):
        name, _, value = each.partition("=")
        if name in parts or not value:
            raise RuleError(f"{name} comes twice or says nothing")
        parts[name] = value
    found: dict[str, object] = {"frequency": parts.pop("FREQ", "")}
    if found["frequency"] not in ("DAILY", "WEEKLY", "MONTHLY", "YEARLY"):
        raise RuleError("FREQ is a day, a week, a month or a year")
    for name, value in parts.items():
        if name not in _PARTS:
            raise RuleError(f"{name} is not followed here")
        key, read = _PARTS[name]
        found[key] = read(value)
    rule = Rule(**found)  # type: ignore[arg-type]
    _check(rule)
    return rule


def moved(text: str, days: int) -> str:
    """A rule without its COUNT, and with its plain weekdays so many days later."""
    kept = []
    for each in text.split(";"):
        name, _, value = each.partition("=")
        if name == "BYDAY" and days % 7:
            later = (_WEEKDAYS[(_WEEKDAYS.index(day) + days) % 7] for day in value.split(","))
            value = ",".join(later)
        if name != "COUNT":
            kept.append(f"{name}={value}")
    return ";".join(kept)


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """What recurs: first beginning and end, zone, rule, how often, and dates without it."""

    starts_at: datetime
    ends_at: datetime
    zone: ZoneInfo
    all_day: bool = False
    rule: Rule | None = None
    count: int = 1
    exceptions: frozenset[date] = field(default_factory=frozenset)

    def occurrences(self, budget: float | None = None) -> list[tuple[datetime, datetime]]:
        """Beginnings and ends in UTC, exceptions left out; `budget` in seconds of computing time.

        Raises:
            UnboundedError: see there.
        """
        return [self.at(each) for each in self.dates(budget) if each not in self.exceptions]

    def dates(self, budget: float | None = None) -> list[date]:
        """The dates in its zone, exceptions among them.

        Raises:
            UnboundedError: see there.
        """
        first = self.starts_at.astimezone(self.zone).date()
        if self.rule is None:
            return [first]
        most = min(self.count, self.rule.count or self.count)
        if (self.rule.count or 0) > MOST:
            raise UnboundedError(f"{self.rule.count} times are more than {MOST}")
        last = _until(self.rule, self.zone, self.starts_at)
        clock = time.thread_time
        until = clock() + budget if budget is not None else None
        found = [first]
        looked = 0
        for days in _periods(self.rule, first):
            looked += len(days)
            if looked > _MOST_DAYS or (until is not None and clock() > until):
                raise UnboundedError("it takes too long until the rule has fired as often")
            for day in _chosen(self.rule, days, first):
                if len(found) >= most or (last is not None and day > last):
                    return found
                if day > first:
                    found.append(day)
            if len(found) >= most or (last is not None and days[-1] > last):
                return found
        return found

    def at(self, day: date) -> tuple[datetime, datetime]:
        """The occurrence of a date in UTC.

        A wall-clock time that a change of clocks leaves out is read with the offset before it
        (RFC 5545, section 3.3.5). An all-day occurrence ends at a midnight, however long its days.
        """
        start, end = self.starts_at.astimezone(self.zone), self.ends_at.astimezone(self.zone)
        begins = datetime.combine(day, start.time(), self.zone).astimezone(UTC)
        if not self.all_day:
            return begins, begins + (self.ends_at - self.starts_at)
        ends = datetime.combine(day + (end.date() - start.date()), end.time(), self.zone)
        return begins, ends.astimezone(UTC)


def _numbers(low: int, high: int, *, signed: bool) -> Callable[[str], frozenset[int]]:
    def read(text: str) -> frozenset[int]:
        found = set()
        for each in text.split(","):
            digits = each.removeprefix("-").removeprefix("+") if signed else each
            if not (digits.isascii() and digits.isdigit() and low <= int(digits) <= high):
                raise RuleError(f"{each} is out of range")
            found.add(int(each))
        return frozenset(found)

    return read


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= 99_999):
        raise RuleError(f"{text} is no number of times")
    return int(text)


def _weekday(text: str) -> int:
    if text not in _WEEKDAYS:
        raise RuleError(f"{text} is no weekday")
    return _WEEKDAYS.index(text)


def _weekdays(text: str) -> frozenset[tuple[int, int]]:
    found = set()
    for each in text.split(","):
        ordinal = each[:-2]
        number = ordinal.removeprefix("-").removeprefix("+")
        if ordinal and not (number.isascii() and number.isdigit() and 1 <= int(number) <= 53):
            raise RuleError(f"{each} is no weekday")
        found.add((_weekday(each[-2:]), int(ordinal or 0)))
    return frozenset(found)


def _moment(text: str) -> str:
    try:
        if "T" in text:
            datetime.strptime(text.removesuffix("Z"), "%Y%m%dT%H%M%S")
        else:
            datetime.strptime(text, "%Y%m%d")
    except ValueError as error:
        raise RuleError(f"{text} is no moment") from error
    return text


_PARTS: dict[str, tuple[str, Callable[[str], object]]] = {
    "INTERVAL": ("interval", _number),
    "COUNT": ("count", _number),
    "UNTIL": ("until", _moment),
    "BYMONTH": ("by_month", _numbers(1, 12, signed=False)),
    "BYWEEKNO": ("by_week", _numbers(1, 53, signed=True)),
    "BYYEARDAY": ("by_year_day", _numbers(1, 366, signed=True)),
    "BYMONTHDAY": ("by_month_day", _numbers(1, 31, signed=True)),
    "BYDAY": ("by_day", _weekdays),
    "BYSETPOS": ("by_position", _numbers(1, 366, signed=True)),
    "WKST": ("week_start", _weekday),
}


def _check(rule: Rule) -> None:
    """What the RFC does not allow together."""
    ordinals = any(ordinal for _, ordinal in rule.by_day)
    if ordinals and (rule.frequency not in ("MONTHLY", "YEARLY") or rule.by_week):
        raise RuleError("a weekday has a number within a month or a year alone")
    if rule.by_week and rule.frequency != "YEARLY":
        raise RuleError("BYWEEKNO goes with years alone")
    if rule.by_year_day and rule.frequency != "YEARLY":
        raise RuleError("BYYEARDAY goes with years alone here")
    if rule.by_month_day and rule.frequency == "WEEKLY":
        raise RuleError("BYMONTHDAY does not go with weeks")
    if rule.count is not None and rule.until is not None:
        raise RuleError("COUNT and UNTIL exclude each other")
    others = rule.by_month or rule.by_week or rule.by_year_day or rule.by_month_day or rule.by_day
    if rule.by_position and not others:
        raise RuleError("BYSETPOS needs another part to choose from")


def _until(rule: Rule, zone: ZoneInfo, starts_at: datetime) -> date | None:
    """The last date on which an occurrence may begin."""
    if rule.until is None:
        return None
    if "T" not in rule.until:
        return datetime.strptime(rule.until, "%Y%m%d").date()
    naive = datetime.strptime(rule.until.removesuffix("Z"), "%Y%m%dT%H%M%S")
    moment = naive.replace(tzinfo=UTC if rule.until.endswith("Z") else zone).astimezone(zone)
    at = starts_at.astimezone(zone).time()
    return moment.date() if at <= moment.time() else moment.date() - timedelta(days=1)


def _periods(rule: Rule, first: date) -> Iterator[list[date]]:
    """The days of each period from that of the first occurrence on, to the end of the calendar."""
    step = rule.interval
    try:
        if rule.frequency in ("DAILY", "WEEKLY"):
            length = 1 if rule.frequency == "DAILY" else 7
            ahead = (first.weekday() - rule.week_start) % 7 if length == 7 else 0
            begin = first - timedelta(days=ahead)
            while True:
                yield [begin + timedelta(days=each) for each in range(length)]
                begin += timedelta(days=length * step)
        year, month = first.year, first.month
        while True:
            if rule.frequency == "MONTHLY":
                days = calendar.monthrange(year, month)[1]
                yield [date(year, month, each + 1) for each in range(days)]
                year, month = year + (month - 1 + step) // 12, (month - 1 + step) % 12 + 1
            else:
                yield _year(rule, year, first)
                year += step
    except (OverflowError, ValueError):
        return


def _year(rule: Rule, year: int, first: date) -> list[date]:
    """The days of a year, and with week numbers those of its weeks; one where only one can be."""
    if _silent(rule) and not rule.by_month:
        try:
            return [date(year, first.month, first.day)]
        except ValueError:  # 29 February, or the end of the calendar
            return [date(year, 3, 1)]
    if rule.by_week:
        begin, end = _week_one(year, rule.week_start), _week_one(year + 1, rule.week_start)
    else:
        begin, end = date(year, 1, 1), date(year + 1, 1, 1)
    return [begin + timedelta(days=each) for each in range((end - begin).days)]


def _week_one(year: int, week_start: int) -> date:
    """The first day of the first week with four days in the year."""
    fourth = date(year, 1, 4)
    return fourth - timedelta(days=(fourth.weekday() - week_start) % 7)


def _silent(rule: Rule) -> bool:
    """Whether no part chooses days."""
    return not (rule.by_day or rule.by_month_day or rule.by_year_day or rule.by_week)


def _chosen(rule: Rule, days: list[date], first: date) -> list[date]:
    """The days of a period on which the rule fires."""
    found = [each for each in days if _fits(rule, each, days, first)]
    if not rule.by_position:
        return found
    size = len(found)
    places = {each - 1 if each > 0 else size + each for each in rule.by_position}
    return [each for place, each in enumerate(found) if place in places]


def _fits(rule: Rule, day: date, days: list[date], first: date) -> bool:
    if rule.by_month and day.month not in rule.by_month:
        return False
    if rule.by_week and not _in_weeks(rule, day, days):
        return False
    if rule.by_year_day:
        length = 366 if calendar.isleap(day.year) else 365
        number = day.timetuple().tm_yday
        if not {number, number - length - 1} & rule.by_year_day:
            return False
    if rule.by_month_day:
        length = calendar.monthrange(day.year, day.month)[1]
        if not {day.day, day.day - length - 1} & rule.by_month_day:
            return False
    if rule.by_day:
        return any(_on(rule, day, *each) for each in rule.by_day)
    return not _silent_day(rule) or _as_first(rule, day, first)


def _silent_day(rule: Rule) -> bool:
    return not (rule.by_month_day or rule.by_year_day)


def _as_first(rule: Rule, day: date, first: date) -> bool:
    """Whether a day is that of the first occurrence, as far as the rule leaves it open."""
    if rule.frequency == "DAILY":
        return True
    if rule.frequency == "WEEKLY" or rule.by_week:
        return day.weekday() == first.weekday()
    if rule.frequency == "MONTHLY" or rule.by_month:
        return day.day == first.day
    return (day.month, day.day) == (first.month, first.day)


def _in_weeks(rule: Rule, day: date, days: list[date]) -> bool:
    number, weeks = (day - days[0]).days // 7 + 1, len(days) // 7
    return bool({number, number - weeks - 1} & rule.by_week)


def _on(rule: Rule, day: date, weekday: int, ordinal: int) -> bool:
    """Whether a day is the weekday, and the so-manieth of its month or year."""
    if day.weekday() != weekday:
        return False
    if not ordinal:
        return True
    if rule.frequency == "MONTHLY" or rule.by_month:
        before, length = day.day - 1, calendar.monthrange(day.year, day.month)[1]
    else:
        before, length = (
            day.timetuple().tm_yday - 1,
            (366 if calendar.isleap(day.year) else 365),
        )
    return ordinal in (before // 7 + 1, -((length - 1 - before) // 7 + 1))
