"""Validation: nothing to say of what is right, the right place for what is wrong, no way out."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import msgspec
import pytest
import strawberry
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema_path import SchemaPath
from openapi_spec_validator import OpenAPIV31SpecValidator

from cloudsync_gen.contracts.compile import compile_contracts
from cloudsync_gen.contracts.graphql_check import graphql_faults
from cloudsync_gen.contracts.proto_check import proto_faults
from cloudsync_gen.contracts.trials import MAX_MESSAGE, openapi_faults, outline_of
from cloudsync_gen.contracts.validate import validate
from cloudsync_gen.load.cache import ParseCache
from cloudsync_gen.model.schema_check import accepts, faults_of

MANY = settings().max_examples * 10
"""Cheap examples: ten times what the profile asks for."""

DATA = "model/data/all.yaml"
SOURCE = "model/api/rest-apis/catalogue.openapi.yaml"


def test_a_sound_model_has_sound_contracts(library: Any) -> None:
    assert validate(library.model, library.contracts) == ()


@pytest.mark.parametrize(
    ("file", "old", "new", "code", "line"),
    [
        (DATA, "maximum: 9999", "maximum: many", "CTR011", "pages:"),
        (DATA, "maximum: 9999", "maxmum: 9999", "CTR011", "pages:"),
        (DATA, "state: {$ref: \"#/book-state/schema\", default: onShelf}",
         "state: {$ref: \"#/book-state/schema\", default: burnt}", "CTR011", "state: {$ref"),
        (DATA, "required: [items]", "required: items", "CTR011", "required: items"),
        (SOURCE, "enum: [title, -title], default: title", "enum: [title], default: x", "CTR011",
         "- {name: sort"),
        (SOURCE, "summary: Add a book\n      tags: [books]", "summary: Add\n      tags: books",
         "CTR010", "tags: books"),
        (SOURCE, "  /v1/visitors:", "  /v1/visitors/{doorId}:", "CTR010", "openapi: 3.1.0"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_at_its_place_in_the_model(
    library_with: Any, file: str, old: str, new: str, code: str, line: str
) -> None:
    compiled = library_with({file: {old: new}})
    found = validate(compiled.model, compiled.contracts)
    assert {each.code for each in found} == {code}
    assert compiled.where(found[0]).startswith(line)


def test_what_was_valid_once_is_not_judged_again(
    library: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored: dict[str, bytes] = {}
    memory = ParseCache(stored.get, stored.__setitem__)
    assert validate(library.model, library.contracts, memory) == ()

    def fail(*_: object) -> list[object]:
        raise AssertionError("judged again")

    monkeypatch.setattr("cloudsync_gen.contracts.trials.openapi_faults", fail)
    for judge in ("faults_of", "default_faults", "outline_of"):
        monkeypatch.setattr(f"cloudsync_gen.contracts.validate.{judge}", fail)
    assert validate(library.model, library.contracts, memory) == ()


def test_what_only_tells_more_is_not_tried_again(
    library_with: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored: dict[str, bytes] = {}
    memory = ParseCache(stored.get, stored.__setitem__)
    said = ("Add a book", "Add one more book")
    before, after = (library_with({SOURCE: {said[0]: each}}) for each in said)
    assert before.contracts.rest != after.contracts.rest
    assert validate(before.model, before.contracts, memory) == ()

    def fail(_: bytes) -> bytes:
        raise AssertionError("tried again")

    monkeypatch.setattr("cloudsync_gen.contracts.validate.tried", fail)
    known = len(stored)
    assert validate(after.model, after.contracts, memory) == ()
    assert len(stored) == known + 1


def test_what_was_wrong_once_is_judged_again(library_with: Any) -> None:
    stored: dict[str, bytes] = {}
    memory = ParseCache(stored.get, stored.__setitem__)
    compiled = library_with({SOURCE: {"/v1/visitors:": "/v1/visitors/{doorId}:"}})
    first = validate(compiled.model, compiled.contracts, memory)
    assert first
    assert validate(compiled.model, compiled.contracts, memory) == first


_AGAIN = ["/v1/books", "get", "responses"]
WRONG: dict[str, tuple[list[str | int], Any]] = {
    "nothing": (["info", "title"], "Books"),
    "dangling, once": ([*_AGAIN, "403"], {"$ref": "#/components/responses/None"}),
    "a shared response": (["components", "responses"], {}),
    "within a shared response": (
        ["components", "responses", "Unauthenticated", "content"],
        {"application/json": {"schema": {"$ref": "#/components/schemas/None"}}},
    ),
    "an operation id twice": (["paths", "/v1/books", "get", "operationId"], "addBook"),
    "responses that are none": (["paths", *_AGAIN], []),
    "an operation that is none": (["paths", "/v1/books", "get"], 3),
    "a response that is none": (["paths", *_AGAIN, "200"], None),
    "paths that are none": (["paths"], [1]),
    "a parameter that is not declared": (["paths", "/v1/x/{y}"], {"get": {"responses": {}}}),
}


@pytest.mark.parametrize("name", WRONG)
def test_shared_responses_are_looked_at_once_and_nothing_is_missed(library: Any, name: str) -> None:
    document = msgspec.json.decode(msgspec.json.encode(library.contracts.rest["catalogue"].data))
    pointer, value = WRONG[name]
    place = document if pointer[0] != _AGAIN[0] else document["paths"]
    for step in pointer[:-1]:
        place = place[step]
    place[pointer[-1]] = value
    stubs: dict[str, Any] = {each: {} for each in document["components"]["schemas"]}
    outline = {**document, "components": {**document["components"], "schemas": stubs}}
    try:
        errors = [*OpenAPIV31SpecValidator(SchemaPath.from_dict(outline)).iter_errors()]
        meant = {(tuple(each.absolute_path), each.message[:MAX_MESSAGE]) for each in errors}
    except Exception as error:
        meant = {((), f"{type(error).__name__}: {error}"[:MAX_MESSAGE])}
    found = {(each.pointer, each.message) for each in openapi_faults(document)}
    assert found == meant
    assert bool(found) == (name != "nothing")


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Whatever asks for a file or the network while a document is judged."""
    asked: list[str] = []

    def refuse(*arguments: object, **_: object) -> Any:
        asked.append(str(arguments))
        raise OSError("refused")

    monkeypatch.setattr("urllib.request.urlopen", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    return iter([asked])


@pytest.mark.parametrize(
    "reference",
    ["http://127.0.0.1:9/x.json", "https://library.example/x", "file:///etc/hostname", "../x.yaml"],
)
def test_no_reference_out_of_a_document_is_followed(
    library: Any, opened: Iterator[list[str]], reference: str, tmp_path: Path
) -> None:
    document = msgspec.to_builtins(library.contracts.rest["catalogue"].data)
    add = document["paths"]["/v1/books"]["post"]
    add["requestBody"]["content"]["application/json"]["schema"] = {"$ref": reference}
    add["responses"]["200"] = {"$ref": reference}
    faults = openapi_faults(document)
    assert faults
    secret = Path("/etc/hostname").read_text().strip() if Path("/etc/hostname").exists() else "?"
    assert all(secret not in each.message for each in faults)
    assert next(opened) == []


GOOD_SDL = '''
"""When"""
scalar DateTime @specifiedBy(url: "https://library.example/time")
enum State { "on a shelf" SHELF LENT @deprecated(reason: "said elsewhere") class }
interface Node { id: ID! }
interface Named implements Node { id: ID! name(language: String = "en"): String }
union Hit = Book | Shelf
input Filter {
  state: State = SHELF, sort: [State!]! = [LENT], inner: Filter, after: DateTime, n: Int! = 3
}
input One @oneOf { a: Int b: String }
"A book"
type Book implements Node & Named {
  id: ID! name(language: String = "en"): String class: State! import: Float
  old: Int @deprecated(reason: "x") when: DateTime self: [Book]!
}
type Shelf {
  books(first: Int! = 20, filter: Filter = {state: SHELF, n: 4}, state: State = LENT,
    states: [State!] = [SHELF], "where to go on" after: ID @deprecated(reason: "z"),
    nothing: Int = null): [[Book!]]!
}
type Query { search(q: String!, from: Int): Shelf hits: [Hit!]! one(o: One): Int
  node(id: ID!): Node
}
type Mutation { add(filter: Filter!): Book! }
type Subscription { watch(id: ID!): Book! }
'''


def test_strawberry_carries_everything_that_a_schema_can_say() -> None:
    assert list(graphql_faults(GOOD_SDL)) == []


def test_a_loss_within_strawberry_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    sdl = 'type Query { a(b: Int @deprecated(reason: "x")): Int c: Int }'
    assert list(graphql_faults(sdl)) == []
    real = strawberry.argument
    monkeypatch.setattr(strawberry, "argument", lambda name, **_: real(name=name))
    assert list(graphql_faults(sdl)) == ["strawberry loses a part of type `Query`"]


@pytest.mark.parametrize("sdl", ["type Query { a: Nope }", "type Query {", "type A { a: Int }"])
def test_what_is_no_schema_is_seen(sdl: str) -> None:
    assert list(graphql_faults(sdl))


def test_proto_text_that_means_something_else_is_seen(library: Any) -> None:
    contracts = list(library.contracts.grpc.values())
    assert list(proto_faults(contracts)) == []
    seat = library.contracts.grpc["seat"]
    other = msgspec.structs.replace(seat, text=seat.text.replace("bool on = 1", "bool on = 3"))
    rest = [each for each in contracts if each.name != "seat"]
    assert [path for path, _ in proto_faults([*rest, other])] == [seat.import_path]
    broken = msgspec.structs.replace(seat, text=seat.text + "}")
    assert "refuses" in next(iter(proto_faults([*rest, broken])))[1]


KEYWORDS = st.sampled_from(
    [
        *("type", "enum", "const", "multipleOf", "maximum", "minimum", "exclusiveMinimum"),
        *("maxLength", "minLength", "maxItems", "uniqueItems", "required", "dependentRequired"),
        *("properties", "patternProperties", "additionalProperties", "items", "prefixItems"),
        *("allOf", "anyOf", "oneOf", "not", "if", "then", "contains", "maxContains", "$defs"),
        *("title", "description", "default", "readOnly", "deprecated", "examples", "format"),
        *("propertyNames", "unevaluatedItems", "dependentSchemas", "contentMediaType", "x-own"),
    ]
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.sampled_from([0.5, 2.0, -1.5])
    | st.sampled_from(["string", "integer", "null", "object", "other", "a"])
)
SCHEMAS: st.SearchStrategy[Any] = st.recursive(
    st.booleans() | st.dictionaries(KEYWORDS, LEAVES, max_size=3),
    lambda inner: st.dictionaries(
        KEYWORDS,
        LEAVES
        | inner
        | st.lists(inner, max_size=2)
        | st.lists(LEAVES, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b"]), inner | st.lists(LEAVES, max_size=2)),
        max_size=3,
    ),
    max_leaves=6,
)


@settings(max_examples=MANY)
@given(SCHEMAS)
def test_our_table_and_the_official_metaschema_agree(schema: Any) -> None:
    document = schema if isinstance(schema, bool) else {**schema, "$schema": _DRAFT}
    ours = all("no keyword" in each.message for each in faults_of(schema))
    assert ours == jsonschema_rs.meta.is_valid(document), schema


_DRAFT = "https://json-schema.org/draft/2020-12/schema"


@settings(max_examples=MANY)
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "type": st.sampled_from(["string", "integer", "number", "boolean", "array", "null"]),
            "enum": st.lists(LEAVES, min_size=1, max_size=3),
            "minimum": st.integers(-2, 2),
            "maximum": st.integers(-2, 2),
            "minLength": st.integers(0, 3),
            "maxLength": st.integers(0, 3),
            "maxItems": st.integers(0, 1),
        },
    ),
    LEAVES | st.lists(LEAVES, max_size=2),
)
def test_a_default_is_judged_as_a_validator_judges_it(schema: dict[str, Any], value: Any) -> None:
    assert accepts(schema, value, lambda _: {}) == jsonschema_rs.is_valid(schema, value)


