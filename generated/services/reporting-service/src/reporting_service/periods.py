"""Which days a report is about that comes by a rule."""

from __future__ import annotations

from datetime import date, timedelta

from .recurrence import Rule


def days_of(rule: Rule, today: date, most: int) -> tuple[date, date]:
    """First and last day: today for what comes by the hour, else the days up to yesterday that one
    period has, whole months by the month; the last `most` of them.
    """
    if rule.frequency == "HOURLY":
        return today, today
    if rule.frequency == "MONTHLY":
        end = today.replace(day=1) - timedelta(days=1)
        months = end.year * 12 + end.month - rule.interval
        start = date(months // 12, months % 12 + 1, 1)
    else:
        end = today - timedelta(days=1)
        length = rule.interval * (7 if rule.frequency == "WEEKLY" else 1)
        start = today - timedelta(days=length)
    return max(start, end - timedelta(days=most - 1)), end
