"""OpenAPI documents: bundled, filled in from the other layers, nothing of the model left."""

from __future__ import annotations

import json
from typing import Any

import pytest

SOURCE = "model/api/rest-apis/catalogue.openapi.yaml"


@pytest.fixture(scope="module")
def document(library: Any) -> Any:
    assert library.staged.diagnostics == ()
    return library.contracts.rest["catalogue"].data


def _operation(document: Any, identity: str) -> Any:
    return next(
        each
        for item in document["paths"].values()
        for each in item.values()
        if isinstance(each, dict) and each.get("operationId") == identity
    )


def _parameters(operation: Any) -> list[str]:
    references = (each.get("$ref", "") for each in operation["parameters"])
    return [each.rpartition("/")[2] for each in references if each]


def _problems(document: Any, operation: Any, status: str) -> set[str]:
    response = operation["responses"][status]
    if "$ref" in response:
        response = document["components"]["responses"][response["$ref"].rpartition("/")[2]]
    return set(response["content"]["application/problem+json"]["examples"])


def test_the_document_says_where_it_is_served_by_whom_and_under_which_licence(
    document: Any,
) -> None:
    assert document["servers"] == [
        {"url": "https://api.library.example", "description": "Front door"}
    ]
    info = document["info"]
    assert info["contact"] == {"name": "Shelf team", "email": "shelf@library.example"}
    assert info["license"] == {"name": "MIT", "identifier": "MIT"}
    assert info["x-slo"] == [{"kind": "availability", "objective": "99.9%", "window": "30d"}]
    scheme = document["components"]["securitySchemes"]["bearer"]
    assert (scheme["scheme"], scheme["bearerFormat"]) == ("bearer", "JWT")
    assert "EdDSA, 10m" in scheme["description"]


def test_schemas_are_components_with_all_that_they_need_and_no_more(document: Any) -> None:
    schemas = document["components"]["schemas"]
    assert list(schemas) == [
        "AddBookRequest",
        "Book",
        "BookPage",
        "BookShelf",
        "BookState",
        "Problem",
        "Timestamp",
        "Uuid",
    ]
    book = schemas["Book"]
    assert book["description"] == "A thing with pages."
    assert "$defs" not in book
    assert book["properties"]["id"] == {
        "$ref": "#/components/schemas/Uuid",
        "readOnly": True,
        "x-classification": "internal",
    }
    assert book["properties"]["shelf"] == {"$ref": "#/components/schemas/BookShelf"}
    assert book["properties"]["sequel"] == {"$ref": "#/components/schemas/Book"}


def test_no_extension_of_the_source_survives_but_examples_are_kept_as_they_are(
    document: Any,
) -> None:
    text = json.dumps(document)
    for gone in ("x-command", "x-id", "x-archimate-ref", "x-apm", "x-secret", "x-owner", "model/"):
        assert gone not in text
    body = _operation(document, "addBook")["requestBody"]
    assert body["content"]["application/json"]["example"] == {"title": "$ref", "x-kept": True}


@pytest.mark.parametrize(
    ("identity", "security", "access"),
    [
        ("listBooks", [], {"callers": "public"}),
        (
            "addBook",
            [{"bearer": ["book:add"]}],
            {"callers": "authenticated", "permission": "book:add"},
        ),
        (
            "changeBook",
            [{"bearer": ["book:change"]}],
            {"callers": "authenticated", "permission": "book:change", "relations": ["owner"]},
        ),
        ("countVisitors", [{"bearer": []}], {"callers": "workload"}),
    ],
)
def test_who_may_call_follows_from_the_command(
    document: Any, identity: str, security: Any, access: Any
) -> None:
    operation = _operation(document, identity)
    assert operation["security"] == security
    assert operation["x-access"] == access


