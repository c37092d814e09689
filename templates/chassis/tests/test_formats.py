"""Values of JSON are read as strictly as their types and formats are written."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from pydantic import AwareDatetime, ConfigDict, Field, TypeAdapter, ValidationError, create_model

from cloudsync_chassis.formats import FORMATS
from cloudsync_chassis.model import Model, RootModel, from_record
from cloudsync_chassis.problem import Problem
from cloudsync_chassis.texts import formatted
from cloudsync_chassis.validation import parse

SOME = UUID("0190a0c0-0000-7000-8000-00000000000a")
THEN = datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)

Tone = StrEnum("Tone", {"low": "low", "high": "high"})


class Moment(RootModel[AwareDatetime]):
    root: AwareDatetime


class Weekday(RootModel[int]):
    root: Annotated[int, Field(ge=1, le=7)]


class Codes(RootModel[list[str]]):
    root: Annotated[list[str], Field(json_schema_extra={"x-unique": True})]


class Link(RootModel[str]):
    root: Annotated[str, Field(json_schema_extra={"x-format": "uri"}, pattern="^https:")]


KINDS: list[tuple[Any, tuple[Any, ...], tuple[Any, ...]]] = [
    (bool, (True, False), (1, 0, "true", "", None)),
    (int, (0, -1, 1.0, 1e2), (1.5, "1", True, None)),
    (float, (0, 1.5, 1e2), ("1.5", False, None)),
    (str, ("", "0", "true"), (0, True, None, [])),
    (Tone, ("low",), ("LOW", "", 0, ["low"])),
    (Literal["low"], ("low",), ("high", 0)),
    (
        AwareDatetime,
        (
            *("2020-01-02T03:04:05Z", "2020-01-02t03:04:05.1234567z", "2020-01-02T03:04:05-00:00"),
            *("0001-01-01T09:00:00+09:00", "9999-12-31T23:59:59.999999Z"),
        ),
        (
            *("0", "1577836800", 0, 1.5, "", "2020-01-02", "20200102", "2020-01-02T03:04:05"),
            *("2020-01-02 03:04:05Z", "2020-01-02T03:04Z", "2020-01-02T03:04:05+0100"),
            *("2020-01-02T03:04:05,5Z", "2020-01-02T24:00:00Z", "2020-02-30T00:00:00Z"),
            *("2020-01-02T03:04:05+24:00", "2020-01-02T03:04:05Z\n", "\uff12020-01-02T03:04:05Z"),
            *("0001-01-01T00:00:00+10:00", "9999-12-31T23:59:59-10:00"),
            *("2020-01-02T03:04:05\N{MINUS SIGN}01:00", " 2020-01-02T03:04:05Z"),
        ),
    ),
    (Moment, ("2020-01-02T03:04:05Z",), ("0", 0, "2020-01-02 03:04:05Z")),
    (
        date,
        ("2020-02-29",),
        ("0", 0, "20200229", "2020-2-29", "2019-02-29", "2020-02-29T00:00:00Z"),
    ),
    (
        UUID,
        (str(SOME), str(SOME).upper()),
        (SOME.hex, f"{{{SOME}}}", SOME.urn, f"{{{SOME.hex}}}", "-" * 36, f"{SOME} ", "", 0),
    ),
    (
        IPv4Address | IPv6Address,
        ("192.0.2.1", "2001:db8::1"),
        ("fe80::1%eth0", "192.0.2.01", "192.0.2.0/24", 1, ""),
    ),
    (Weekday, (1, 7.0), ("1", True, 0)),
    (Codes, ([], ["a", "b"]), (["a", "a"], "ab")),
    (Link, ("https://example.org",), ("http://example.org", "https://a b", "https:%zz")),
    (list[date], ([], ["2020-01-02"]), (["0"], {}, "2020-01-02")),
    (dict[str, UUID], ({}, {"a": str(SOME)}), ({"a": SOME.hex}, [])),
    (date | Tone, ("low", "2020-01-02"), ("0", "other")),
]
"""Type of a field, what JSON Schema takes for one, and what it does not."""

TEXTS: list[tuple[str, tuple[str, ...], tuple[str, ...]]] = [
    ("email", ("a@b", "a.b+c@d.example"), ("", "a", "a..b@c", ".a@c", "a.@c", "a@b_c", "a@-b")),
    ("hostname", ("a", "a-b.example"), ("", "-a", "a_b", "a..b", "a.", "ä", "a" * 64)),
    (
        "uri",
        ("urn:a:b", "https://u@[2001:db8::1]:80/a?b#c", "mailto:a@b", "http://a/%41", "a:"),
        (
            "",
            "/a",
            "1a:b",
            "http://a b",
            "http://[::1",
            "http://a/%zz",
            "a:#b#c",
            "http://ä",
            "a:|",
        ),
    ),
    ("uri-reference", ("", "a/b:c", "//a", "?a", "#a", "urn:a"), ("1a:b", "a b", "#a#b", "\\")),
    ("time", ("23:59:59Z", "00:00:00.5+23:59"), ("", "00:00:00", "24:00:00Z", "00:00Z", "0")),
    (
        "duration",
        ("P1D", "PT1H2M", "P1W", "P1Y2M3DT4H"),
        ("", "P", "PT", "P1W1D", "P1.5D", "P1Y1D"),
    ),
]


def taken(kind: Any, value: Any) -> bool:
    """Whether a body may hold the value."""
    model = create_model("Body", __base__=Model, it=(kind, ...))
    try:
        parse(model, json.dumps({"it": value}).encode())
    except Problem:
        return False
    return True


@pytest.mark.parametrize(("kind", "good", "bad"), KINDS)
def test_bodies_hold_what_their_types_say(
    kind: Any, good: tuple[Any, ...], bad: tuple[Any, ...]
) -> None:
    assert [each for each in (*good, *bad) if taken(kind, each)] == [*good]
    optional = [each for each in (*good, *bad) if taken(kind | None, each) and each is not None]
    assert optional == [*good]


@pytest.mark.parametrize(("name", "good", "bad"), TEXTS)
def test_texts_are_of_their_format(name: str, good: tuple[str, ...], bad: tuple[str, ...]) -> None:
    kind = Annotated[str, Field(json_schema_extra={"x-format": name}, max_length=80)]
    assert [each for each in (*good, *bad) if taken(kind, each)] == [*good]
    parameter = TypeAdapter(str)
    assert [formatted(name, parameter.validate_python(each)) for each in good] == [*good]
    for each in bad:
        with pytest.raises(ValueError, match=name):
            formatted(name, each)


def test_every_format_is_in_the_table() -> None:
    assert {name for name, *_ in TEXTS} == FORMATS.keys()


def test_a_format_is_asked_beside_other_limits() -> None:
    told = {"x-format": "uri", "x-nullable": True}
    kind = Annotated[str | None, Field(json_schema_extra=told, max_length=12, pattern="^a:")]
    good, bad = ("a:b", None), ("b:a", "a:" + "b" * 12, "a: ")
    assert [each for each in (*good, *bad) if taken(kind, each)] == [*good]


class Repeated(Model):
    model_config = ConfigDict(json_schema_extra={"x-dependent-required": {"ruleText": ["count"]}})
    rule_text: Annotated[str | None, Field(alias="ruleText")] = None
    count: int | None = None


def test_a_field_comes_with_those_that_belong_to_it() -> None:
    both, other = {"ruleText": "DAILY", "count": 2}, {"count": 2}
    assert [each for each in (both, other, {}, {"ruleText": "DAILY"}) if taken(Repeated, each)] == [
        *(both, other, {})
    ]
    with pytest.raises(ValidationError, match="ruleText: not without others"):
        Repeated(rule_text="DAILY")


class Listed(Model):
    items: Annotated[list[Any] | None, Field(json_schema_extra={"x-unique": True})] = None
    codes: Annotated[list[Link] | None, Field(json_schema_extra={"x-unique": True})] = None


@pytest.mark.parametrize("items", [["a", "b"], ["1", 1], [True, 1], [{"a": 1}, {"a": 2}], ["a"]])
def test_items_that_differ_may_stand_beside_each_other(items: list[Any]) -> None:
    assert Listed(items=items).items == items


@pytest.mark.parametrize("items", [["a", "b", "a"], [1, 1], [{"a": [1]}, {"a": [1]}], [None, None]])
def test_items_that_repeat_are_refused(items: list[Any]) -> None:
    with pytest.raises(ValidationError, match="items must be unique"):
        Listed(items=items)


def test_items_with_limits_of_their_own_are_compared_by_their_values() -> None:
    near, far = Link("https://a.example"), Link("https://b.example")
    assert Listed(codes=[near, far]).codes == [near, far]
    with pytest.raises(ValidationError, match="items must be unique"):
        Listed(codes=[near, far, near])


@pytest.mark.parametrize(
    ("pattern", "good", "bad"),
    [
        ("^a+$", ("a",), ("a\n", "b")),
        ("^(?!aa$)a+$", ("a", "aaa"), ("aa", "a\n", "aaa\n")),
        (r"^(?!\$)[$a]\$$", ("a$",), ("$$", "a$\n")),
        (r"^\(?=$", ("=", "(="), ("(", "=\n")),
        (r"^\p{L}$", ("é",), ("1", "é\n")),
    ],
)
def test_the_end_of_an_expression_is_that_of_the_text(
    pattern: str, good: tuple[str, ...], bad: tuple[str, ...]
) -> None:
    kind = Annotated[str, Field(pattern=pattern)]
    assert [each for each in (*good, *bad) if taken(kind, each)] == [*good]


def test_a_fault_says_what_is_wanted() -> None:
    model = create_model("Body", __base__=Model, at=(AwareDatetime, ...))
    with pytest.raises(Problem) as caught:
        parse(model, b'{"at": "0"}')
    wanted = "Input should be a time as 2030-01-31T09:30:00Z (RFC 3339)"
    assert [(each.pointer, each.detail) for each in caught.value.errors] == [("/at", wanted)]


def test_values_of_python_are_read_as_before() -> None:
    """What a store or a handler has at hand is no text of a stranger's."""
    fields: dict[str, Any] = {"at": (AwareDatetime, ...), "id": (UUID, ...), "day": (Moment, ...)}
    model = create_model("Thing", __base__=Model, **fields)
    made = model.model_validate({"at": THEN, "id": SOME, "day": THEN})
    assert model.model_validate_json(made.model_dump_json()) == made
    assert from_record(model, {"at": "2020-01-02 03:04:05Z", "id": SOME.hex, "day": THEN}) == made
    with pytest.raises(ValidationError):
        model.model_validate({"at": THEN, "id": SOME.hex, "day": THEN})


def test_a_field_may_be_called_as_a_keyword_of_a_schema() -> None:
    names = {"type": (str, ...), "schema_": (date, ...), "fields": (list[UUID], ...)}
    fields: dict[str, Any] = names
    model = create_model("Thing", __base__=Model, **fields)
    good = {"type": "date", "schema_": "2020-01-02", "fields": [str(SOME)]}
    assert model.model_validate_json(json.dumps(good)).model_dump(mode="json") == good
    with pytest.raises(ValidationError):
        model.model_validate_json(json.dumps({**good, "schema_": "0"}))
