"""No sequence of calls reads, counts or changes what belongs to another organisation."""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bookshop
from bookshop.models import Book
from cloudsync_chassis.context import Context, Deadline
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.propagation import Trace
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.security.principal import Principal
from cloudsync_chassis.store import system
from cloudsync_chassis.store.query import ListQuery, PageRequest
from cloudsync_chassis.store.repository import Repository
from cloudsync_chassis.store.shared import Shared
from cloudsync_chassis.store.unit import Unit
from cloudsync_chassis.testing import Running, isolated

TENANTS = (UUID(int=1), UUID(int=2))
WRITE = Operation(id="write", writes=True)
TITLES = ("a", "b")

place = st.integers(0, 3)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("insert"), place, st.sampled_from(TITLES)),
        st.tuples(st.just("replace"), place, st.sampled_from(TITLES)),
        st.tuples(st.just("remove"), place, st.just("")),
        st.tuples(st.just("find"), place, st.just("")),
        st.tuples(st.just("look up"), place, st.sampled_from(TITLES)),
        st.tuples(st.just("list"), place, st.sampled_from(TITLES)),
        st.tuples(st.just("page"), st.integers(1, 3), st.just("")),
        st.tuples(st.just("count"), place, st.sampled_from(TITLES)),
        st.tuples(st.just("smuggle"), place, st.just("")),
    ),
    max_size=12,
)


def book(ctx: Context, number: int, title: str, version: int = 1) -> Book:
    """The same ids, numbers and words in each tenant: nothing but the tenant tells them apart."""
    return Book.model_validate(
        {
            "id": UUID(int=100 + number),
            "organizationId": ctx.tenant,
            "createdAt": ctx.now,
            "updatedAt": ctx.now,
            "version": version,
            "title": title,
            "isbn": f"isbn-{number}",
            "sellerId": UUID(int=9),
            "status": "listed",
            "priceMinor": ctx.tenant.int,
            "tags": [title],
            "relatedIds": [UUID(int=9)],
            "notes": f"of {ctx.tenant.int}",
        },
        strict=False,
    )


def asked(unit: Unit, tenant: UUID) -> Context:
    """Somebody of the tenant asks."""
    return Context(
        operation=WRITE,
        principal=Principal("somebody", organization_id=tenant),
        unit=unit,
        deadline=Deadline.after(30),
        trace=Trace.new(),
    )


class Shelf:
    """One tenant's books as they ought to be, and the calls that may be made on them."""

    def __init__(self, tenant: UUID, runtime: Runtime, repository: Repository[Book]) -> None:
        self.tenant = tenant
        self.books: dict[UUID, Book] = {}
        self._runtime = runtime
        self._repository = repository

    async def play(self, kind: str, number: int, title: str) -> None:
        """One call in a transaction of its own, and what it has to answer."""
        async with Unit(self._runtime.database, write=True) as unit:
            call = getattr(self, f"_{kind.replace(' ', '_')}")
            await call(asked(unit, self.tenant), number, title)

    async def check(self) -> None:
        await self.play("list", 0, TITLES[0])

    async def _insert(self, ctx: Context, number: int, title: str) -> None:
        made = book(ctx, number, title)
        if made.id in self.books:
            return
        await self._repository.insert(ctx, made)
        self.books[made.id] = made

    async def _replace(self, ctx: Context, number: int, title: str) -> None:
        known = self.books.get(UUID(int=100 + number))
        version = known.version if known else 1
        made = book(ctx, number, title, version + 1)
        assert await self._repository.replace(ctx, made, version) is (known is not None)
        if known is not None:
            self.books[made.id] = made

    async def _remove(self, ctx: Context, number: int, _: str) -> None:
        known = self.books.pop(UUID(int=100 + number), None)
        version = known.version if known else 1
        gone = await self._repository.remove(ctx, UUID(int=100 + number), version)
        assert gone is (known is not None)

    async def _find(self, ctx: Context, number: int, _: str) -> None:
        found = await self._repository.find(ctx, {"id": UUID(int=100 + number)})
        assert found == self.books.get(UUID(int=100 + number))

    async def _look_up(self, ctx: Context, number: int, _: str) -> None:
        for values in ({"isbn": f"isbn-{number}"}, {"organizationId": other(self.tenant)}):
            found = await self._repository.find(ctx, values)
            fits = self.books.get(UUID(int=100 + number)) if "isbn" in values else None
            assert found == fits

    async def _list(self, ctx: Context, _: int, title: str) -> None:
        filters: list[dict[str, Any]] = [
            {},
            {"title": title},
            {"tags": title},
            {"sellerId": (UUID(int=9),)},
            {"organizationId": other(self.tenant)},
        ]
        for each in filters:
            query = ListQuery(PageRequest(limit=50), each, (("sellerId", UUID(int=9)),))
            page = await self._repository.select(ctx, query)
            assert {b.id: b for b in page.items} == self._fitting(each)

    async def _page(self, ctx: Context, limit: int, _: str) -> None:
        seen: list[Book] = []
        page = PageRequest(limit=limit, sort="title")
        while True:
            found = await self._repository.select(ctx, ListQuery(page))
            seen += found.items
            if found.following is None:
                break
            page = replace(page, after=found.following)
        assert {each.id: each for each in seen} == self.books
        assert len(seen) == len(self.books)

    async def _count(self, ctx: Context, _: int, title: str) -> None:
        for each in ({}, {"title": title}, {"organizationId": other(self.tenant)}):
            assert await self._repository.count(ctx, each) == len(self._fitting(each))

    async def _smuggle(self, ctx: Context, number: int, _: str) -> None:
        """An entity that says that it belongs to somebody else."""
        strange = book(ctx.within(other(self.tenant)), number, "stolen", 2)
        with pytest.raises(ValueError, match="another organisation"):
            await self._repository.insert(ctx, strange)
        with pytest.raises(ValueError, match="another organisation"):
            await self._repository.replace(ctx, strange, 1)

    def _fitting(self, filters: dict[str, Any]) -> dict[UUID, Book]:
        if "organizationId" in filters:
            return {}
        title = filters.get("title") or filters.get("tags")
        return {key: b for key, b in self.books.items() if title in (None, b.title)}


