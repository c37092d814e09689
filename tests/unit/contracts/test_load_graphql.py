"""Reading GraphQL sources: elements, positions, refusals."""

from __future__ import annotations

import pytest

from cloudsync_gen.load.cache import ParseCache
from cloudsync_gen.load.graphql import MAX_DEPTH, graphql_source, locate
from cloudsync_gen.model.layers.api import GraphqlApi, RootField
from cloudsync_gen.model.sources import SourceField
from cloudsync_gen.source import Ref, SourceMap

FILE = "model/06_api/graphql-apis/library.graphql"
SDL = '''"""What readers see."""
schema @contract(id: "api.graphql-api.library", service: "application.service.desk") {
  query: Query
}

type Query {
  """One book."""
  book(id: ID!): Book @resolves(operation: "api.operation.book-get-book")
}

extend type Query {
  books(first: Int = 20): [Book!]! @resolves(operation: "api.operation.book-list-books")
}

type Book @entity(schema: "data_model.entity.book") {
  id: ID!
  title: String!
  tags: [String!]
  state: BookState!
  shelf: String @deprecated(reason: "moved")
}

enum BookState { ON_SHELF LENT }
'''


def test_the_schema_and_every_root_field_become_elements_with_links() -> None:
    source, (elements, found) = graphql_source(FILE, SDL.encode())
    assert found == []
    assert source is not None
    assert (source.document, source.id) == ("library", "api.graphql-api.library")
    api, book, books = (each.value for each in elements)
    assert isinstance(api, GraphqlApi)
    assert (api.service, api.description) == ("application.service.desk", "What readers see.")
    assert isinstance(book, RootField)
    assert isinstance(books, RootField)
    assert (book.id, book.return_type, book.resolves) == (
        "api.field.library-book",
        "Book",
        "api.operation.book-get-book",
    )
    assert (books.id, books.return_type) == ("api.field.library-books", "[Book!]!")


def test_forms_of_entities_and_enumerations_are_outlined() -> None:
    source, _ = graphql_source(FILE, SDL.encode())
    assert source is not None
    found = {each.name: each for each in source.types}
    assert [*found] == ["Query", "Book", "BookState"]
    book, state = found["Book"], found["BookState"]
    assert (book.name, book.schema, state.members) == (
        "Book",
        "data_model.entity.book",
        ("ON_SHELF", "LENT"),
    )
    assert book.fields[2] == SourceField(name="tags", type="String", repeated=True, optional=True)
    assert book.fields[3] == SourceField(name="state", type="BookState")


def test_a_remembered_source_equals_one_that_is_read() -> None:
    stored: dict[str, bytes] = {}
    cache = ParseCache(stored.get, stored.__setitem__)
    first = graphql_source(FILE, SDL.encode(), cache)
    assert len(stored) == 1
    assert graphql_source(FILE, SDL.encode(), cache) == first


@pytest.mark.parametrize(
    ("ref", "text"),
    [
        (Ref(FILE, ("schema", "service")), '"application.service.desk"'),
        (Ref(FILE, ("types", "Query", "fields", "books", "resolves")), '"api.operation.book-list'),
        (Ref(FILE, ("types", "Query", "fields", "books", "id")), "books"),
        (Ref(FILE, ("types", "Query", "fields", "books", "arguments", "first")), "first"),
        (Ref(FILE, ("types", "Book", "schema")), '"data_model.entity.book"'),
        (Ref(FILE, ("types", "BookState", "values", "LENT")), "LENT"),
    ],
)
def test_a_pointer_leads_to_its_text(ref: Ref, text: str) -> None:
    span = SourceMap({FILE: SDL.encode()}, {".graphql": locate}).span(ref)
    assert SDL.splitlines()[span.line - 1][span.column - 1 :].startswith(text)


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("type Query {\n  a: Int\n  b(\n}", "SRC001", 4),
        (
            'schema @contract(id: "api.graphql-api.x") { query: Q }\ntype Q {\n a: Nope }',
            "GQL002",
            3,
        ),
        ("type Query { a: Int }", "GQL001", 1),
        ('schema @contract(id: "api.rest-api.x") { query: Q }\ntype Q { a: Int }', "GQL001", 1),
        ("schema @contract { query: Q }\ntype Q { a: Int }", "GQL002", 1),
        (
            'schema @contract(id: "api.graphql-api.x") { query: Q }\n'
            "directive @cost(n: Int) on FIELD_DEFINITION\n\ntype Q { a: Int @cost(n: 2) }",
            "GQL003",
            4,
        ),
        (
            'schema @contract(id: "api.graphql-api.x") { query: Q }\n'
            'type Q {\n  a: Int @resolves(operation: "not an id")\n}',
            "GQL004",
            3,
        ),
        ("{" * (MAX_DEPTH + 1), "SRC005", 1),
        ("type Query { " + "a: Int " * 20_000 + "}", "SRC005", 1),
        ("type Q { a(b: Int = 1 : Int }", "SRC001", 1),
    ],
)
def test_what_is_no_usable_schema_is_refused_where_it_is_wrong(
    text: str, code: str, line: int
) -> None:
    _, (_, found) = graphql_source(FILE, text.encode())
    sources = SourceMap({FILE: text.encode()}, {".graphql": locate})
    assert [(d.code, (d.span or sources.span(d.ref)).line) for d in found] == [(code, line)]


def test_bytes_that_are_no_text_are_refused() -> None:
    _, (_, found) = graphql_source(FILE, b"type Query {\n a: \xff }")
    assert [(d.code, d.span.line if d.span else 0) for d in found] == [("SRC007", 2)]


def test_definitions_of_link_directives_written_for_editors_do_no_harm() -> None:
    own = "directive @resolves(operation: String!) on FIELD_DEFINITION\n"
    source, (elements, found) = graphql_source(FILE, (SDL + own).encode())
    assert source is not None
    assert (len(elements), found) == (3, [])
