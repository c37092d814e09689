"""Shapes: one entity in seven languages, and every way in which one may say something else."""

from __future__ import annotations

from typing import Any

import pytest

from cloudsync_gen.contracts.agree import shapes
from cloudsync_gen.model.ids import ElementId
from cloudsync_gen.model.shapes import FieldShape, Shape, ShapeSet, differences

BOOK = ElementId("data_model.entity.book")
SEAT = ElementId("data_model.entity.seat")
DATA = "model/data/all.yaml"
SDL = "model/api/graphql-apis/desk.graphql"
PROTO = "model/api/grpc-services/seat.proto"
TABLE = "model/datastore/all.yaml"


def _found(compiled: Any, element: ElementId, kind: str) -> set[tuple[str, str]]:
    """(aspect, field) in which a kind of shape differs."""
    return {
        (each.aspect, (each.meant or each.found).name)  # type: ignore[union-attr]
        for each in differences(shapes(compiled.model)[element])
        if each.shape.kind == kind
    }


def _field(compiled: Any, element: ElementId, kind: str, name: str) -> FieldShape:
    found = shapes(compiled.model)[element]
    shape = next(each for each in (found.canonical, *found.others) if each.kind == kind)
    return next(each for each in shape.fields if each.name == name)


def test_every_entity_has_its_shapes(library: Any) -> None:
    found = shapes(library.model)
    assert list(found) == [BOOK, SEAT]
    assert [(each.kind, each.name) for each in found[BOOK].others] == [
        ("payload", "data_model.payload.book-lent"),
        ("payload", "data_model.payload.seat-taken"),
        ("graphql", "Book"),
        ("table", "books"),
    ]
    assert [(each.kind, each.name) for each in found[SEAT].others] == [("proto", "Seat")]


def test_languages_are_brought_to_one_form(library: Any) -> None:
    for kind in ("json-schema", "graphql", "table"):
        created = _field(library, BOOK, kind, "createdAt")
        assert (created.base, created.optional) == ("string", False)
        assert created.format in ("date-time", None)
    assert _field(library, BOOK, "graphql", "state").members == ("lent", "onShelf")
    assert _field(library, BOOK, "json-schema", "state").members == ("lent", "onShelf")
    assert _field(library, SEAT, "proto", "state").members == ("free", "taken")
    tags = _field(library, BOOK, "table", "tags")
    assert (tags.base, tags.item) == ("array", "string")


def test_a_table_that_carries_everything_agrees(library: Any) -> None:
    assert _found(library, BOOK, "table") == set()


def test_what_the_library_itself_says_otherwise_is_found(library: Any) -> None:
    assert _found(library, BOOK, "graphql") == {("missing", "sequel")}
    assert _found(library, SEAT, "proto") == {
        *(("extra", each) for each in ("counts", "notes", "corner", "lamp")),
        ("optional", "row"),
        ("width", "row"),
    }


@pytest.mark.parametrize(
    ("file", "old", "new", "kind", "difference"),
    [
        (TABLE, "type: varchar(200)", "type: varchar(100)", "table", ("length", "title")),
        (TABLE, "type: bigint", "type: integer", "table", ("width", "version")),
        (TABLE, "{type: uuid, property: id}", "{type: date, property: id}", "table",
         ("format", "id")),
        (TABLE, "{type: smallint, property: pages", "{type: text, property: pages", "table",
         ("type", "pages")),
        (TABLE, 'type: "text[]"', 'type: "bigint[]"', "table", ("type", "tags")),
        (TABLE, "property: pages, nullable: true", "property: pages", "table",
         ("optional", "pages")),
        (TABLE, "property: pages, nullable: true", "nullable: true", "table",
         ("missing", "pages")),
        (TABLE, "{type: text}", "{type: text, property: writer}", "table", ("extra", "writer")),
        (SDL, "title: String!", "title: Int!", "graphql", ("type", "title")),
        (SDL, "title: String!", "title: String", "graphql", ("optional", "title")),
        (SDL, "title: String!", "headline: String!", "graphql", ("extra", "headline")),
        (SDL, "version: Long!", "version: Int!", "graphql", ("width", "version")),
        (SDL, "createdAt: DateTime!", "createdAt: UUID!", "graphql", ("format", "createdAt")),
        (SDL, "  LENT\n", "  LENT\n  LOST\n", "graphql", ("members", "state")),
        (SDL, "tags: [String!]!", "tags: [Int!]!", "graphql", ("type", "tags")),
        (SDL, "tags: [String!]!", "tags: String!", "graphql", ("type", "tags")),
        (DATA, "      title: {type: string, maxLength: 200}\n", "      title: {type: integer}\n",
         "payload", ("type", "title")),
    ],
)  # fmt: skip
def test_each_disagreement_is_found_and_nothing_else_new(
    library: Any,
    library_with: Any,
    file: str,
    old: str,
    new: str,
    kind: str,
    difference: tuple[str, str],
) -> None:
    compiled = library_with({file: {old: new}})
    before = _found(library, BOOK, kind)
    after = _found(compiled, BOOK, kind)
    assert difference in after - before
    renamed = {("missing", "title")} if difference[0] == "extra" else set()
    assert after - before - {difference} <= renamed


def test_a_difference_points_at_the_field_that_differs(library_with: Any) -> None:
    compiled = library_with({TABLE: {"type: varchar(200)": "type: varchar(100)"}})
    (found,) = differences(
        ShapeSet(
            shapes(compiled.model)[BOOK].canonical,
            tuple(e for e in shapes(compiled.model)[BOOK].others if e.kind == "table"),
        )
    )
    assert found.ref.pointer == ("books", "columns", "title")


def test_secrets_may_be_left_out_of_what_is_published_but_not_of_the_store(
    library_with: Any,
) -> None:
    compiled = library_with({TABLE: {"property: secret, ": ""}})
    assert _found(compiled, BOOK, "table") == {("missing", "secret")}
    assert ("missing", "secret") not in _found(compiled, BOOK, "graphql")


def test_an_answer_written_inline_is_held_against_the_entity(library_with: Any) -> None:
    source = "model/api/rest-apis/catalogue.openapi.yaml"
    old = (
        'x-command: application.query.get-book\n      responses:\n        "200":\n'
        "          description: The book.\n          content: {application/json: "
        '{schema: {$ref: "../../data/all.yaml#/book/schema"}}}'
    )
    new = old.partition("{application/json")[0] + (
        "{application/json: {schema: {type: object, required: [id], properties: "
        "{id: {type: integer}, mood: {type: string}}}}}"
    )
    compiled = library_with({source: {old: new}})
    found = _found(compiled, BOOK, "openapi")
    assert {("type", "id"), ("missing", "title")} <= found
    assert ("missing", "secret") not in found


def _shape(kind: Any, *fields: FieldShape, **facts: Any) -> Shape:
    ref = fields[0].ref
    return Shape(entity="e", kind=kind, name="n", ref=ref, fields=fields, **facts)


def test_an_index_tells_no_list_from_a_single_value(library: Any) -> None:
    ref = library.model.refs[BOOK]
    meant = FieldShape(name="tags", base="array", item="string", ref=ref, optional=False)
    loose = FieldShape(name="tags", base="string", ref=ref, loose=True)
    wrong = FieldShape(name="tags", base="integer", ref=ref, loose=True)
    canonical = _shape("json-schema", meant)
    assert list(differences(ShapeSet(canonical, (_shape("index", loose, partial=True),)))) == []
    (found,) = differences(ShapeSet(canonical, (_shape("index", wrong, partial=True),)))
    assert found.aspect == "type"
