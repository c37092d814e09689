"""Life cycles, invariants, references, merge patches, and the events that tell of them."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from cloudsync_chassis.aggregate.entities import Entities
from cloudsync_chassis.aggregate.merge import merge
from cloudsync_chassis.aggregate.payload import Change, derive
from cloudsync_chassis.aggregate.rules import Invariants
from cloudsync_chassis.aggregate.spec import Invariant
from cloudsync_chassis.context import Context
from cloudsync_chassis.executor import Incoming
from cloudsync_chassis.ids import uuid7
from cloudsync_chassis.model import to_record
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.problem import Problem
from cloudsync_chassis.propagation import Trace
from cloudsync_chassis.security.principal import Principal
from cloudsync_chassis.store.system import idempotency_keys
from cloudsync_chassis.testing import Caller, Running

BASE = "https://problems.example/"


async def listed(shop: Running, caller: Caller, **fields: Any) -> str:
    body = {"title": "Emma", "priceMinor": 700, **fields}
    answer = await shop.http.post("/v1/books", json=body, headers=caller.headers)
    assert answer.status_code == 201, answer.text
    return f"/v1/books/{answer.json()['id']}"


async def test_legal_transitions_move_and_announce(shop: Running) -> None:
    clerk = shop.caller("clerk")
    url = await listed(shop, clerk)
    reserved = await shop.http.post(f"{url}/reserve", headers=clerk.headers)
    sold = await shop.http.post(f"{url}/sell", headers=clerk.headers)
    assert (reserved.json()["status"], reserved.json()["version"]) == ("reserved", 2)
    assert (sold.json()["status"], sold.json()["version"]) == ("sold", 3)
    assert sold.json()["soldAt"] == sold.json()["updatedAt"]
    events = await shop.published()
    assert [each.type for each in events] == ["BookListed", "BookReserved"]
    assert events[1].data["from"] == "listed"
    assert events[1].data["to"] == "reserved"


async def test_illegal_transitions_are_refused_by_name(shop: Running) -> None:
    clerk = shop.caller("clerk")
    url = await listed(shop, clerk)
    await shop.http.post(f"{url}/sell", headers=clerk.headers)
    for command in ("sell", "reserve"):
        answer = await shop.http.post(f"{url}/{command}", headers=clerk.headers)
        assert answer.status_code == 409
        problem = answer.json()
        assert problem["type"] == BASE + "illegal-transition"
        assert (problem["command"], problem["state"]) == (f"{command}-book", "sold")
    assert (await shop.http.get(url, headers=clerk.headers)).json()["version"] == 2


async def test_repeating_what_is_idempotent_by_nature_changes_nothing(shop: Running) -> None:
    clerk = shop.caller("clerk")
    url = await listed(shop, clerk)
    first = await shop.http.post(f"{url}/reserve", headers=clerk.headers)
    again = await shop.http.post(f"{url}/reserve", headers=clerk.headers)
    assert (again.status_code, again.json()) == (200, first.json())
    assert [each.type for each in await shop.published()] == ["BookListed", "BookReserved"]


async def test_a_create_that_is_idempotent_by_nature_makes_each_thing_once(shop: Running) -> None:
    """The same request finds what it made, whatever has become of it; another one is refused."""
    clerk = shop.caller("clerk")
    url = await listed(shop, clerk)
    lending = {"reader": "user:1", "level": "reader", "remark": "first"}

    async def lend(**changed: str) -> httpx.Response:
        body = {**lending, **changed}
        return await shop.http.post(f"{url}/loans", json=body, headers=clerk.headers)

    one, two, other = await lend(), await lend(), await lend(reader="user:2")
    assert (one.status_code, two.json()) == (201, one.json())
    assert other.json()["id"] != one.json()["id"]
    taken = await lend(level="keeper")
    assert (taken.status_code, taken.json()["type"]) == (409, BASE + "already-lent")
    assert {each["pointer"] for each in taken.json()["errors"]} == {"/bookId", "/reader"}
    loans = (await shop.http.get(f"{url}/loans", headers=clerk.headers)).json()["items"]
    assert sorted(each["reader"] for each in loans) == ["user:1", "user:2"]
    assert one.json() in loans, "what was refused has changed nothing"
    terms = {"level": "keeper"}
    await shop.http.put(f"{url}/loans/user:1", json=terms, headers=clerk.headers)
    late = await lend()
    assert (late.status_code, late.json()["id"]) == (201, one.json()["id"])
    assert (late.json()["level"], late.json()["version"]) == ("keeper", 2)
    types = [each.type for each in await shop.published()]
    assert types == ["BookListed", "BookLent", "BookLent", "BookLent"]


async def test_what_is_there_already_is_found_without_its_request(shop: Running) -> None:
    """After a day, or for another caller: a create that would change nothing succeeds."""
    clerk = shop.caller("clerk")
    colleague = shop.caller("head", organization=clerk.organization)
    url = await listed(shop, clerk)
    lending = {"reader": "user:1", "level": "reader"}
    one = await shop.http.post(f"{url}/loans", json=lending, headers=clerk.headers)
    same = await shop.http.post(f"{url}/loans", json=lending, headers=colleague.headers)
    assert (same.status_code, same.json()) == (201, one.json())
    async with shop.runtime.database.transaction(write=True) as connection:
        await connection.execute(sa.delete(idempotency_keys))
    again = await shop.http.post(f"{url}/loans", json=lending, headers=clerk.headers)
    assert (again.status_code, again.json()) == (201, one.json())


async def test_parallel_creates_of_one_thing_make_it_once(shop: Running) -> None:
    clerk = shop.caller("clerk")
    url = await listed(shop, clerk)
    same = {"reader": "user:1", "level": "reader"}
    bodies = [same] * 6 + [{**same, "level": "keeper"}] * 2
    asked = (shop.http.post(f"{url}/loans", json=each, headers=clerk.headers) for each in bodies)
    answers = await asyncio.gather(*asked)
    made = [each for each in answers if each.status_code == 201]
    assert len({each.json()["id"] for each in made}) == 1
    assert {each.status_code for each in answers} == {201, 409}
    loans = (await shop.http.get(f"{url}/loans", headers=clerk.headers)).json()["items"]
    assert loans == [made[0].json()]


async def test_putting_makes_a_thing_and_then_changes_it(shop: Running) -> None:
    clerk = shop.caller("clerk")
    url = await listed(shop, clerk)

    async def put(**terms: str) -> Any:
        path = f"{url}/loans/user:1"
        answer = await shop.http.put(path, json=terms, headers=clerk.headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    one, same = await put(level="reader", remark="soon"), await put(level="reader", remark="soon")
    assert (one["reader"], one["version"], same) == ("user:1", 1, one)
    assert one["arrangedBy"] == str(clerk.subject)
    two = await put(level="keeper")
    assert (two["id"], two["level"], two["version"]) == (one["id"], "keeper", 2)
    assert "remark" not in two, "what a request does not say is not kept"
    assert two["createdAt"] == one["createdAt"]
    types = [each.type for each in await shop.published()]
    assert types == ["BookListed", "BookLent", "BookLent"]


async def test_the_envelope_is_nothing_that_a_body_says(shop: Running) -> None:
    """Neither when a thing is made nor when it is changed, as by an event of another tenant."""
    clerk = shop.caller("clerk")
    book = (await listed(shop, clerk)).rpartition("/")[2]
    loans = shop.runtime.aggregates["loan"]
    operation = Operation(id="arrange", access="workload", writes=True)
    principal = Principal(str(clerk.subject), "workload", clerk.organization)
    incoming = Incoming(principal=principal, trace=Trace.new())
    forged = {"id": uuid7(), "organizationId": uuid7(), "version": 9}
    forged |= dict.fromkeys(("createdAt", "updatedAt"), datetime(2001, 1, 1, tzinfo=UTC))

    async def put(level: str) -> dict[str, Any]:
        body = {**forged, "reader": "user:1", "level": level}

        async def arrange(ctx: Context) -> Any:
            return await loans.put(ctx, "arrange-loan", body, bookId=UUID(book))

        return to_record(await shop.runtime.executor.run(operation, incoming, arrange))

    made, changed = await put("reader"), await put("keeper")
    for each in (made, changed):
        assert not {name for name, value in forged.items() if each[name] == value}
        assert each["organizationId"] == clerk.organization
    assert (made["id"], made["version"]) == (changed["id"], changed["version"] - 1)


async def test_parts_of_own_things_are_listed_without_their_parent(shop: Running) -> None:
    """Whoever may read parts by a relation to the parent sees those of all their parents."""
    clerk = shop.caller("clerk")
    colleague = shop.caller("clerk", organization=clerk.organization)
    lending = {"level": "reader"}
    for caller, readers in ((clerk, ("1", "2")), (clerk, ("3",)), (colleague, ("4",))):
        url = await listed(shop, caller)
        for each in readers:
            path = f"{url}/loans/{each}"
            assert (
                await shop.http.put(path, json=lending, headers=caller.headers)
            ).status_code == 200

    async def seen(role: str, subject: UUID) -> list[str]:
        caller = shop.caller(role, organization=clerk.organization, subject=subject)
        answer = await shop.http.get("/v1/loans", headers=caller.headers)
        assert answer.status_code == 200, answer.text
        return sorted(each["reader"] for each in answer.json()["items"])

    assert await seen("clerk", clerk.subject) == ["1", "2", "3", "4"]
    assert await seen("reader", clerk.subject) == ["1", "2", "3"]
    assert await seen("reader", colleague.subject) == ["4"]
    assert await seen("reader", uuid7()) == []


async def test_a_relation_leads_through_parts_that_hold_an_id(shop: Running) -> None:
    """The caller's id is a text; the field that holds it may be of another type."""
    clerk = shop.caller("clerk")
    head = shop.caller("head", organization=clerk.organization)
    url, other = await listed(shop, clerk), await listed(shop, clerk)
    for each in ("1", "2"):
        terms = {"level": "reader"}
        path = f"{url}/loans/{each}"
        put = await shop.http.put(path, json=terms, headers=head.headers)
        assert put.json()["arrangedBy"] == str(head.subject), put.text
    reader = shop.caller("reader", organization=clerk.organization, subject=head.subject)
    books = (await shop.http.get("/v1/books", headers=reader.headers)).json()["items"]
    assert [f"/v1/books/{each['id']}" for each in books] == [url]
    visitor = shop.caller("visitor", organization=clerk.organization, subject=head.subject)
    for path, status in ((url, 200), (other, 403)):
        answer = await shop.http.post(f"{path}/reserve", headers=visitor.headers)
        assert answer.status_code == status, answer.text


