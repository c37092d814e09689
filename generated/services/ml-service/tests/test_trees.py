"""What trees learn, how they are written, and what is measured of them."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from desk import rows, small_model
from ml_service.trees import (
    Ensemble,
    Parameters,
    UnreadableError,
    auc,
    learn,
    mean_error,
    stability,
)


def test_what_was_learnt_tells_better_than_chance_on_rows_that_it_never_saw() -> None:
    known = small_model()
    unseen = rows(2000, 77)
    scores = [known.score(each.features) for each in unseen]
    labels = [each.label for each in unseen]
    assert auc(scores, labels) > 0.68
    assert abs(sum(scores) / 2000 - sum(labels) / 2000) < 0.04
    assert all(0 < each < 1 for each in scores)
    safe, risky = {"declined_day": 0.0}, {"declined_day": 5.0, "disputed_sixty_days": 1.0}
    assert known.score(safe) < 0.15 < 0.5 < known.score(risky)
    reasons = known.reasons(risky)
    assert max(reasons, key=lambda name: reasons[name]) == "declined_day"
    assert abs(reasons["noise"]) < 0.1 * reasons["declined_day"]


def test_the_same_rows_make_the_same_bytes() -> None:
    content = small_model().to_bytes()
    assert small_model().to_bytes() == content
    assert Ensemble.from_bytes(content).to_bytes() == content


def test_numbers_are_learnt_as_well() -> None:
    dice = random.Random(3)
    lags = [{"lag_1": dice.uniform(0, 100)} for _ in range(2000)]
    wanted = [each["lag_1"] * 2 + dice.gauss(0, 1) for each in lags]
    known = learn(lags, wanted, Parameters(trees=60), binary=False)
    found = [known.score(each) for each in lags]
    mean = sum(wanted) / len(wanted)
    assert mean_error(found, wanted) < 0.1 * mean_error([mean] * 2000, wanted)


@pytest.mark.parametrize(
    "change",
    [
        {"format": "pickle"},
        {"trees": [{"leaf": 1.0}]},
        {"trees": [{"split": "evil", "split_condition": 1, "value": 0, "yes": {}, "no": {}}]},
        {"trees": {"leaf": 1}},
        {"base": "x"},
        {"usual": []},
    ],
)
def test_what_is_no_artefact_is_not_read(change: dict[str, Any]) -> None:
    told = {**json.loads(small_model().to_bytes()), **change}
    with pytest.raises(UnreadableError):
        Ensemble.from_bytes(json.dumps(told).encode())
    with pytest.raises(UnreadableError):
        Ensemble.from_bytes(b"\x80\x04")


@pytest.mark.parametrize(
    ("scores", "labels", "found"),
    [
        ([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1], 0.75),
        ([1, 1, 1, 1], [0, 1, 0, 1], 0.5),
        ([3, 2, 1], [1, 1, 0], 1.0),
        ([1, 2], [1, 1], 0.5),
    ],
)
def test_the_area_below_the_curve(scores: list[float], labels: list[float], found: float) -> None:
    assert auc(scores, labels) == found


def test_another_population_is_told() -> None:
    known = small_model()
    same = [known.score(each.features) for each in rows(3000, 8)]
    assert stability(known, same) < 0.1
    assert stability(known, [known.score({"declined_day": 5.0})] * 1000) > 0.25


@pytest.mark.parametrize(
    "told", [{"trees": "0"}, {"trees": "201"}, {"rate": "0"}, {"rate": "x"}, {"depth": "9"}]
)
def test_parameters_are_bounded(told: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"."):
        Parameters.read(told)


def test_one_label_teaches_nothing() -> None:
    with pytest.raises(ValueError, match="one label"):
        learn([{"a": 1.0}] * 50, [1.0] * 50, Parameters())
