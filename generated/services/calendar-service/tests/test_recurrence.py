"""Rules against the examples of RFC 5545, section 3.8.5.3, and what they do not say."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from calendar_service.recurrence import RuleError, Series, UnboundedError, moved, parse
from calendar_service.spans import Span, Timeline, gaps, layered, worked

NEW_YORK = ZoneInfo("America/New_York")


def series(rule: str, count: int, start: datetime, zone: ZoneInfo = NEW_YORK) -> Series:
    first = start.replace(tzinfo=zone).astimezone(UTC)
    return Series(
        starts_at=first,
        ends_at=first + timedelta(hours=1),
        zone=zone,
        rule=parse(rule),
        count=count,
    )


@pytest.mark.parametrize(
    ("rule", "first", "expected"),
    [
        ("FREQ=MONTHLY;BYDAY=1FR", "19970905", "19970905 19971003 19971107 19971205"),
        (
            "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2",
            "19970929",
            "19970929 19971030 19971127 19971230",
        ),
        ("FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO", "19970512", "19970512 19980511 19990517"),
        (
            "FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8",
            "19961105",
            "19961105 20001107 20041102",
        ),
        (
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=MO",
            "19970805",
            "19970805 19970810 19970819 19970824",
        ),
        (
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=SU",
            "19970805",
            "19970805 19970817 19970819 19970831",
        ),
        ("FREQ=YEARLY;BYDAY=20MO", "19970519", "19970519 19980518 19990517"),
        ("FREQ=MONTHLY;BYMONTHDAY=-3", "19970928", "19970928 19971029 19971128"),
        ("FREQ=MONTHLY;BYDAY=-2MO", "19970922", "19970922 19971020 19971117"),
        (
            "FREQ=YEARLY;INTERVAL=3;BYYEARDAY=1,100,200",
            "19970101",
            "19970101 19970410 19970719 20000101 20000409 20000718",
        ),
        ("FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", "19980213", "19980213 19980313 19981113"),
        ("FREQ=YEARLY;BYMONTH=6,7", "19970610", "19970610 19970710 19980610"),
        ("FREQ=DAILY;BYMONTH=1;INTERVAL=2", "19980130", "19980130 19990101 19990103"),
        ("FREQ=MONTHLY", "20230131", "20230131 20230331 20230531"),
        ("FREQ=YEARLY", "20240229", "20240229 20280229 20320229"),
        ("FREQ=DAILY;COUNT=2", "20300101", "20300101 20300102"),
        ("FREQ=DAILY;UNTIL=20300103", "20300101", "20300101 20300102 20300103"),
        ("FREQ=DAILY;UNTIL=20300103T130000Z", "20300101", "20300101 20300102"),
    ],
)
def test_dates_of_rules(rule: str, first: str, expected: str) -> None:
    start = datetime.strptime(first, "%Y%m%d").replace(hour=9)
    wanted = expected.split()
    longest = 50 if "COUNT" in rule or "UNTIL" in rule else len(wanted)
    found = series(rule, longest, start).dates()
    assert [each.strftime("%Y%m%d") for each in found] == wanted


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=HOURLY",
        "FREQ=DAILY;BYHOUR=9",
        "FREQ=DAILY;COUNT=2;COUNT=3",
        "FREQ=DAILY;COUNT=2;UNTIL=20300101",
        "FREQ=WEEKLY;BYDAY=1MO",
        "FREQ=WEEKLY;BYMONTHDAY=1",
        "FREQ=MONTHLY;BYWEEKNO=3",
        "FREQ=MONTHLY;BYDAY=XX",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;BYSETPOS=1",
        "FREQ=DAILY;UNTIL=20301301",
        "FREQ=YEARLY;BYMONTH=13",
    ],
)
def test_rules_that_are_not_followed(rule: str) -> None:
    with pytest.raises(RuleError):
        parse(rule)


def test_a_rule_that_never_fires_is_given_up() -> None:
    never = series("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", 2, datetime(2030, 1, 1, 9))
    with pytest.raises(UnboundedError):
        never.dates()
    with pytest.raises(UnboundedError):
        series("FREQ=DAILY;COUNT=731", 730, datetime(2030, 1, 1, 9)).dates()
    assert len(series("FREQ=DAILY", 730, datetime(2030, 1, 1, 9)).dates(0.5)) == 730


def test_nine_o_clock_stays_nine_o_clock_when_clocks_change() -> None:
    weekly = series("FREQ=WEEKLY", 3, datetime(2030, 3, 3, 9))
    assert [each[0].hour for each in weekly.occurrences()] == [14, 13, 13]
    skipped = series("FREQ=DAILY", 2, datetime(2030, 3, 9, 2, 30))
    begins = skipped.occurrences()[1][0]  # 2:30 does not exist on 10 March
    assert begins == datetime(2030, 3, 10, 7, 30, tzinfo=UTC)


def test_all_day_ends_at_midnight_on_the_short_day_too() -> None:
    first = datetime(2030, 3, 9, tzinfo=NEW_YORK)
    days = Series(
        starts_at=first.astimezone(UTC),
        ends_at=datetime(2030, 3, 10, tzinfo=NEW_YORK).astimezone(UTC),
        zone=NEW_YORK,
        all_day=True,
        rule=parse("FREQ=DAILY"),
        count=3,
        exceptions=frozenset({date(2030, 3, 11)}),
    )
    lengths = [(end - start) / timedelta(hours=1) for start, end in days.occurrences()]
    assert lengths == [24, 23]


def test_weekdays_move_with_their_series() -> None:
    assert moved("FREQ=WEEKLY;COUNT=4;BYDAY=MO,SU", 1) == "FREQ=WEEKLY;BYDAY=TU,MO"


def hour(number: int) -> datetime:
    return datetime(2030, 1, 1, number, tzinfo=UTC)


def test_the_strongest_of_several_spans_shows() -> None:
    spans = [
        Span(hour(8), hour(12), "unavailable"),
        Span(hour(9), hour(11), "tentative"),
        Span(hour(10), hour(11), "busy"),
        Span(hour(11), hour(13), "busy"),
    ]
    assert layered(spans, hour(9), hour(20)) == [
        Span(hour(9), hour(10), "tentative"),
        Span(hour(10), hour(13), "busy"),
    ]
    assert gaps([Span(hour(9), hour(12))], hour(8), hour(14)) == [
        Span(hour(8), hour(9), "unavailable"),
        Span(hour(12), hour(14), "unavailable"),
    ]
    line = Timeline([Span(hour(9), hour(10)), Span(hour(12), hour(13))])
    assert line.free(hour(10), hour(12))
    assert not line.free(hour(11), hour(14))
    assert not line.free(hour(8), hour(11))
    night = worked([(2, "20:00", "24:00", ZoneInfo("Etc/UTC"))], hour(1), hour(23))
    assert [(each.start.hour, each.end.day) for each in night] == [(20, 2)]