def other(tenant: UUID) -> UUID:
    return TENANTS[1] if tenant == TENANTS[0] else TENANTS[0]


@pytest.mark.parametrize("kind", [bookshop.Books, bookshop.DocumentBooks])
@settings(max_examples=30, deadline=None)
@given(steps=st.lists(st.tuples(st.integers(0, 1), STEPS), max_size=4))
def test_whatever_is_called_tenants_stay_apart(
    kind: type[bookshop.Books], steps: list[tuple[int, list[tuple[str, int, str]]]]
) -> None:
    async def play() -> int:
        played = 0
        with tempfile.TemporaryDirectory() as folder:
            shop = bookshop.BookSettings(**isolated(Path(folder)))
            runtime = Runtime(bookshop.SERVICE, shop)
            repository = kind(runtime).books.repository
            await runtime.database.create_all(bookshop.metadata, system.metadata)
            shelves = [Shelf(tenant, runtime, repository) for tenant in TENANTS]
            for which, calls in steps:
                for call in calls:
                    await shelves[which].play(*call)
                    played += 1
                for each in shelves:
                    await each.check()
            await runtime.database.dispose()
        return played

    assert asyncio.run(play()) == sum(len(calls) for _, calls in steps)


@pytest.mark.parametrize("kind", [bookshop.Books, bookshop.DocumentBooks])
async def test_what_one_tenant_shares_all_have(kind: type[bookshop.Books], tmp_path: Path) -> None:
    ours, theirs = TENANTS
    runtime = Runtime(bookshop.SERVICE, bookshop.BookSettings(**isolated(tmp_path)))
    inner = kind(runtime).books.repository
    shared = Shared(inner, ours)
    await runtime.database.create_all(bookshop.metadata, system.metadata)
    async with Unit(runtime.database, write=True) as unit:
        owner, stranger = asked(unit, ours), asked(unit, theirs)
        made = book(owner, 0, "a")
        await shared.insert(stranger, made)
        assert await inner.find(owner, {"id": made.id}) == made
        assert await inner.find(stranger, {"id": made.id}) is None
        assert await shared.find(stranger, {"id": made.id}) == made
        assert await shared.count(stranger, {}) == 1
        with pytest.raises(ValueError, match="another organisation"):
            await shared.insert(stranger, book(stranger, 1, "b"))
        changed = book(owner, 0, "b", version=2)
        assert await shared.replace(stranger, changed, 1)
        assert await inner.find(owner, {"id": made.id}) == changed
        assert await shared.remove(stranger, made.id, 2)
        assert await inner.count(owner, {}) == 0
    await runtime.database.dispose()


async def test_a_unique_value_is_taken_within_a_tenant_only(shop: Any) -> None:
    ours, theirs = shop.caller("clerk"), shop.caller("clerk")
    body = {"title": "x", "priceMinor": 1, "isbn": "978"}
    for caller, status in ((ours, 201), (theirs, 201), (ours, 409), (theirs, 409)):
        answer = await shop.http.post("/v1/books", json=body, headers=caller.headers)
        assert answer.status_code == status


async def test_over_http_another_tenants_book_does_not_exist(shop: Any) -> None:
    ours, theirs = shop.caller("clerk", "head"), shop.caller("clerk", "head")
    body = {"title": "x", "priceMinor": 1}
    book = (await shop.http.post("/v1/books", json=body, headers=ours.headers)).json()
    url = f"/v1/books/{book['id']}"
    foreign = {
        **theirs.headers,
        "If-Match": '"1"',
        "X-Organization-Id": str(ours.organization),
    }
    loan = {"reader": "user:ann", "level": "guest"}
    for method, target, content in (
        ("GET", url, None),
        ("PATCH", url, {"title": "y"}),
        ("DELETE", url, None),
        ("POST", f"{url}/reserve", None),
        ("POST", f"{url}/sell", None),
        ("POST", f"{url}/loans", loan),
        ("GET", f"{url}/loans", None),
    ):
        answer = await shop.http.request(method, target, json=content, headers=foreign)
        assert answer.status_code == 404, (method, target, answer.text)
    listed = await shop.http.get("/v1/books", headers=foreign)
    assert listed.json()["items"] == []
    assert (await shop.http.get(url, headers=ours.headers)).json() == book


async def test_a_tenant_is_not_even_read_where_nobody_may_name_one(shop: Running) -> None:
    """The contract has the header where workloads and anonymous callers are let in."""
    named = {"X-Organization-Id": "'; DROP TABLE x;--"}
    headers = {**shop.caller("clerk").headers, **named}
    assert (await shop.http.get("/v1/books", headers=headers)).status_code == 200
    assert (await shop.http.get("/v1/books", headers=named)).status_code == 401
