"""Deprecation, sunsets and stability, judged on a day that the caller names."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from cloudsync_gen.compat.openapi import compare_openapi
from compat.documents import Json, document, request, said

DAY = date(2026, 11, 22)
BEFORE, AFTER = "2026-11-21", "2026-11-23"


def call(**fields: Any) -> Json:
    return document({"/parcels": {"get": fields, "put": {}}})


def ending(day: Any) -> Json:
    return call(deprecated=True, **{"x-sunset": day})


def parameter(**fields: Any) -> Json:
    return call(parameters=[{"in": "query", "name": "a", "schema": {}, **fields}])


def named(**fields: Any) -> Json:
    return request({"type": "object", "properties": {"a": {"type": "string", **fields}}})


GONE = document({"/parcels": {"put": {}}})

TABLE: list[tuple[str, Json, Json, list[str]]] = [
    ("announced", call(), call(deprecated=True), ["I endpoint-deprecated"]),
    ("announced with a day", call(), ending(AFTER), ["I endpoint-deprecated-with-sunset"]),
    ("announced for today", call(), ending(DAY), ["I endpoint-deprecated-with-sunset"]),
    ("announced too late", call(), ending(BEFORE), ["E api-sunset-date-too-small"]),
    ("announced for no day", call(), ending("soon"), ["E api-deprecated-sunset-parse"]),
    ("taken back", ending(AFTER), call(), ["I endpoint-reactivated"]),
    ("the day taken back", ending(AFTER), call(deprecated=True), ["E sunset-deleted"]),
    ("put off", ending(AFTER), ending("2027-01-01"), []),
    ("moved up", ending("2027-01-01"), ending(AFTER), ["W api-sunset-date-changed-too-small"]),
    ("moved into the past", ending(AFTER), ending(BEFORE), ["E api-sunset-date-changed-too-small"]),
    ("an unreadable day that stays", ending("soon"), ending("soon"), []),
    (
        "an unreadable day made readable",
        ending("soon"),
        ending(AFTER),
        ["E api-deprecated-sunset-parse"],
    ),
    ("removed before the day", ending(AFTER), GONE, ["E api-removed-before-sunset"]),
    ("removed on the day", ending(DAY.isoformat()), GONE, ["I api-removed-with-deprecation"]),
    ("removed after the day", ending(BEFORE), GONE, ["I api-removed-with-deprecation"]),
    ("removed without a day", call(deprecated=True), GONE, ["W api-removed-with-deprecation"]),
    ("removed with an unreadable day", ending("soon"), GONE, ["E api-path-sunset-parse"]),
    (
        "stability lost",
        call(**{"x-stability-level": "stable"}),
        call(),
        ["E api-stability-decreased"],
    ),
    (
        "stability lowered from what is assumed",
        call(),
        call(**{"x-stability-level": "alpha"}),
        ["E api-stability-decreased"],
    ),
    (
        "stability lowered a little",
        call(),
        call(**{"x-stability-level": "beta"}),
        ["W api-stability-decreased"],
    ),
    (
        "stability promised in so many words",
        call(),
        call(**{"x-stability-level": "stable"}),
        ["I api-stability-increased"],
    ),
    (
        "stability that nobody knows",
        call(),
        call(**{"x-stability-level": "solid"}),
        ["E api-invalid-stability-level"],
    ),
    (
        "parameter removed before its day",
        parameter(deprecated=True, **{"x-sunset": AFTER}),
        call(),
        ["E request-parameter-removed-before-sunset"],
    ),
    (
        "parameter removed after its day",
        parameter(deprecated=True, **{"x-sunset": BEFORE}),
        call(),
        ["I request-parameter-removed-with-deprecation"],
    ),
    (
        "parameter announced",
        parameter(),
        parameter(deprecated=True),
        ["I request-parameter-deprecated"],
    ),
    (
        "property announced",
        named(),
        named(deprecated=True, **{"x-sunset": AFTER}),
        ["I request-property-deprecated-with-sunset"],
    ),
    (
        "property announced too late",
        named(),
        named(deprecated=True, **{"x-sunset": BEFORE}),
        ["E request-property-sunset-date-too-small"],
    ),
]


@pytest.mark.parametrize(
    ("old", "new", "codes"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_a_life_as_announced(old: Json, new: Json, codes: list[str]) -> None:
    assert said(compare_openapi(old, new, today=DAY)) == codes


def test_the_day_decides() -> None:
    levels = [
        said(compare_openapi(ending("2026-11-22"), GONE, today=date(2026, 11, day)))
        for day in (21, 22, 23)
    ]
    assert levels == [
        ["E api-removed-before-sunset"],
        ["I api-removed-with-deprecation"],
        ["I api-removed-with-deprecation"],
    ]
