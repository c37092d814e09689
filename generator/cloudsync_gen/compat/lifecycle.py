"""Deprecation, sunset dates and stability levels: what was announced, and whether it was kept.

`x-sunset` is a full date (RFC 3339), `x-stability-level` one of draft, alpha, beta, stable.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import NamedTuple

from msgspec import Struct

from cloudsync_gen.compat.values import Raw, text
from cloudsync_gen.model.changes import Level

_DATE = re.compile(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(?=$|[Tt ])")
_STABILITY = ("draft", "alpha", "beta", "stable")
_UNSTABLE = frozenset({"draft", "alpha"})


class Codes(NamedTuple):
    """The ids under which one kind of thing reports its lifecycle."""

    deprecated: str
    with_sunset: str
    reactivated: str
    deleted: str
    unreadable: str
    too_early: str
    moved_up: str
    stability: str


OPERATION = Codes(
    deprecated="endpoint-deprecated",
    with_sunset="endpoint-deprecated-with-sunset",
    reactivated="endpoint-reactivated",
    deleted="sunset-deleted",
    unreadable="api-deprecated-sunset-parse",
    too_early="api-sunset-date-too-small",
    moved_up="api-sunset-date-changed-too-small",
    stability="api-stability",
)
PARAMETER = Codes(
    deprecated="request-parameter-deprecated",
    with_sunset="request-parameter-deprecated",
    reactivated="request-parameter-reactivated",
    deleted="request-parameter-sunset-deleted",
    unreadable="request-parameter-sunset-parse",
    too_early="request-parameter-sunset-date-too-small",
    moved_up="request-parameter-sunset-date-changed-too-small",
    stability="request-parameter-stability",
)
SCHEMA = Codes(
    deprecated="{p}-deprecated",
    with_sunset="{p}-deprecated-with-sunset",
    reactivated="{p}-reactivated",
    deleted="{p}-sunset-deleted",
    unreadable="{p}-deprecated-sunset-invalid",
    too_early="{p}-sunset-date-too-small",
    moved_up="{p}-sunset-date-changed-too-small",
    stability="{p}-stability",
)


class Event(NamedTuple):
    """Something that happened to a thing's lifecycle; `keyword` is where it is written."""

    code: str
    level: Level
    keyword: str
    message: str
    before: Raw = None
    after: Raw = None


class Sunset(Struct, frozen=True):
    """What `x-sunset` says: nothing, a day, or something that is no date."""

    written: Raw
    day: date | None

    @property
    def unreadable(self) -> bool:
        """Whether something is written that is no date."""
        return self.written is not None and self.day is None


def sunset(notes: Mapping[str, Raw]) -> Sunset:
    """The sunset of an operation, parameter or schema."""
    written = notes.get("x-sunset")
    if isinstance(written, datetime):
        return Sunset(written, written.date())
    if isinstance(written, date):
        return Sunset(written, written)
    match = _DATE.match(written) if isinstance(written, str) else None
    try:
        return Sunset(written, date.fromisoformat(match[0]) if match else None)
    except ValueError:
        return Sunset(written, None)


def is_deprecated(notes: Mapping[str, Raw]) -> bool:
    """Whether `deprecated: true` is written."""
    return notes.get("deprecated") is True


def promises_nothing(notes: Mapping[str, Raw]) -> bool:
    """Whether a thing is marked draft or alpha: it may change in any way, as its mark announced."""
    return text(notes.get("x-stability-level")) in _UNSTABLE


def compare_lifecycle(
    old: Mapping[str, Raw], new: Mapping[str, Raw], today: date, codes: Codes
) -> Iterator[Event]:
    """What happened between two states of one thing."""
    yield from _deprecation(old, new, today, codes)
    yield from _stability(old, new, codes)


def _deprecation(
    old: Mapping[str, Raw], new: Mapping[str, Raw], today: date, codes: Codes
) -> Iterator[Event]:
    was, now = sunset(old), sunset(new)
    if not is_deprecated(new):
        if is_deprecated(old):
            message = "it is no longer deprecated"
            yield Event(codes.reactivated, Level.INFO, "deprecated", message)
        return
    if (was, is_deprecated(old)) == (now, True):
        return
    for side in (was, now):
        if side.unreadable and (side is now or is_deprecated(old)):
            message = "the sunset is not a date"
            yield Event(
                codes.unreadable, Level.ERROR, "x-sunset", message, was.written, now.written
            )
            return
    if not is_deprecated(old):
        yield from _announced(now, today, codes)
    elif was.day != now.day and was.day is not None:
        yield from _moved(was.day, now.day, today, codes)


def _announced(now: Sunset, today: date, codes: Codes) -> Iterator[Event]:
    if now.day is None:
        yield Event(codes.deprecated, Level.INFO, "deprecated", "it was deprecated")
    elif now.day < today:
        message = "it was deprecated with a sunset that lies in the past"
        yield Event(codes.too_early, Level.ERROR, "x-sunset", message, None, now.day)
    else:
        message = "it was deprecated, with a sunset"
        yield Event(codes.with_sunset, Level.INFO, "deprecated", message, None, now.day)


def _moved(was: date, now: date | None, today: date, codes: Codes) -> Iterator[Event]:
    if now is None:
        message = "the sunset was taken back, the deprecation was not"
        yield Event(codes.deleted, Level.ERROR, "x-sunset", message, was)
    elif now < was:
        past = now < today
        message = "the sunset was moved " + ("into the past" if past else "up")
        level = Level.ERROR if past else Level.WARNING
        yield Event(codes.moved_up, level, "x-sunset", message, was, now)


def _stability(old: Mapping[str, Raw], new: Mapping[str, Raw], codes: Codes) -> Iterator[Event]:
    """A level that is not written promises what `stable` does."""
    keyword = "x-stability-level"
    was, now = old.get(keyword), new.get(keyword)
    if was == now:
        return
    for written in (was, now):
        if written is not None and written not in _STABILITY:
            message = "the stability level is none of draft, alpha, beta and stable"
            code = codes.stability.replace("-stability", "-invalid-stability-level")
            yield Event(code, Level.ERROR, keyword, message, was, now)
            return
    if now is None or _rank(now) < _rank(was):
        level = Level.WARNING if (was, now) == (None, "beta") else Level.ERROR
        message = "the promised stability was lowered"
        yield Event(f"{codes.stability}-decreased", level, keyword, message, was, now)
    else:
        message = "the promised stability was raised"
        yield Event(f"{codes.stability}-increased", Level.INFO, keyword, message, was, now)


def _rank(written: Raw) -> int:
    return _STABILITY.index(written if isinstance(written, str) else "stable")
