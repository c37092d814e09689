"""Rules of RFC 5545 followed from one run to the next, and the days that a run is about."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from reporting_service.periods import days_of
from reporting_service.recurrence import RuleError, parse

BERLIN = ZoneInfo("Europe/Berlin")


def runs(rule: str, first: str, number: int, zone: ZoneInfo = BERLIN) -> list[str]:
    """Wall-clock times of the runs after the first, as long as there are any."""
    run, found = datetime.fromisoformat(first).replace(tzinfo=zone), []
    for _ in range(number):
        following = parse(rule).following(run, zone, run)
        if following is None:
            break
        run = following
        found.append(run.astimezone(zone).strftime("%m-%dT%H:%M"))
    return found


@pytest.mark.parametrize(
    ("rule", "first", "expected"),
    [
        ("FREQ=DAILY", "2026-03-27T06:00", ["03-28T06:00", "03-29T06:00", "03-30T06:00"]),
        ("FREQ=DAILY;BYHOUR=6,18", "2026-11-01T06:30", ["11-01T18:30", "11-02T06:30"]),
        ("FREQ=DAILY;BYDAY=MO,FR", "2026-11-27T08:00", ["11-30T08:00", "12-04T08:00"]),
        ("FREQ=HOURLY;INTERVAL=6", "2026-11-01T00:00", ["11-01T06:00", "11-01T12:00"]),
        ("FREQ=HOURLY;BYHOUR=9,10;BYDAY=MO", "2026-11-30T09:00", ["11-30T10:00", "12-07T09:00"]),
        ("FREQ=WEEKLY", "2026-11-04T09:00", ["11-11T09:00", "11-18T09:00"]),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,TH", "2026-11-03T09:00", ["11-05T09:00", "11-17T09:00"]),
        ("FREQ=MONTHLY", "2026-01-31T07:00", ["03-31T07:00", "05-31T07:00"]),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", "2026-01-31T07:00", ["02-28T07:00", "03-31T07:00"]),
        ("FREQ=MONTHLY;BYDAY=1MO", "2026-11-02T07:00", ["12-07T07:00", "01-04T07:00"]),
        ("FREQ=MONTHLY;BYDAY=-1FR", "2026-10-30T07:00", ["11-27T07:00", "12-25T07:00"]),
        (
            "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
            "2026-10-30T07:00",
            ["11-30T07:00", "12-31T07:00"],
        ),
        ("FREQ=DAILY;UNTIL=20261102", "2026-11-01T06:00", ["11-02T06:00"]),
        (
            "FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=29",
            "2024-02-29T07:00",
            ["02-29T07:00", "02-29T07:00"],
        ),
    ],
)
def test_runs_follow_the_rule(rule: str, first: str, expected: list[str]) -> None:
    number = len(expected) + ("UNTIL" in rule)
    assert runs(rule, first, number) == expected


def test_an_hour_that_clocks_leave_out_is_read_with_the_offset_before() -> None:
    assert runs("FREQ=DAILY", "2026-03-28T02:30", 1) == ["03-29T03:30"]


def test_what_was_missed_is_passed_over() -> None:
    run = datetime(2026, 11, 1, 6, tzinfo=UTC)
    late = datetime(2026, 11, 20, 12, 40, tzinfo=UTC)
    utc = ZoneInfo("Etc/UTC")
    assert parse("FREQ=HOURLY;INTERVAL=5").following(run, utc, late) == datetime(
        2026, 11, 20, 15, tzinfo=UTC
    )
    assert parse("FREQ=DAILY").following(run, utc, late) == datetime(2026, 11, 21, 6, tzinfo=UTC)


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY;BYMINUTE=5",
        "FREQ=DAILY;COUNT=3",
        "FREQ=DAILY;BYHOUR=24",
        "FREQ=DAILY;BYHOUR=1,",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;BYDAY=2MO",
        "FREQ=WEEKLY;BYDAY=XX",
        "FREQ=WEEKLY;BYMONTHDAY=1",
        "FREQ=MONTHLY;BYSETPOS=1",
        "FREQ=DAILY;FREQ=DAILY",
        "FREQ=DAILY;UNTIL=20261399",
        "FREQ=MONTHLY;BYMONTHDAY=++1",
        "FREQ=WEEKLY;WKST=XX",
        "FREQ=WEEKLY;WKST=MO,TU",
    ],
)
def test_what_is_no_rule(rule: str) -> None:
    with pytest.raises(RuleError):
        parse(rule)


@pytest.mark.parametrize(
    "rule", ["FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30", "FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=31"]
)
def test_a_rule_that_never_fires(rule: str) -> None:
    run = datetime(2026, 11, 1, 6, tzinfo=UTC)
    with pytest.raises(RuleError):
        parse(rule).following(run, BERLIN, run)


@pytest.mark.parametrize(
    ("rule", "most", "expected"),
    [
        ("FREQ=HOURLY", 400, ("2026-03-10", "2026-03-10")),
        ("FREQ=DAILY", 400, ("2026-03-09", "2026-03-09")),
        ("FREQ=WEEKLY", 400, ("2026-03-03", "2026-03-09")),
        ("FREQ=WEEKLY;INTERVAL=2", 10, ("2026-02-28", "2026-03-09")),
        ("FREQ=MONTHLY", 400, ("2026-02-01", "2026-02-28")),
        ("FREQ=MONTHLY;INTERVAL=3", 400, ("2025-12-01", "2026-02-28")),
    ],
)
def test_days_that_a_run_is_about(rule: str, most: int, expected: tuple[str, str]) -> None:
    found = days_of(parse(rule), date(2026, 3, 10), most)
    assert (found[0].isoformat(), found[1].isoformat()) == expected
