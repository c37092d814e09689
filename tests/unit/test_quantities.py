"""Quantities of Kubernetes, compared across their units."""

from __future__ import annotations

from fractions import Fraction

import pytest

from cloudsync_gen.model.values import quantity


def test_units_are_exact() -> None:
    assert quantity("250m") == quantity("0.25") == Fraction(1, 4)
    assert quantity("1Gi") == quantity("1024Mi") == quantity("1073741824") == 2**30
    assert quantity("1G") == quantity("1000M") == quantity("1000000k") == 10**9
    assert quantity("0.1Ti") < quantity("103Gi") < quantity("0.11T") * 2
    ascending = ("1m", "1", "1k", "1Ki", "1M", "1Mi", "1G", "1Gi", "1T", "1Ti")
    assert sorted(ascending, key=quantity) == [*ascending]


@pytest.mark.parametrize("wrong", ["", "1 Gi", "1gi", "-1", "1e3", "1Mi\n", "\u0661"])
def test_other_text_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="not a quantity"):
        quantity(wrong)