async def test_parts_are_found_below_their_own_parent_only(shop: Running) -> None:
    """A path that names what is not there is not found, and not an empty list or a new part."""
    clerk, other = shop.caller("clerk"), shop.caller("clerk")
    reader = shop.caller("reader", organization=clerk.organization)
    theirs = await listed(shop, other)
    for url in (theirs, f"/v1/books/{uuid7()}"):
        for caller in (clerk, reader):
            answer = await shop.http.get(f"{url}/loans", headers=caller.headers)
            assert answer.status_code == 404, answer.text
        terms = {"level": "keeper"}
        put = await shop.http.put(f"{url}/loans/user:1", json=terms, headers=clerk.headers)
        assert put.status_code == 404


async def test_a_condition_of_a_transition_is_told_in_words(table_shop: Running) -> None:
    clerk = table_shop.caller("clerk")
    url = await listed(table_shop, clerk, priceMinor=0)
    answer = await table_shop.http.post(f"{url}/sell", headers=clerk.headers)
    assert answer.status_code == 409
    assert answer.json()["type"] == BASE + "condition-not-met"
    assert answer.json()["detail"] == "a price is set"


async def test_a_requirement_refuses_by_its_own_name(shop: Running) -> None:
    """By what is asked, by what is counted, and by what is taken; nothing has changed then."""
    clerk = shop.caller("clerk")
    url = await listed(shop, clerk)

    async def lend(reader: str, level: str = "reader") -> tuple[int, str, str]:
        body = {"reader": reader, "level": level}
        answer = await shop.http.post(f"{url}/loans", json=body, headers=clerk.headers)
        problem = answer.json()
        kind = problem.get("type", "").removeprefix(BASE)
        return answer.status_code, kind, problem.get("detail", "")

    assert await lend(f"user:{clerk.subject}") == (403, "not-to-oneself", "the reader lends it")
    assert (await lend("user:1", "keeper"))[0] == 201
    taken = (409, "already-lent", "the reader has it on other terms")
    assert await lend("user:1", "reader") == taken
    assert [(await lend(f"user:{each}"))[0] for each in (2, 3)] == [201, 201]
    assert await lend("user:4") == (422, "too-many-readers", "three readers at a time")
    assert (await shop.http.delete(url, headers=clerk.headers)).json()["type"] == BASE + "book-lent"
    kept = {"level": "reader"}
    await shop.http.put(f"{url}/loans/user:1", json=kept, headers=clerk.headers)
    assert (await shop.http.delete(url, headers=clerk.headers)).status_code == 204


