"""Laws that hold for any schema: proofs are right, respelling is silent, nothing is left out."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from cloudsync_gen.compat.document import Document, Unchanged
from cloudsync_gen.compat.nodes import Node, Seed
from cloudsync_gen.compat.schema import Schemas
from cloudsync_gen.compat.values import Digests
from compat.documents import TODAY, Json, compare, request, response
from compat.strategies import any_schema, edited, everywhere, ordinary, replaced, values

WARNED = ("one-of-overlap", "one-of-added", "one-of-removed")


def accepts(schema: Any, value: Any) -> bool:
    """What JSON Schema says, told by somebody else."""
    return bool(Draft202012Validator(schema).is_valid(value))


def proven(sub: Any, sup: Any) -> bool:
    digests = Digests()
    base, revision = Document({"a": sub}, digests), Document({"a": sup}, digests)
    schemas = Schemas(base, revision, TODAY, 20_000)
    nodes = Node(revision, [Seed(sup, ("a",))]), Node(base, [Seed(sub, ("a",))])
    return schemas.contains(*nodes)


@given(edited(), st.lists(values, min_size=10, max_size=40))
def test_a_proof_is_right(pair: tuple[Any, Any], found: list[Any]) -> None:
    for sub, sup in (pair, pair[::-1]):
        if proven(sub, sup):
            assert [
                value for value in found if accepts(sub, value) and not accepts(sup, value)
            ] == []


def closed(schema: Any) -> Any:
    """The schema with all its objects closed, so that it says of every property what it accepts."""

    def close(part: Any) -> Any:
        if isinstance(part, dict) and part.get("type") == "object":
            return {**part, "additionalProperties": part.get("additionalProperties") or False}
        return part

    return everywhere(schema, close)


@given(edited(ordinary.map(closed)), st.lists(values, min_size=10, max_size=40))
def test_what_breaks_somebody_is_never_called_safe(pair: tuple[Any, Any], found: list[Any]) -> None:
    old, new = pair
    assume(not any(_is_open(part) for part in (old, new)))
    lost = [value for value in found if accepts(old, value) and not accepts(new, value)]
    gained = [value for value in found if accepts(new, value) and not accepts(old, value)]
    for place, hurts in ((request, lost), (response, gained)):
        changes = compare(place(old), place(new))
        assert not hurts or any(
            change.level.value == "error" or change.code.endswith(WARNED) for change in changes
        )


def _is_open(schema: Any) -> bool:
    """Whether an object somewhere leaves open what stands beside its properties."""
    text = json.dumps(schema)
    return '"additionalProperties": true' in text or '"type": ["' in text


@pytest.mark.parametrize("place", [request, response])
@given(any_schema)
def test_a_schema_is_the_same_as_itself(place: Any, schema: Any) -> None:
    assert compare(place(schema), place(copy.deepcopy(schema))) == ()


@given(ordinary)
def test_a_schema_is_the_same_as_itself_without_looking_at_the_text(schema: Any) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Unchanged, "same", lambda *_: False)
        assert compare(request(schema), request(copy.deepcopy(schema))) == ()


def reordered(chance: random.Random, part: Any) -> Any:
    if not isinstance(part, dict):
        return part
    made = dict(chance.sample(list(part.items()), len(part)))
    for keyword in ("oneOf", "anyOf", "allOf", "required", "enum", "type"):
        if isinstance(made.get(keyword), list):
            made[keyword] = chance.sample(made[keyword], len(made[keyword]))
    return made


def split(chance: random.Random, part: Any) -> Any:
    """An object's properties, each in a part of its own."""
    if not isinstance(part, dict) or "properties" not in part or "additionalProperties" in part:
        return part
    rest = {keyword: value for keyword, value in part.items() if keyword != "properties"}
    parts = [{"properties": {name: value}} for name, value in part["properties"].items()]
    return {**rest, "allOf": chance.sample(parts, len(parts))} if parts else part


def wrapped(chance: random.Random, part: Any) -> Any:
    return {chance.choice(["allOf", "oneOf", "anyOf"]): [part]} if chance.random() < 0.3 else part


def as_const(chance: random.Random, part: Any) -> Any:
    if isinstance(part, dict) and len(part.get("enum", ())) == 1 and "const" not in part:
        return {**{k: v for k, v in part.items() if k != "enum"}, "const": part["enum"][0]}
    return part


def as_alternatives(chance: random.Random, part: Any) -> Any:
    """A list of types as alternatives."""
    types = part.get("type") if isinstance(part, dict) else None
    if not isinstance(types, list) or len(part) > 1:
        return part
    return {chance.choice(["oneOf", "anyOf"]): [{"type": name} for name in types]}


