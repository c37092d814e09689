"""GraphQL over the port: answers, refusals, documents, subscriptions, calls for callers."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from graphql import build_schema, get_introspection_query, lexicographic_sort_schema, print_schema

from bookshop import SERVICE, BookSettings
from bookshop import graphql as schema
from bookshop.graphql import PATH, SPEC, ShopOnline
from cloudsync_chassis.client.errors import NoAnswerError, RefusedError
from cloudsync_chassis.graphql.endpoint import Endpoint
from cloudsync_chassis.graphql.fields import Fields
from cloudsync_chassis.graphql.schema import printed
from cloudsync_chassis.graphql.spec import GraphqlSpec
from cloudsync_chassis.ids import uuid7
from cloudsync_chassis.persisted import digest_of, manifest
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.testing import running
from online import CALL, LIST, Online, online, problems


@pytest.fixture
async def shop(settings: BookSettings) -> AsyncIterator[Online]:
    async with online(settings) as started:
        yield started


def strict(settings: BookSettings, spec: GraphqlSpec = SPEC, **more: Any) -> tuple[Any, ShopOnline]:
    """The shop with other settings or rules, not yet started."""
    runtime = Runtime(SERVICE, settings.model_copy(update=more))
    service = ShopOnline(runtime)
    return schema.build(runtime, service, spec), service


async def test_the_schema_served_is_the_contract(shop: Online) -> None:
    meant = build_schema(SPEC.contract.read_text())
    endpoint = Endpoint(schema.fields(shop.running.runtime, shop.service))
    found = build_schema(printed(endpoint.schema))
    assert print_schema(lexicographic_sort_schema(found)) == print_schema(
        lexicographic_sort_schema(meant)
    )
    answer = await shop.ask(get_introspection_query())
    assert {each["name"] for each in answer["data"]["__schema"]["types"]} >= {"Book", "BookPage"}


async def test_commands_and_queries_of_the_port(shop: Online) -> None:
    clerk = shop.running.caller("clerk")
    book = await shop.listed(clerk, tags=["novel"])
    asked = f'{{ book(bookId: "{book}") {{ title status tags lock {{ holderId }} soldAt }} }}'
    found = await shop.ask(asked, clerk)
    assert found == {
        "data": {
            "book": {
                "title": "Emma",
                "status": "LISTED",
                "tags": ["novel"],
                "lock": None,
                "soldAt": None,
            }
        }
    }
    change = (
        f'mutation {{ changeBook(bookId: "{book}", version: %d, change: {{priceMinor: 9}})'
        " { version priceMinor } }"
    )
    assert (await shop.ask(change % 1, clerk))["data"]["changeBook"]["version"] == 2
    assert problems(await shop.ask(change % 1, clerk)) == [(412, "version-conflict")]
    gone = await shop.ask(f'mutation {{ removeBook(bookId: "{book}") }}', clerk)
    assert gone == {"data": {"removeBook": True}}
    missed = await shop.ask(asked, clerk)
    assert (missed["data"], problems(missed)) == ({"book": None}, [(404, "not-found")])


async def test_pages_follow_each_other(shop: Online) -> None:
    clerk = shop.running.caller("clerk")
    made = [await shop.listed(clerk, title=f"Book {n}") for n in range(3)]
    asked = 'query($cursor: String) { books(limit: 2, sort: "title", cursor: $cursor) \
{ items { id } nextCursor } }'
    first = (await shop.ask(asked, clerk))["data"]["books"]
    second = (await shop.ask(asked, clerk, variables={"cursor": first["nextCursor"]}))["data"]
    assert [each["id"] for each in (*first["items"], *second["books"]["items"])] == made
    assert second["books"]["nextCursor"] is None
    assert problems(await shop.ask("{ books(limit: 1000) { nextCursor } }", clerk)) == [
        (400, "validation-failed")
    ]


async def test_refusals_are_problems_and_all_else_is_masked(
    shop: Online, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clerk, book = shop.running.caller("clerk"), {"title": "", "priceMinor": -1}
    found = await shop.ask(LIST, clerk, variables={"book": book})
    (error,) = found["errors"]
    assert error["path"] == ["listBook"]
    assert error["extensions"]["type"] == "https://problems.example/validation-failed"
    assert {each["pointer"] for each in error["extensions"]["errors"]} == {
        "/input/title",
        "/input/priceMinor",
    }
    assert problems(await shop.ask("{ books { nextCursor } }")) == [(401, "unauthenticated")]
    nobody = shop.running.caller("nobody")
    assert problems(await shop.ask("{ books { nextCursor } }", nobody)) == [(403, "forbidden")]

    async def burst(*_: Any) -> None:
        raise RuntimeError("the password is swordfish")

    monkeypatch.setattr(shop.service.books, "get", burst)
    answer = await shop.ask(f'{{ book(bookId: "{uuid7()}") {{ id }} }}', clerk)
    assert problems(answer) == [(500, "internal")]
    assert len(answer["errors"][0]["extensions"]["traceId"]) == 32
    assert "swordfish" not in json.dumps(answer) + capsys.readouterr().out


async def test_a_token_that_proves_nothing_is_refused_before_all_else(shop: Online) -> None:
    answer = await shop.running.http.post(
        PATH, json={"query": "{ mine { id } }"}, headers={"Authorization": "Bearer x.y.z"}
    )
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_repeated_mutation_is_answered_and_not_carried_out_again(shop: Online) -> None:
    clerk = shop.running.caller("clerk")
    asked = {"book": {"title": "Emma", "priceMinor": 1}, "key": "k1"}
    first = await shop.ask(LIST, clerk, variables=asked)
    assert await shop.ask(LIST, clerk, variables=asked) == first
    other = {**asked, "book": {"title": "Emma", "priceMinor": 2}}
    assert problems(await shop.ask(LIST, clerk, variables=other)) == [
        (422, "idempotency-key-reused")
    ]
    both = 'mutation { a: listBook(input: {title: "A", priceMinor: 1}) { id } \
b: listBook(input: {title: "A", priceMinor: 1}) { id } }'
    keyed = {"headers": {"Idempotency-Key": "k2"}}
    twice = [await shop.ask(both, clerk, **keyed) for _ in range(2)]
    assert twice[0] == twice[1]
    assert twice[0]["data"]["a"] != twice[0]["data"]["b"]


async def test_a_question_within_a_request_is_asked_once(shop: Online) -> None:
    clerk = shop.running.caller("clerk")
    books = [await shop.listed(clerk, title=f"Book {n}") for n in range(3)]
    asked = " ".join(
        f'b{n}: book(bookId: "{books[n % 3]}") {{ id }} '
        f'e{n}: elsewhere(bookId: "{books[n % 3]}") {{ book {{ id }} }}'
        for n in range(9)
    )
    found = await shop.ask(f"{{ {asked} }}", clerk)
    assert [found["data"][f"b{n}"]["id"] for n in range(9)] == books * 3
    assert shop.service.found == 3
    assert sorted(str(each) for each, _ in shop.service.other.asked) == sorted(books)
    await shop.ask(f'{{ book(bookId: "{books[0]}") {{ id }} }}', clerk)
    assert shop.service.found == 4, "what one request has found is not kept for the next"


async def test_others_are_asked_as_the_caller(shop: Online) -> None:
    clerk = shop.running.caller("clerk")
    asked = f'{{ elsewhere(bookId: "{uuid7()}") {{ book {{ title status }} }} }}'
    other = shop.service.other
    assert (await shop.ask(asked, clerk))["data"]["elsewhere"] is None
    assert other.asked[-1][1] == clerk.token
    await shop.ask("{ mine { id } }", clerk)
    assert str(other.asked[-1][0]) == str(clerk.subject)
    await shop.ask("{ mine { id } }")
    assert other.asked[-1][1] == "", "nobody is not the shop"
    before = len(other.asked)
    assert problems(await shop.ask(asked)) == [(401, "unauthenticated")]
    assert len(other.asked) == before


async def test_what_others_refuse_is_told_and_their_faults_are_not(shop: Online) -> None:
    clerk = shop.running.caller("clerk")
    asked = f'{{ elsewhereForSure(bookId: "{uuid7()}") {{ id }} }}'
    base = "https://problems.example/"
    refusal = {"type": f"{base}not-found", "title": "Not found", "detail": "no such book"}
    fault = {"type": f"{base}internal", "title": "table `books` is broken"}
    for answer, expected in (
        (RefusedError(CALL, 404, refusal), (404, "not-found")),
        (RefusedError(CALL, 404, {}), (502, "dependency-failed")),
        (RefusedError(CALL, 500, fault), (503, "unavailable")),
        (NoAnswerError(CALL, "away"), (503, "unavailable")),
        (None, (503, "unavailable")),
    ):
        shop.service.other.answer = answer
        found = await shop.ask(asked, clerk)
        assert (found["data"], problems(found)) == (None, [expected]), answer
        assert "broken" not in json.dumps(found)


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("{ " + "a { " * 40 + "b" + " }" * 40 + " }", "fields within each other"),
        ("{ " + "a { " * 2000 + "b" + " }" * 2000 + " }", "nested too deep"),
        ("{ " + " ".join(f"a{n}: mine {{ id }}" for n in range(60)) + " }", "aliases"),
        ("{ " + "mine { id } " * 30 + "}", "operations"),
        ("{ mine { " + "id " * 600 + "} }", "fields"),
        ("{ mine { id " + "@skip(if: false) " * 60 + "} }", "directives"),
        ("{ mine { ...A } } fragment A on Book { ...B } fragment B on Book { ...A }", "contain"),
        (
            "{ mine { ...F0 } } "
            + " ".join(f"fragment F{n} on Book {{ ...F{n + 1} ...F{n + 1} }}" for n in range(40))
            + " fragment F40 on Book { id }",
            "fields",
        ),
        ('{ books(tag: "a", limit: 200) { items { lock { holderId } } } }', "of cost"),
        ("{ books(tag: [" + "1," * 1500 + "]) { nextCursor } }", "items"),
        ("{ mine { id } " + " ".join(f"x{n}" for n in range(6000)) + " }", "tokens"),
        ("{ books(limit: " + "9" * 5000 + ") { items { lock { holderId } } } }", "of cost"),
        ("{ mine { id } } fragment A on Book { " + "id " * 2000 + "}", "fields"),
        ("{ mine { " + "... on Book { id } " * 150 + "} }", "spreads"),
        ("{ mine { id }", "Expected"),
    ],
    ids=lambda text: text[:24],
)
async def test_hostile_documents_are_refused_before_anything_is_asked(
    settings: BookSettings, query: str, says: str
) -> None:
    app, service = strict(settings, graphql_max_cost=150)
    async with running(app) as started:
        shop = Online(started, service)
        found = await shop.ask(query, started.caller("clerk"))
        assert problems(found) == [(400, "validation-failed")]
        assert says in found["errors"][0]["message"]
        assert (service.found, service.other.asked) == (0, [])


async def test_hostile_requests_are_refused(shop: Online) -> None:
    clerk = shop.running.caller("clerk")
    post, headers = shop.running.http.post, clerk.headers
    one = {"query": "{ mine { id } }"}
    assert (await post(PATH, json=[one, one], headers=headers)).status_code == 400
    assert (await post(PATH, json={"query": 7}, headers=headers)).status_code == 400
    assert (await post(PATH, content=b"{", headers=headers)).status_code == 415
    json_type = {**headers, "Content-Type": "application/json"}
    assert (await post(PATH, content=b"{", headers=json_type)).status_code == 400
    deep = b'{"query":' + b"[" * 100 + b"]" * 100 + b"}"
    assert (await post(PATH, content=deep, headers=json_type)).status_code == 400
    assert (await shop.running.http.put(PATH, json=one, headers=headers)).status_code == 405
    many = {"variables": {"tag": list(range(2000))}}
    found = await shop.ask("query($tag: String) { books(tag: $tag) { nextCursor } }", clerk, **many)
    assert "items" in found["errors"][0]["message"]
    bomb = "{ __schema { types { fields { type { fields { type { fields { type { fields { name } \
} } } } } } } } }"
    assert "introspection" in (await shop.ask(bomb))["errors"][0]["message"].lower()
    several = "query A { mine { id } } query B { mine { id } }"
    assert problems(await shop.ask(several, clerk)) == [(400, "validation-failed")]
    told = await shop.ask(several, clerk, operationName="B")
    assert told == {"data": {"mine": None}}


async def test_introspection_only_where_it_is_allowed(settings: BookSettings) -> None:
    app, service = strict(settings, graphql_introspection=False)
    async with running(app) as started:
        shop = Online(started, service)
        for query in ("{ __schema { types { name } } }", '{ __type(name: "Book") { name } }'):
            assert {*problems(await shop.ask(query))} == {(400, "validation-failed")}
        guess = await shop.ask("{ boook { id } }")
        assert "book" not in guess["errors"][0]["message"].replace("boook", "")
        assert await shop.ask("{ __typename mine { __typename } }") == {
            "data": {"__typename": "Query", "mine": None}
        }


async def test_documents_by_their_digest(shop: Online) -> None:
    clerk, text = shop.running.caller("clerk"), "query Mine { mine { id } }"
    digest = {"persistedQuery": {"version": 1, "sha256Hash": digest_of(text)}}
    first = await shop.ask(None, clerk, extensions=digest)
    assert first["errors"][0]["message"] == "PersistedQueryNotFound"
    assert first["errors"][0]["extensions"]["code"] == "PERSISTED_QUERY_NOT_FOUND"
    sent = await shop.ask(text, clerk, extensions=digest)
    assert sent == await shop.ask(None, clerk, extensions=digest) == {"data": {"mine": None}}
    got = await shop.running.http.get(
        PATH, params={"extensions": json.dumps(digest)}, headers=clerk.headers
    )
    assert got.json() == sent
    other = await shop.ask("{ mine { title } }", clerk, extensions=digest)
    assert problems(other) == [(400, "validation-failed")]


async def test_only_announced_documents(settings: BookSettings, tmp_path: Path) -> None:
    text = "{ mine { id } }"
    path = tmp_path / "documents.json"
    path.write_text(json.dumps({digest_of(text): text}))
    app, service = strict(settings, graphql_ad_hoc="authenticated", graphql_documents=path)
    async with running(app) as started:
        shop = Online(started, service)
        digest = {"persistedQuery": {"version": 1, "sha256Hash": digest_of(text)}}
        assert await shop.ask(None, extensions=digest) == {"data": {"mine": None}}
        assert await shop.ask(text) == {"data": {"mine": None}}
        assert problems(await shop.ask("{ mine { title } }")) == [(403, "forbidden")]
        clerk = started.caller("clerk")
        other = "{ mine { title } }"
        kept = {"persistedQuery": {"version": 1, "sha256Hash": digest_of(other)}}
        assert await shop.ask(other, clerk, extensions=kept) == {"data": {"mine": None}}
        assert problems(await shop.ask(None, extensions=kept)) == [
            (404, "persisted-query-not-found")
        ], "what one caller sent is not announced to all"
    path.write_text(json.dumps({digest_of(text): "{ mine { title } }"}))
    with pytest.raises(ValueError, match="not the digest"):
        manifest(path)


async def test_changes_by_get_are_refused(shop: Online) -> None:
    clerk = shop.running.caller("clerk")
    query = f'mutation {{ removeBook(bookId: "{uuid7()}") }}'
    accept = {"Accept": "application/graphql-response+json"}
    found = await shop.running.http.get(
        PATH, params={"query": query}, headers={**clerk.headers, **accept}
    )
    assert (found.status_code, found.headers["allow"]) == (405, "POST")


async def test_statuses_for_those_who_take_them(shop: Online) -> None:
    accept = {"Accept": "application/graphql-response+json"}
    post = shop.running.http.post
    for query, status in (("{ nothing }", 400), ("{ mine { id } }", 200), ("{", 400)):
        found = await post(PATH, json={"query": query}, headers=accept)
        assert (found.status_code, found.headers["content-type"]) == (status, accept["Accept"])


def test_fields_that_do_not_fit_are_seen_at_the_start(settings: BookSettings) -> None:
    runtime = Runtime(SERVICE, settings)
    service = ShopOnline(runtime)
    made = schema.fields(runtime, service)
    del made.answers["Query.mine"]
    with pytest.raises(LookupError, match=r"nothing answers Query\.mine"):
        Endpoint(made)
    with pytest.raises(LookupError, match=r"no field Query\.none"):
        made.own("Query.none", schema.WATCH, schema.ByBook, service.get_book)
    with pytest.raises(LookupError, match="no argument `bookId`"):
        made.own("Query.mine", schema.WATCH, schema.ByBook, service.get_book)
    with pytest.raises(LookupError, match="nothing reads the argument `cursor`"):
        made.other("Query.books", service.other.get_book, {"book_id": ""})


async def test_a_request_is_measured_in_a_span(settings: BookSettings) -> None:
    spec = replace(SERVICE, traced=frozenset({"graphql.depth", "graphql.complexity"}))
    runtime = Runtime(spec, settings.model_copy(update={"telemetry": "memory"}))
    service = ShopOnline(runtime)
    async with running(schema.build(runtime, service)) as started:
        shop = Online(started, service)
        clerk = started.caller("clerk")
        book = await shop.listed(clerk)
        await shop.ask(f'query Q {{ book(bookId: "{book}") {{ id }} }}', clerk)
        assert runtime.telemetry is not None
        spans = {each.name: each for each in runtime.telemetry.finished}
        request, field = spans[f"{PATH} query"], spans["get-book"]
        assert field.parent.span_id == request.context.span_id
        assert dict(request.attributes) == {
            "graphql.operation.type": "query",
            "graphql.complexity": "11",
            "graphql.depth": "2",
        }


async def test_the_deadline_of_the_caller_is_that_of_all_fields(shop: Online) -> None:
    clerk = shop.running.caller("clerk")
    shop.service.other.takes = 0.15
    asked = " ".join(f'a{n}: elsewhere(bookId: "{uuid7()}") {{ book {{ id }} }}' for n in range(12))
    began = time.perf_counter()
    hurried = {"X-Timeout-Ms": "250"}
    found = await shop.ask(f"{{ {asked} }}", clerk, headers=hurried)
    assert time.perf_counter() - began < 5
    told = problems(found)
    assert {*told} == {(504, "deadline-exceeded")}
    assert 1 <= len(told) < 12, "those that were in time are answered"


async def test_fields_are_measured_one_by_one(shop: Online) -> None:
    clerk = shop.running.caller("clerk")
    await shop.ask(f'{{ a: book(bookId: "{uuid7()}") {{ id }} mine {{ id }} }}', clerk)
    told = await shop.running.runtime.metrics.text()
    counts = [each for each in told.decode().splitlines() if "graphql_field" in each]
    found = {each.partition("{")[2] for each in counts if "_seconds_count" in each}
    assert {(e.count('field="Query.book"'), e.count('status="404"')) for e in found} == {
        (1, 1),
        (0, 0),
    }


def test_a_schema_without_answers_does_not_start(settings: BookSettings) -> None:
    with pytest.raises(LookupError, match=r"Mutation\.changeBook"):
        Endpoint(Fields(Runtime(SERVICE, settings), SPEC))