@pytest.mark.parametrize(
    ("identity", "added"),
    [
        ("listBooks", ["Cursor", "Limit", "OrganizationId", "RequestId"]),
        ("addBook", ["IdempotencyKey", "RequestId"]),
        ("getBook", ["IfNoneMatch", "RequestId"]),
        ("changeBook", ["IfMatch", "RequestId"]),
        ("lendBook", ["IfMatchOptional", "RequestId"]),
        ("countVisitors", ["OrganizationId", "RequestId"]),
    ],
)
def test_parameters_follow_from_effect_idempotency_and_access(
    document: Any, identity: str, added: list[str]
) -> None:
    assert _parameters(_operation(document, identity)) == added


def test_page_sizes_are_the_gateways(document: Any) -> None:
    limit = document["components"]["parameters"]["Limit"]["schema"]
    assert (limit["default"], limit["maximum"]) == (25, 100)


@pytest.mark.parametrize(
    ("identity", "statuses"),
    [
        ("listBooks", "200 400 422"),
        ("addBook", "201 400 401 403 408 409 413 415 422"),
        ("getBook", "200 304 400 401 403 404"),
        ("changeBook", "200 400 401 403 404 408 409 412 413 415 422"),
        ("lendBook", "200 400 401 403 404 409 412 422"),
        ("countVisitors", "204 400 401 403 422"),
    ],
)
def test_statuses_are_those_that_can_happen(document: Any, identity: str, statuses: str) -> None:
    always = ["429", "500", "503", "504"]
    assert list(_operation(document, identity)["responses"]) == [*statuses.split(), *always]


def test_who_calls_others_may_tell_of_their_failure(library_with: Any) -> None:
    call = (
        "calls: [{operation: api.rpc.seat-get-seat, purpose: a seat, timeout: 10ms, retries: 0, "
        "fallback: {kind: fail, note: none}}]"
    )
    compiled = library_with(
        {
            "model/application/catalogue.yaml": {
                "stores: []\n  scaling: &scaling": f"stores: []\n  {call}\n  scaling: &scaling"
            }
        }
    )
    document = compiled.contracts.rest["catalogue"].data
    for name in ("listBooks", "addBook"):
        assert _operation(document, name)["responses"]["502"] == {
            "$ref": "#/components/responses/DependencyFailed"
        }
    assert _problems(document, _operation(document, "listBooks"), "502") == {"dependency-failed"}


def test_failures_are_told_once_for_all_operations(document: Any) -> None:
    names = {"500": "Internal", "503": "Unavailable", "504": "DeadlineExceeded"}
    told = [
        {
            status: response["$ref"]
            for status, response in each["responses"].items()
            if status in names
        }
        for item in document["paths"].values()
        for each in item.values()
        if isinstance(each, dict)
    ]
    shared = {status: f"#/components/responses/{name}" for status, name in names.items()}
    assert told == [shared] * 6


@pytest.mark.parametrize(
    ("identity", "status", "slugs"),
    [
        ("addBook", "409", {"already-exists", "shelf-full"}),
        ("addBook", "422", {"invariant-broken", "idempotency-key-reused", "rule-broken"}),
        ("lendBook", "409", {"illegal-transition", "condition-not-met"}),
        ("changeBook", "412", {"version-conflict"}),
        ("getBook", "404", {"not-found"}),
    ],
)
def test_problems_are_named_with_an_example_each(
    document: Any, identity: str, status: str, slugs: set[str]
) -> None:
    assert _problems(document, _operation(document, identity), status) == slugs


def test_a_problem_type_is_below_the_gateways_base(document: Any) -> None:
    response = _operation(document, "addBook")["responses"]["409"]
    example = response["content"]["application/problem+json"]["examples"]["shelf-full"]["value"]
    assert example == {
        "type": "https://problems.library.example/shelf-full",
        "title": "Shelf full",
        "status": 409,
    }


