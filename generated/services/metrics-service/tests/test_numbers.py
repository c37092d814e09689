"""Expressions, sketches and bands."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from metrics_service.bands import Decomposed, ewma, forecast, width_of
from metrics_service.expressions import ExpressionError, compiled
from metrics_service.sketches import Distinct, Quantiles

AT = datetime(2030, 1, 1, tzinfo=UTC)
FACTS = (
    (4.0, {"kind": "a", "plan": "team"}),
    (1.0, {"kind": "b", "plan": "team"}),
    (3.0, {"kind": "a", "plan": "business"}),
    (4.0, {"kind": "c"}),
)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("sum(value)", 12),
        ("count()", 4),
        ('count(kind == "a")', 2),
        ('count(kind != "a")', 2),
        ('sum(value, kind == "a", plan == "team")', 4),
        ('count(kind in ("a", "b")) / count()', 0.75),
        ("sum(value) / count() * 2 - 1", 5),
        ('sum(value) / sum(value, kind == "z")', 0),
        ("min(value) + max(value)", 5),
        ("avg(value)", 3),
        ("last(value)", 4),
        ("unique(value)", 3),
        ("quantile(value, 0.5)", 3.5),
    ],
)
def test_expressions_come_to_the_same_whole_and_in_parts(expression: str, value: float) -> None:
    known = compiled(expression)
    whole, parts = known.empty(), [known.empty(), known.empty()]
    for place, (number, dims) in enumerate(FACTS):
        at = AT + timedelta(minutes=place)
        whole.add(number, at, dims)
        parts[place % 2].add(number, at, dims)
    merged = known.read(parts[0].text)
    merged.merge(known.read(parts[1].text))
    assert known.value(whole) == pytest.approx(value)
    assert known.value(merged) == pytest.approx(value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1 + 1",
        "sum(cost)",
        "drop()",
        "sum(value) ** 2",
        "sum(value).real",
        "sum(value, kind)",
        "sum(value, kind > 3)",
        "count(kind == 3)",
        "quantile(value)",
        "quantile(value, 1.5)",
        "unique(value) + unique(value)",
        "sum(value, other=1)",
        "sum(value) + True",
        "sum(value) * 1e999",
        "__import__('os')",
        "[sum(value)]",
        "(" * 900 + "count()" + ")" * 900,
        " + ".join(["count()"] * 9),
    ],
)
def test_what_is_not_of_the_language_is_refused(text: str) -> None:
    with pytest.raises(ExpressionError):
        compiled(text)


@pytest.mark.parametrize(
    ("text", "additive"),
    [
        ("sum(value) - 2 * count()", True),
        ("sum(value) / 100", True),
        ("sum(value) / count()", False),
        ("sum(value) + 1", False),
        ("avg(value)", False),
        ("sum(value) * count()", False),
    ],
)
def test_sums_are_told_from_what_cannot_be_summed(text: str, additive: bool) -> None:
    assert compiled(text).additive is additive


def test_sketches_are_small_and_nearly_right() -> None:
    dice = random.Random(7)
    for people in (3, 100, 20_000):
        left, right = Distinct(), Distinct()
        for each in range(people):
            for sketch in (left, right):
                if dice.random() < 0.8 or sketch is left:
                    sketch.add(str(each))
        left.merge(Distinct.from_json(right.to_json()))
        assert left.count == pytest.approx(people, rel=0.06)
    values = [dice.lognormvariate(0, 1) for _ in range(20_000)]
    whole, part = Quantiles(), Quantiles()
    for place, each in enumerate(values):
        (whole if place % 3 else part).add(each)
    whole.merge(Quantiles(part.to_json()))
    assert len(whole.to_json()) <= 64
    values.sort()
    for share in (0.01, 0.5, 0.95, 0.99):
        assert whole.at(share) == pytest.approx(values[int(share * 20_000)], rel=0.06)
    known = compiled("unique(value)")
    states = known.empty()
    for each in range(50_000):
        states.add(float(each), AT, {})
    assert len(states.text) <= 5_464


def test_bands_hold_what_is_usual_and_not_what_is_not() -> None:
    dice = random.Random(11)
    curve = [100 + i * 0.1 + 40 * (i % 24 > 8) + dice.gauss(0, 2) for i in range(24 * 21)]
    reach = width_of(1)
    seasonal = Decomposed(curve, 24)
    places = range(24 * 14, 24 * 21)
    outside = sum(not seasonal.band(place, reach).holds(curve[place]) for place in places)
    assert outside / len(places) < 0.06
    night = seasonal.band(24 * 20, reach)
    assert not night.holds(curve[24 * 20] + 40)
    errs = sum(not forecast(curve[:i], 24, reach).holds(curve[i]) for i in places)
    assert errs / len(places) < 0.06
    assert not forecast(curve[: 24 * 20], 24, reach).holds(curve[24 * 20] + 40)
    noise = [dice.gauss(50, 5) for _ in range(300)]
    wild = sum(not ewma(noise[:i], width_of(5)).holds(noise[i]) for i in range(50, 300))
    assert wild / 250 < 0.15
    assert not ewma(noise, width_of(5)).holds(90)
    assert ewma(noise, width_of(5)).score(90) > ewma(noise, width_of(5)).score(75) > 0


def test_an_earlier_anomaly_bends_no_band() -> None:
    curve = [10.0 + (i % 24) for i in range(24 * 14)]
    usual = Decomposed(curve, 24).band(24 * 14 - 1, 3)
    curve[24 * 12] = 10_000.0
    bent = Decomposed(curve, 24).band(24 * 14 - 1, 3)
    assert bent.low == pytest.approx(usual.low, abs=1)
    assert bent.high == pytest.approx(usual.high, abs=1)