def test_printing_with_a_memory_gives_the_same_and_needs_no_library_again(
    library: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored: dict[str, bytes] = {}
    memory = ParseCache(stored.get, stored.__setitem__)
    assert compile_contracts(library.model, memory).value == library.contracts

    def fail(text: str) -> str:
        raise AssertionError("printed again")

    monkeypatch.setattr("cloudsync_gen.contracts.graphql.published", fail)
    monkeypatch.setattr("cloudsync_gen.contracts.proto.compile_protos", fail)
    assert compile_contracts(library.model, memory).value == library.contracts


def test_what_a_document_tells_does_not_decide_whether_it_is_valid() -> None:
    operation = {"summary": "One", "description": "Two", "responses": {}}
    example = {"description": "a value", "summary": ["any"]}
    named = {"type": "object", "properties": {"description": {"type": "string"}}}
    operation["requestBody"] = {
        "content": {"application/json": {"schema": named, "example": example}}
    }
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Shelf", "version": "1.0.0", "description": "Three"},
        "paths": {"/one": {"get": operation, "summary": 4}},
        "components": {"schemas": {"Book": {"type": "object", "description": "Five"}}},
    }
    outline = outline_of(document)
    kept = outline["paths"]["/one"]["get"]
    assert outline["info"] == {"title": "Shelf", "version": "1.0.0", "description": ""}
    assert outline["components"] == {"schemas": {"Book": {}}}
    assert (kept["summary"], kept["description"]) == ("", "")
    assert kept["requestBody"] == operation["requestBody"]
    assert outline["paths"]["/one"]["summary"] == 4, "a text that is none is a fault"
    places = [each.pointer for each in openapi_faults(outline)]
    assert places == [each.pointer for each in openapi_faults(document)] != []
