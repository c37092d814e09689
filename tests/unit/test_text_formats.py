"""Formats of texts in contracts, and in the models that are made of them."""

from __future__ import annotations

import json
import sys
from types import ModuleType
from typing import Any

import jsonschema_rs
import pytest
from cloudsync_chassis.formats import FORMATS
from cloudsync_chassis.problem import Problem
from cloudsync_chassis.validation import parse

from cloudsync_gen.engine.forms import models
from cloudsync_gen.model.artefacts import PydanticModels
from cloudsync_gen.targets._models import TEXT_FORMATS, document
from cloudsync_gen.targets.service.candidates import Candidates, Hints

URI = {"type": "string", "format": "uri", "maxLength": 40}
NULL = {"type": "null"}
SHAPES: dict[str, tuple[dict[str, Any], list[Any]]] = {
    "plain": (URI, ["a:b", "a b", 1, None]),
    "patterned": ({**URI, "pattern": "^a:"}, ["a:b", "b:a", "a: "]),
    "nullable": ({**URI, "type": ["string", "null"]}, ["a:b", "a b", None, 1]),
    "union": ({"anyOf": [URI, NULL]}, ["a:b", "a b", None, 1]),
    "referred": ({"$ref": "#/components/schemas/Link"}, ["a:b", "a b", "b:a"]),
    "items": ({"type": "array", "items": URI}, [[], ["a:b"], ["a b"], ["a:b", 1], "a:b"]),
    "bare": (
        {"type": "array", "items": {"type": "string", "format": "hostname"}},
        [["a.example"], ["-a"], [""]],
    ),
    "values": ({"type": "object", "additionalProperties": URI}, [{"a": "a:b"}, {"a": "a b"}]),
    "numbers": (
        {"type": "array", "items": {"type": "integer", "minimum": 1}, "uniqueItems": True},
        [[1, 2], [1.0, 2], ["1"], [True], [1, 1], [1.5]],
    ),
    "lists": (
        {
            "type": "array",
            "items": {"type": "array", "items": {"type": "integer"}, "uniqueItems": True},
        },
        [[[1, 2], [1]], [[1, 1]], [["1"]]],
    ),
    "companions": (
        {
            "type": "object",
            "additionalProperties": False,
            "properties": {"ruleText": {"type": "string"}, "count": {"type": "integer"}},
            "dependentRequired": {"ruleText": ["count"]},
        },
        [{}, {"count": 1}, {"ruleText": "a"}, {"ruleText": "a", "count": 1}],
    ),
    "digits": (
        {"type": "string", "pattern": r"^\d[\w-]\W$"},
        ["1a-", "\u0661a-", "1\u00e9-", "1a\u00e9", "1-a", "1a-\n"],
    ),
    "hyphens": ({"type": "string", "pattern": "^[+--]$"}, ["+", ",", "-", ".", ""]),
    "brackets": ({"type": "string", "pattern": "^[[&&~~]$"}, ["[", "&", "~", "a", ""]),
    "moments": (
        {"type": "array", "items": {"type": "string", "format": "date-time"}},
        [["2020-01-02T03:04:05Z"], ["0"], [0], ["2020-01-02"]],
    ),
}
"""Schemas of a property, and what is tried as its value."""


def made_of(schemas: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The models of a contract with these schemas."""
    made = ModuleType("made_models")
    monkeypatch.setitem(sys.modules, made.__name__, made)
    exec(models.render(PydanticModels(document(schemas))), vars(made))
    return made


def test_the_chassis_knows_the_formats_of_texts() -> None:
    assert FORMATS.keys() == {*TEXT_FORMATS}


@pytest.mark.parametrize("name", SHAPES)
def test_models_take_what_their_schemas_do(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shape, values = SHAPES[name]
    schemas: dict[str, Any] = {
        "Link": {**URI, "pattern": "^a:"},
        "Thing": {
            "type": "object",
            "required": ["made"],
            "properties": {"made": shape},
            "additionalProperties": False,
        },
    }
    made = made_of(schemas, monkeypatch)
    whole = {**schemas["Thing"], "components": {"schemas": schemas}}
    valid = jsonschema_rs.Draft202012Validator(whole, validate_formats=True).is_valid
    taken = []
    for each in values:
        try:
            parse(made.Thing, json.dumps({"made": each}).encode())
        except Problem:
            continue
        taken.append(each)
    assert taken == [each for each in values if valid({"made": each})]
    assert 0 < len(taken) < len(values)


def test_values_without_properties_are_of_the_chassis_class() -> None:
    text = models.render(
        PydanticModels(
            document(
                {
                    "Thing": {
                        "type": "object",
                        "properties": {"links": {"type": "array", "items": URI}},
                    }
                }
            )
        )
    ).decode()
    assert "from cloudsync_chassis.camel import Model, RootModel\n" in text
    assert "class ThingLinksItem(RootModel[str]):" in text
    assert "from pydantic import ConfigDict, Field\n" in text


@pytest.mark.parametrize("name", TEXT_FORMATS)
def test_examples_have_their_format(name: str) -> None:
    thing = {"type": "object", "properties": {"a": {"type": "string", "format": name}}}
    definitions = document({"Thing": thing})["$defs"]
    candidates = Candidates(definitions)
    found = candidates.of(candidates.schema("Thing")["properties"]["a"], Hints([]))
    valid = jsonschema_rs.Draft202012Validator(
        {"type": "string", "format": name}, validate_formats=True
    ).is_valid
    assert found
    assert all(map(valid, found))