async def test_a_requirement_counts_one_tenant_only(shop: Running) -> None:
    clerk, other = shop.caller("clerk"), shop.caller("clerk")
    url, theirs = await listed(shop, clerk), await listed(shop, other)
    keeping = {"reader": "user:1", "level": "keeper"}
    await shop.http.post(f"{theirs}/loans", json=keeping, headers=other.headers)
    assert (await shop.http.delete(url, headers=clerk.headers)).status_code == 204
    assert (await shop.http.delete(theirs, headers=other.headers)).status_code == 409


async def test_what_is_open_is_everybodys(shop: Running) -> None:
    """A relation that asks what the entity says: alone of all books, those are listed and read."""
    clerk = shop.caller("clerk")
    shown = await listed(shop, clerk, title="in the window")
    await listed(shop, clerk, title="in the cellar")
    await listed(shop, shop.caller("clerk"), title="in the window")
    reader = shop.caller("reader", organization=clerk.organization)
    books = (await shop.http.get("/v1/books", headers=reader.headers)).json()["items"]
    assert [f"/v1/books/{each['id']}" for each in books] == [shown]


async def test_a_broken_invariant_is_named_and_undone(shop: Running) -> None:
    clerk = shop.caller("clerk")
    url = await listed(shop, clerk)
    headers = {**clerk.headers, "If-Match": "*"}
    for minutes, status in ((20, 422), (14, 200)):
        ends = (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat()
        patch = {"lock": {"holderId": str(uuid7()), "expiresAt": ends}}
        answer = await shop.http.patch(url, json=patch, headers=headers)
        assert answer.status_code == status, answer.text
        if status == 422:
            assert answer.json()["invariants"] == ["book-lock-short"]
            book = (await shop.http.get(url, headers=clerk.headers)).json()
            assert (book["version"], "lock" in book) == (1, False)


async def test_references_within_the_service_must_exist(shop: Running) -> None:
    clerk, other = shop.caller("clerk"), shop.caller("clerk")
    mine, theirs = await listed(shop, clerk), await listed(shop, other)
    for url, status in ((mine, 201), (theirs, 422)):
        body = {"title": "x", "priceMinor": 1, "relatedIds": [url.rsplit("/", 1)[1]]}
        answer = await shop.http.post("/v1/books", json=body, headers=clerk.headers)
        assert answer.status_code == status
    assert answer.json()["errors"] == [{"detail": "no such entity", "pointer": "/relatedIds"}]
    lending = {"reader": "user:1", "level": "reader"}
    head = shop.caller("head", organization=clerk.organization)
    answer = await shop.http.post(f"{theirs}/loans", json=lending, headers=head.headers)
    assert answer.status_code == 404


async def test_unique_values_are_unique_within_their_scope(shop: Running) -> None:
    clerk, other = shop.caller("clerk"), shop.caller("clerk")
    url = await listed(shop, clerk, isbn="1")
    await listed(shop, clerk, isbn="2")
    await listed(shop, other, isbn="1")
    body = {"title": "x", "priceMinor": 1, "isbn": "1"}
    answer = await shop.http.post("/v1/books", json=body, headers=clerk.headers)
    assert answer.status_code == 409
    assert answer.json()["type"] == BASE + "already-exists"
    assert answer.json()["errors"] == [{"detail": "taken", "pointer": "/isbn"}]
    assert (await shop.http.delete(url, headers=clerk.headers)).status_code == 204
    again = await shop.http.post("/v1/books", json=body, headers=clerk.headers)
    assert again.status_code == 201, "a removed one frees its value"


async def test_null_removes_where_the_schema_lets_it(shop: Running) -> None:
    clerk = shop.caller("clerk")
    url = await listed(shop, clerk, notes="torn cover")
    headers = {**clerk.headers, "If-Match": "*"}
    refused = await shop.http.patch(url, json={"title": None}, headers=headers)
    removed = await shop.http.patch(url, json={"notes": None, "title": "Emma"}, headers=headers)
    assert refused.status_code == 400
    assert "notes" not in removed.json()
    events = await shop.published()
    assert events[-1].data["changedFields"] == ["notes"]
    assert events[-1].data["fromTitle"] == "Emma"


async def test_a_removed_entity_is_gone_and_announced(shop: Running) -> None:
    clerk = shop.caller("clerk")
    url = await listed(shop, clerk)
    removed = await shop.http.delete(url, headers=clerk.headers)
    assert (removed.status_code, removed.content) == (204, b"")
    for method in ("GET", "DELETE"):
        answer = await shop.http.request(method, url, headers=clerk.headers)
        assert answer.status_code == 404
    assert (await shop.published())[-1].type == "BookRemoved"


def test_all_broken_invariants_are_named_at_once() -> None:
    found = [Invariant(name, f"this.{name} == 1", name) for name in ("a", "b", "c")]
    with pytest.raises(Problem) as refused:
        Invariants(found).check({"a": 0, "b": 1, "c": 2})
    assert refused.value.extensions["invariants"] == ["a", "c"]


def test_event_data_is_derived_from_the_change() -> None:
    change = Change(
        "share-grant",
        after={"id": 5, "state": "open", "folderId": 2},
        before={"id": 5, "state": "new", "folderId": 1},
        body={"reason": "why"},
        parameters={"documentId": 9},
    )
    fields = ("shareGrantId", "fromFolderId", "toFolderId", "from", "to", "reason", "documentId")
    assert derive(change, (*fields, "changedFields", "unknown"), "state") == {
        "shareGrantId": 5,
        "fromFolderId": 1,
        "toFolderId": 2,
        "from": "new",
        "to": "open",
        "reason": "why",
        "documentId": 9,
        "changedFields": ["folderId", "state"],
    }


def test_what_the_caller_said_by_name_is_told_before_what_is_derived() -> None:
    change = Change(
        "book",
        after={"id": 5, "state": "open", "number": 2},
        before={"id": 5, "state": "new", "number": 1},
        body={"toNumber": 7, "to": "nowhere"},
        parameters={"fromNumber": 3},
    )
    assert derive(change, ("fromNumber", "toNumber", "from", "to"), "state") == {
        "fromNumber": 3,
        "toNumber": 7,
        "from": "new",
        "to": "open",
    }


_JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=3),
    lambda inner: st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=8,
)
_OBJECT = st.dictionaries(st.text(max_size=2), _JSON, max_size=4)


