"""Which day it is: the one place that asks."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta

from cloudsync_gen.cli.settings import PREFIX, Misconfigured

VARIABLE = f"{PREFIX}TODAY"


def today(given: str | None = None) -> date:
    """The day on which waivers and sunsets are judged: as given, else of `CLOUDSYNC_GEN_TODAY`,
    else of SOURCE_DATE_EPOCH, else now, in UTC. Raises `Misconfigured`.
    """
    named = given or os.environ.get(VARIABLE)
    if named:
        return day(named, "--today" if given else VARIABLE)
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    if epoch.isdigit() and len(epoch) < 12:
        return datetime.fromtimestamp(int(epoch), UTC).date()
    return datetime.now(UTC).date()


def day(text: str, said_by: str) -> date:
    """`2027-01-31`. Raises `Misconfigured`."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Misconfigured(f"{said_by}: `{text}` is no day; write 2027-01-31") from None


def end_of(last: date) -> int:
    """The first second after a day, since 1970 in UTC."""
    after = datetime(last.year, last.month, last.day, tzinfo=UTC) + timedelta(days=1)
    return int(after.timestamp())