def test_answers_carry_the_headers_of_their_kind(document: Any) -> None:
    def headers(identity: str, status: str) -> list[str]:
        return list(_operation(document, identity)["responses"][status]["headers"])

    assert headers("addBook", "201") == ["X-Request-Id", "ETag", "Location"]
    assert headers("listBooks", "200") == ["X-Request-Id", "Link"]
    assert headers("countVisitors", "204") == ["X-Request-Id"]
    limited = document["components"]["responses"]["RateLimited"]["headers"]
    assert {"Retry-After", "RateLimit-Remaining"} <= set(limited)


def _links(document: Any, identity: str, status: str = "201") -> Any:
    return _operation(document, identity)["responses"][status].get("links", {})


def test_what_was_made_leads_to_what_can_be_done_with_it(document: Any) -> None:
    key = {"path.bookId": "$response.body#/id"}
    assert _links(document, "addBook") == {
        "changeBook": {
            "operationId": "changeBook",
            "parameters": {**key, "header.If-Match": "$response.header.ETag"},
        },
        "getBook": {"operationId": "getBook", "parameters": key},
        "lendBook": {"operationId": "lendBook", "parameters": key},
    }
    assert _links(document, "getBook", "200") == {}


SOURCE = "model/api/rest-apis/catalogue.openapi.yaml"
MODEL = "model/application/catalogue.yaml"
ADDED = """"201":
          description: The book."""
LEND = """  /v1/books/{bookId}/lend:
    parameters:
      - {name: bookId, in: path, required: true"""


def test_a_link_fills_every_parameter_of_a_path_or_is_none(library_with: Any) -> None:
    def lend(path: str) -> Any:
        name = path.partition("{")[2].partition("}")[0]
        other = f"""  {path}:
    parameters:
      - {{name: {name}, in: path, required: true, schema: {{type: string, maxLength: 9}}}}
      - {{name: bookId, in: path, required: true"""
        document = library_with({SOURCE: {LEND: other}}).contracts.rest["catalogue"].data
        return _links(document, "addBook").get("lendBook", {}).get("parameters")

    key = {"path.bookId": "$response.body#/id"}
    assert lend("/v1/titles/{title}/{bookId}/lend") == {
        "path.title": "$response.body#/title",
        **key,
    }
    assert lend("/v1/readers/{readerId}/{bookId}/lend") is None


def test_the_thing_may_stand_beside_others_in_the_answer(library_with: Any) -> None:
    receipt = """receipt:
  id: data_model.message.receipt
  name: Receipt
  description: What was added, and by which label.
  schema:
    type: object
    additionalProperties: false
    required: [added, label]
    properties: {added: {$ref: "#/book/schema"}, label: {type: string, maxLength: 9}}
"""
    book = ADDED + """
          content: {application/json: {schema: {$ref: "../../data/all.yaml#/book/schema"}}}"""
    output = "data_model.entity.book\n  permission: book:add"
    edits = {
        "model/data/all.yaml": {"book-page:\n": f"{receipt}book-page:\n"},
        MODEL: {output: output.replace("entity.book", "message.receipt")},
        SOURCE: {book: book.replace("#/book/", "#/receipt/")},
    }
    links = _links(library_with(edits).contracts.rest["catalogue"].data, "addBook")
    assert {name: each["parameters"] for name, each in links.items()} == {
        name: {"path.bookId": "$response.body#/added/id"} for name in ("getBook", "lendBook")
    }


def test_people_are_not_led_to_what_services_do(library_with: Any) -> None:
    written = "id: application.command.lend-book\n"
    edits = {written: f"{written}  access: workload\n"}
    document = library_with({MODEL: edits}).contracts.rest["catalogue"].data
    assert {*_links(document, "addBook")} == {"changeBook", "getBook"}


def test_a_link_of_the_source_stays(library_with: Any) -> None:
    ours = "links: {getBook: {operationId: getBook, description: Ours.}}"
    edits = {ADDED: f"{ADDED}\n          {ours}"}
    document = library_with({SOURCE: edits}).contracts.rest["catalogue"].data
    links = _links(document, "addBook")
    assert links["getBook"] == {"operationId": "getBook", "description": "Ours."}
    assert {*links} == {"changeBook", "getBook", "lendBook"}