@given(_OBJECT, _OBJECT)
def test_merging_is_idempotent_and_leaves_no_null(target: dict[str, Any], patch: Any) -> None:
    once = merge(merge({}, target), patch)
    assert merge(once, patch) == once
    assert not _has_null(once)


def _has_null(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_has_null(each) for each in value.values())
    return value is None


async def test_handlers_write_what_no_command_says(shop: Running) -> None:
    books: Entities[Any] = shop.runtime.aggregates["book"]
    caller = shop.caller("clerk")
    fields = {"title": "Emma", "sellerId": caller.subject, "status": "listed", "priceMinor": 5}

    async def write(ctx: Context) -> None:
        emma = await books.insert(ctx, {**fields, "notes": None})
        assert (emma.version, emma.tags, emma.notes) == (1, [], None)
        named = await books.insert(ctx, {**fields, "id": uuid7(), "isbn": "1"})
        assert await books.rewrite(ctx, named, {"title": "Emma"}) is named
        changed = await books.rewrite(ctx, named, {"title": "Persuasion", "isbn": None})
        assert (changed.version, changed.title, changed.isbn) == (2, "Persuasion", None)
        with pytest.raises(Problem, match="when"):
            await books.rewrite(ctx, changed, {"status": "sold"})
        with pytest.raises(Problem):
            await books.rewrite(ctx, named, {"title": "Anne"})
        with pytest.raises(Problem, match="when"):
            await books.insert(ctx, {**fields, "status": "sold"})
        await books.announce(ctx, "BookReserved", changed, named, to="nowhere")
        with pytest.raises(ValueError, match="no command of book announces BookBurnt"):
            await books.announce(ctx, "BookBurnt", changed)
        await books.remove(ctx, emma)
        with pytest.raises(Problem):
            await books.remove(ctx, emma)
        assert [each.id async for each in books.each(ctx)] == [named.id]
        gone = {"createdAt": ctx.now - timedelta(days=1)}
        assert [each async for each in books.each(ctx, gone)] == []
        assert [each.id async for each in books.each(ctx, {"createdAt": ctx.now})] == [named.id]

    await within(shop, caller, write)
    events = await shop.published()
    assert [(each.type, each.data["from"], each.data["to"]) for each in events] == [
        ("BookReserved", "listed", "listed")
    ]


async def test_a_command_tells_only_what_its_handler_lets_it(shop: Running) -> None:
    books = shop.runtime.aggregates["book"]
    caller = shop.caller("clerk")

    async def write(ctx: Context) -> None:
        book = await books.telling().create(ctx, "list-book", {"title": "Emma", "priceMinor": 5})
        await books.telling("BookListed").update(ctx, "change-book", book.id, {"title": "Lucy"})
        await books.update(ctx, "change-book", book.id, {"title": "Anne"})
        with pytest.raises(ValueError, match="announces BookBurnt"):
            books.telling("BookBurnt")

    await within(shop, caller, write)
    assert [each.data["toTitle"] for each in await shop.published()] == ["Anne"]


async def within(shop: Running, caller: Caller, action: Any) -> None:
    operation = Operation(id="probe", access="workload", writes=True)
    incoming = Incoming(
        principal=Principal(str(caller.subject), "workload", caller.organization), trace=Trace.new()
    )
    await shop.runtime.executor.run(operation, incoming, action)
