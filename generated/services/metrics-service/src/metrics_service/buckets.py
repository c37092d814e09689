"""Buckets of time, in UTC."""

from __future__ import annotations

from datetime import datetime, timedelta

from .generated.models import Granularity

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def start(moment: datetime, width: Granularity) -> datetime:
    """The beginning of the bucket in which a moment lies."""
    minute = moment.replace(second=0, microsecond=0)
    if width is Granularity.minute:
        return minute
    hour = minute.replace(minute=0)
    if width is Granularity.hour:
        return hour
    day = hour.replace(hour=0)
    return day if width is Granularity.day else day.replace(day=1)


def end(beginning: datetime, width: Granularity) -> datetime:
    """The end of a bucket, where the next one begins."""
    if width is Granularity.minute:
        return beginning + timedelta(minutes=1)
    if width is Granularity.hour:
        return beginning + HOUR
    if width is Granularity.day:
        return beginning + DAY
    return (beginning + 32 * DAY).replace(day=1)


def count(since: datetime, until: datetime, width: Granularity) -> int:
    """At most how many buckets begin in an interval."""
    lengths = {
        Granularity.minute: timedelta(minutes=1),
        Granularity.hour: HOUR,
        Granularity.day: DAY,
        Granularity.month: 28 * DAY,
    }
    return int((until - since) / lengths[width]) + 1