def test_what_the_model_promises_of_an_operation_is_told(document: Any) -> None:
    assert _operation(document, "addBook")["x-slo"] == {"latency": "80ms", "criticality": "high"}
    assert "x-slo" not in _operation(document, "getBook")


def test_without_plans_no_rate_headers_are_promised(library_with: Any) -> None:
    compiled = library_with(
        {
            "model/api/gateway.yaml": {
                "plans: [{edition: reader, perSecond: 5, burst: 10}]": "plans: []"
            }
        }
    )
    headers = compiled.contracts.rest["catalogue"].data["components"]["headers"]
    assert "RateLimitLimit" not in headers


def test_without_a_gateway_there_is_a_finding(library_with: Any) -> None:
    compiled = library_with({"model/api/gateway.yaml": None})
    assert [d.code for d in compiled.staged.diagnostics] == ["CTR005"]


@pytest.mark.parametrize(
    ("reference", "code"),
    [
        ("../../data/all.yaml#/bok/schema", "CTR001"),
        ("../../data/all.yaml", "CTR001"),
        ("../../data/all.yaml#/book", "CTR001"),
        ("../../data/none.yaml#/book/schema", "CTR001"),
        ("../../data/all.yaml#/book/schema/$defs/none", "CTR001"),
        ("../../../outside.yaml#/book/schema", "CTR002"),
        ("/etc/passwd#/book/schema", "CTR002"),
        ("file:///etc/passwd#/book/schema", "CTR002"),
        ("https://library.example/x.yaml#/book/schema", "CTR002"),
        ("..\\\\..\\\\x.yaml#/book/schema", "CTR002"),
        ("%2e%2e/x.yaml#/book/schema", "CTR002"),
    ],
)
def test_a_reference_that_leads_nowhere_or_outside_is_found_where_it_is_written(
    library_with: Any, reference: str, code: str
) -> None:
    edit = {
        '../../data/all.yaml#/add-book-request/schema"}\n            example': (
            f'{reference}"}}\n            example'
        )
    }
    compiled = library_with({SOURCE: edit})
    (finding,) = compiled.staged.diagnostics
    assert finding.code == code
    assert compiled.where(finding).startswith("schema: {$ref:")


def test_the_hint_names_the_nearest_schema(library_with: Any) -> None:
    edits = {SOURCE: {'book-page/schema"': 'book-pag/schema"'}}
    (finding,) = library_with(edits).staged.diagnostics
    assert "all.yaml#/book-page/schema" in finding.hint


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("schema: {type: string, format: uuid}", "schema: {type: string, $id: 'a:b'}", "CTR003"),
        ("schema: {type: string, format: uuid}", "schema: {$anchor: x}", "CTR003"),
        ("id: data_model.enumeration.book-state", "id: data_model.enumeration.book", "CTR004"),
        ("id: data_model.enumeration.book-state", "id: data_model.enumeration.problem", "CTR004"),
    ],
)
def test_schemas_that_cannot_be_put_together_are_found(
    library_with: Any, old: str, new: str, code: str
) -> None:
    compiled = library_with({"model/data/all.yaml": {old: new}})
    assert code in {d.code for d in compiled.staged.diagnostics}


def test_a_reference_where_no_schema_is_has_no_meaning(library_with: Any) -> None:
    edits = {
        SOURCE: {"operationId: getBook": "operationId: getBook\n      externalDocs: {$ref: x}"}
    }
    (finding,) = library_with(edits).staged.diagnostics
    assert (finding.code, finding.ref.pointer[-1]) == ("CTR006", "$ref")


def test_compiling_twice_gives_the_same_order_and_values(library: Any, library_with: Any) -> None:
    again = library_with({}).contracts
    assert json.dumps([d.data for d in again.documents]) == json.dumps(
        [d.data for d in library.contracts.documents]
    )
