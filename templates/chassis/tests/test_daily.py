"""A daily stretch: when it ends, in any zone, over midnight and over changes of the clock."""

from __future__ import annotations

from datetime import datetime

import pytest

from cloudsync_chassis.daily import ends

BERLIN = "Europe/Berlin"


@pytest.mark.parametrize(
    ("now", "begin", "end", "zone", "over"),
    [
        ("2030-01-02T12:00:00+00:00", "22:00", "07:00", "UTC", None),
        ("2030-01-02T23:00:00+00:00", "22:00", "07:00", "UTC", "2030-01-03T07:00:00+00:00"),
        ("2030-01-02T06:59:59+00:00", "22:00", "07:00", "UTC", "2030-01-02T07:00:00+00:00"),
        ("2030-01-02T07:00:00+00:00", "22:00", "07:00", "UTC", None),
        ("2030-01-02T22:30:00+00:00", "23:00", "24:00", BERLIN, "2030-01-02T23:00:00+00:00"),
        # the night in which the clocks of Berlin go forward is an hour shorter
        ("2030-03-30T23:00:00+00:00", "22:00", "07:00", BERLIN, "2030-03-31T05:00:00+00:00"),
        ("2030-01-02T23:00:00+00:00", "22:00", "07:00", "nowhere", "2030-01-03T07:00:00+00:00"),
        ("2030-01-02T22:00:00+00:00", "22:00", "22:00", "UTC", None),
        ("2030-01-02T10:00:00+00:00", "22:00", "22:00", "UTC", None),
    ],
)
def test_a_stretch_ends_when_its_people_think_so(
    now: str, begin: str, end: str, zone: str, over: str | None
) -> None:
    found = ends(datetime.fromisoformat(now), begin, end, zone)
    assert found == (datetime.fromisoformat(over) if over else None)
