"""What the published schemas of the layers say to people who write a model."""

from __future__ import annotations

import re
from collections.abc import Iterator
from inspect import cleandoc
from typing import Any

import msgspec
import pytest
from msgspec import Struct

from cloudsync_gen.cli.schema import schema
from cloudsync_gen.model.documented import fields_of, structs_in, summary_of
from cloudsync_gen.model.ids import LAYERS
from cloudsync_gen.model.layers import ELEMENT_TYPES
from cloudsync_gen.targets.layer_schemas import element_schema, layer_schema

STRUCTS = structs_in(ELEMENT_TYPES.values())


def properties(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and schema of each field of each definition."""
    for name, definition in schema["$defs"].items():
        for key, each in definition["properties"].items():
            yield f"{name}.{key}", each


@pytest.mark.parametrize("layer", LAYERS)
def test_every_field_of_every_schema_says_what_it_means(layer: str) -> None:
    found = dict(properties(layer_schema(layer)))
    assert len(found) > 10
    for name, each in found.items():
        text = each.get("description", "")
        assert re.fullmatch(r"[A-Z`].{6,}[.]", text), (name, text)
        assert "\n" not in text


@pytest.mark.parametrize("name", ELEMENT_TYPES)
def test_the_schema_of_one_type_says_the_same(name: str) -> None:
    found = schema(name)
    assert not isinstance(found, str)
    assert all(each["description"] for _, each in properties(found))
    assert found == element_schema(ELEMENT_TYPES[name])


@pytest.mark.parametrize("struct", STRUCTS.values(), ids=lambda struct: struct.__name__)
def test_a_docstring_speaks_of_the_fields_that_there_are(struct: type[Struct]) -> None:
    told = re.findall(
        r"^    (\w+): ", cleandoc(struct.__doc__ or "").partition("Attributes:\n")[2], re.MULTILINE
    )
    fields = [each.name for each in msgspec.structs.fields(struct)]
    own = [name for name in struct.__annotations__ if name in fields]
    assert told == own
    assert set(fields_of(struct)) == {each.encode_name for each in msgspec.structs.fields(struct)}
    assert summary_of(struct)
    assert "Attributes" not in summary_of(struct)


def test_fields_that_name_elements_say_of_which_type() -> None:
    application, security = layer_schema("application"), layer_schema("security")
    found = dict(properties(application)) | dict(properties(security))
    assert {
        name: found[name]["description"] for name in ("Service.owner", "Command.permission")
    } == {
        "Service.owner": "The team that answers for it. Id of `business.actor`.",
        "Command.permission": (
            "`resource:action` that the caller needs. Permission of `security.resource`."
        ),
    }
    assert "Id of `api.operation` or `api.rpc`." in found["Call.operation"]["description"]
    assert "Id of" not in found["Service.tier"]["description"]