@pytest.mark.parametrize(
    "respell", [reordered, split, as_const, as_alternatives], ids=lambda respell: respell.__name__
)
@given(ordinary, st.integers(0, 2**16))
def test_other_words_are_silent(respell: Any, schema: Any, seed: int) -> None:
    chance = random.Random(seed)
    other = everywhere(schema, lambda part: respell(chance, part))
    for place in (request, response):
        assert compare(place(schema), place(other)) == ()
        assert compare(place(other), place(schema)) == ()


@given(ordinary, st.integers(0, 2**16))
def test_references_instead_of_schemas_are_silent(schema: Any, seed: int) -> None:
    chance = random.Random(seed)
    schemas: Json = {}

    def moved(part: Any) -> Any:
        if not isinstance(part, dict) or chance.random() < 0.5:
            return part
        name = f"Part{len(schemas)}"
        schemas[name] = part
        return {"$ref": f"#/components/schemas/{name}"}

    other = everywhere(schema, moved)
    for place in (request, response):
        assert compare(place(schema), place(other, schemas)) == ()
        assert compare(place(other, schemas), place(schema)) == ()


NARROWINGS: dict[str, list[Json]] = {
    "string": [{"maxLength": 1}, {"pattern": "^zz"}, {"enum": ["q"]}, {"format": "uuid"}],
    "integer": [{"multipleOf": 7}, {"minimum": 50}, {"exclusiveMaximum": -50}, {"const": 99}],
    "array": [{"maxItems": 0}, {"uniqueItems": True}, {"minItems": 9}, {"items": False}],
    "object": [
        {"additionalProperties": False},
        {"required": ["zz"]},
        {"minProperties": 9},
        {"propertyNames": {"maxLength": 1}},
    ],
}
LEAVES: dict[str, Json] = {
    "string": {"type": "string"},
    "integer": {"type": "integer"},
    "array": {"type": "array", "items": {"type": "string"}},
    "object": {"type": "object", "properties": {"name": {"type": "string"}}},
}


@st.composite
def around(draw: st.DrawFn) -> tuple[Any, tuple[str | int, ...]]:
    """A schema with a hole that some of its values reach, and the path to the hole."""
    schema: Any = {}
    path: tuple[str | int, ...] = ()
    for _ in range(draw(st.integers(0, 4))):
        step = draw(
            st.sampled_from(["properties", "items", "allOf", "anyOf", "additionalProperties"])
        )
        if step == "properties":
            properties = {"p": schema, "q": draw(ordinary)}
            schema, path = {"type": "object", "properties": properties}, ("properties", "p", *path)
        elif step == "allOf":
            schema, path = {"allOf": [{"title": "more"}, schema]}, ("allOf", 1, *path)
        elif step == "anyOf":
            schema, path = {"anyOf": [{"type": "boolean"}, schema]}, ("anyOf", 1, *path)
        else:
            name = "array" if step == "items" else "object"
            schema, path = {"type": name, step: schema}, (step, *path)
    return schema, path


def _filled(schema: Any, path: tuple[str | int, ...], leaf: Any) -> Any:
    return replaced(schema, path, lambda _: leaf)


@given(around(), st.sampled_from(sorted(NARROWINGS)), st.integers(0, 3), st.booleans())
def test_a_narrowed_request_and_a_widened_response_are_errors(
    frame: tuple[Any, tuple[str | int, ...]], kind: str, which: int, as_reference: bool
) -> None:
    schema, path = frame
    narrowing = NARROWINGS[kind][which]
    wide: Json = LEAVES[kind]
    narrow = {**wide, **narrowing}
    parts: list[Json] = [{}, {}]
    leaves = [wide, narrow]
    if as_reference:
        parts = [{"Leaf": leaf} for leaf in leaves]
        leaves = [{"$ref": "#/components/schemas/Leaf"}] * 2
    old, new = (_filled(schema, path, leaf) for leaf in leaves)
    sent = compare(request(old, parts[0]), request(new, parts[1]))
    received = compare(response(new, parts[1]), response(old, parts[0]))
    assert any(change.level.value == "error" for change in sent)
    assert any(change.level.value == "error" for change in received)
    assert not any(
        change.level.value == "error"
        for change in compare(request(new, parts[1]), request(old, parts[0]))
    )


@given(any_schema, any_schema)
def test_a_comparison_is_the_same_every_time(old: Any, new: Any) -> None:
    first = compare(request(old), request(new))
    assert first == compare(copy.deepcopy(request(old)), copy.deepcopy(request(new)))
    assert list(first) == sorted(first, key=lambda change: change.order)
