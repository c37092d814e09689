"""A service of another trade, as a generator would emit it: shelves of books, and loans of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, FastAPI, Path, Query, Response
from pydantic import AwareDatetime, Field
from pydantic_settings import SettingsConfigDict
from sqlalchemy import Column, Index, MetaData, PrimaryKeyConstraint, Table

from cloudsync_chassis.aggregate.spec import (
    AggregateSpec,
    Assignment,
    Command,
    Emission,
    Invariant,
    Reference,
    Relation,
    Transition,
)
from cloudsync_chassis.context import Context
from cloudsync_chassis.events.consumer import Subscription
from cloudsync_chassis.events.envelope import Received, typed
from cloudsync_chassis.handlers import handler_missing
from cloudsync_chassis.model import Model
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.service import ServiceSpec
from cloudsync_chassis.settings import Settings
from cloudsync_chassis.store.columns import sql
from cloudsync_chassis.store.document import DocumentStore
from cloudsync_chassis.store.query import Page, PageRequest
from cloudsync_chassis.store.table import TableStore
from cloudsync_chassis.web.app import create_app
from cloudsync_chassis.web.body import json_body
from cloudsync_chassis.web.call import RestCall, admitted, page_of

TOPIC = "shop.stock.book.v1"


class BookStatus(StrEnum):
    listed = "listed"
    reserved = "reserved"
    sold = "sold"


class Lock(Model):
    holder_id: Annotated[UUID, Field(alias="holderId")]
    expires_at: Annotated[AwareDatetime, Field(alias="expiresAt")]


class Entity(Model):
    id: UUID
    organization_id: Annotated[UUID, Field(alias="organizationId")]
    created_at: Annotated[AwareDatetime, Field(alias="createdAt")]
    updated_at: Annotated[AwareDatetime, Field(alias="updatedAt")]
    version: int


class Book(Entity):
    title: Annotated[str, Field(min_length=1, max_length=300)]
    isbn: str | None = None
    seller_id: Annotated[UUID, Field(alias="sellerId")]
    status: BookStatus
    price_minor: Annotated[int, Field(alias="priceMinor", ge=0)]
    tags: Annotated[list[str], Field(json_schema_extra={"x-unique": True})]
    related_ids: Annotated[list[UUID], Field(alias="relatedIds")]
    notes: str | None = None
    lock: Lock | None = None
    sold_at: Annotated[AwareDatetime | None, Field(alias="soldAt")] = None


class Loan(Entity):
    book_id: Annotated[UUID, Field(alias="bookId")]
    reader: str
    level: str


class BookInput(Model):
    title: Annotated[str, Field(min_length=1, max_length=300)]
    isbn: str | None = None
    price_minor: Annotated[int, Field(alias="priceMinor", ge=0)]
    tags: Annotated[list[str] | None, Field(json_schema_extra={"x-unique": True})] = None
    related_ids: Annotated[list[UUID] | None, Field(alias="relatedIds")] = None
    notes: str | None = None
    lock: Lock | None = None


class BookPatch(Model):
    title: Annotated[str | None, Field(min_length=1)] = None
    price_minor: Annotated[int | None, Field(alias="priceMinor", ge=0)] = None
    tags: list[str] | None = None
    notes: Annotated[str | None, Field(json_schema_extra={"x-nullable": True})] = None
    lock: Lock | None = None


class LoanInput(Model):
    reader: str
    level: str


class PriceSuggested(Model):
    book_id: Annotated[UUID, Field(alias="bookId")]
    price_minor: Annotated[int, Field(alias="priceMinor")]


metadata = MetaData()

_ENVELOPE = ("id", "organization_id", "created_at", "updated_at", "version")


def _envelope() -> list[Column[object]]:
    types = ("uuid", "uuid", "timestamptz", "timestamptz", "bigint")
    return [
        Column(name, sql(kind), nullable=False) for name, kind in zip(_ENVELOPE, types, strict=True)
    ]


books = Table(
    "books",
    metadata,
    *_envelope(),
    Column("title", sql("varchar(300)"), nullable=False),
    Column("isbn", sql("text")),
    Column("seller_id", sql("uuid"), nullable=False),
    Column("status", sql("text"), nullable=False),
    Column("price_minor", sql("bigint"), nullable=False),
    Column("tags", sql("text[]"), nullable=False),
    Column("related_ids", sql("uuid[]"), nullable=False),
    Column("notes_ciphertext", sql("bytea")),
    Column("notes_bidx", sql("char(64)")),
    Column("lock", sql("jsonb")),
    Column("sold_at", sql("timestamptz")),
    PrimaryKeyConstraint("organization_id", "id"),
    Index("books_isbn", "organization_id", "isbn", unique=True),
    schema="stock",
)

loans = Table(
    "loans",
    metadata,
    *_envelope(),
    Column("book_id", sql("uuid"), nullable=False),
    Column("reader", sql("text"), nullable=False),
    Column("level", sql("text"), nullable=False),
    PrimaryKeyConstraint("organization_id", "id"),
    Index("loans_reader", "organization_id", "book_id", "reader", unique=True),
    schema="stock",
)

_COLUMNS = {
    "id": "id",
    "organizationId": "organization_id",
    "createdAt": "created_at",
    "updatedAt": "updated_at",
    "version": "version",
}

BOOK_TABLE = TableStore(
    table=books,
    columns={
        **_COLUMNS,
        "title": "title",
        "isbn": "isbn",
        "sellerId": "seller_id",
        "status": "status",
        "priceMinor": "price_minor",
        "tags": "tags",
        "relatedIds": "related_ids",
        "notes": "notes_ciphertext",
        "lock": "lock",
        "soldAt": "sold_at",
    },
    encrypted=frozenset({"notes"}),
    blind={"notes_bidx": "notes"},
)
BOOK_DOCUMENTS = DocumentStore(collection="books", unique=(("organizationId", "isbn"),))
LOAN_TABLE = TableStore(
    table=loans,
    columns={**_COLUMNS, "bookId": "book_id", "reader": "reader", "level": "level"},
)
LOAN_DOCUMENTS = DocumentStore(collection="loans", unique=(("organizationId", "bookId", "reader"),))


def book_spec(store: TableStore | DocumentStore) -> AggregateSpec[Book]:
    """The aggregate over one of its stores."""
    return AggregateSpec(
        name="book",
        model=Book,
        store=store,
        state_field="status",
        initial="listed",
        defaults={"tags": [], "relatedIds": []},
        unique=(("organizationId", "isbn"),),
        references=(Reference("relatedIds", "book"),),
        relations={
            "keeper": Relation(
                through="loan",
                parent="bookId",
                principal="reader",
                prefix="user:",
                value_field="level",
                values=("keeper",),
            )
        },
        transitions=(
            Transition(command="list-book", sources=(), to="listed"),
            Transition(
                command="reserve-book",
                sources=("listed",),
                to="reserved",
                roles=frozenset({"clerk"}),
                relations=frozenset({"seller", "keeper"}),
            ),
            Transition(command="release-book", sources=("reserved",), to="listed"),
            Transition(
                command="sell-book",
                sources=("listed", "reserved"),
                to="sold",
                condition="this.priceMinor > 0 && now > this.createdAt - duration('1s')",
                guard="a price is set",
            ),
        ),
        invariants=(
            Invariant("book-sold-time", "(this.status == 'sold') == has(this.soldAt)", "when"),
            Invariant(
                "book-lock-short",
                "!has(this.lock) || this.lock.expiresAt <= this.updatedAt + duration('15m')",
                "locks are short",
            ),
        ),
        commands={
            "list-book": Command(
                effect="create",
                idempotency="key",
                sets=(Assignment("sellerId", source="context.principalId"),),
                emits=(
                    Emission(
                        type="BookListed",
                        topic=TOPIC,
                        fields=("bookId", "title", "priceMinor", "unknown"),
                    ),
                ),
            ),
            "change-book": Command(
                effect="update",
                idempotency="if-match",
                emits=(
                    Emission(
                        type="BookChanged",
                        topic=TOPIC,
                        fields=("bookId", "changedFields", "fromTitle", "toTitle"),
                    ),
                ),
            ),
            "reserve-book": Command(
                effect="transition",
                idempotency="natural",
                emits=(
                    Emission(type="BookReserved", topic=TOPIC, fields=("bookId", "from", "to")),
                ),
            ),
            "release-book": Command(effect="transition", idempotency="natural"),
            "sell-book": Command(
                effect="transition", sets=(Assignment("soldAt", source="context.now"),)
            ),
            "remove-book": Command(
                effect="delete",
                emits=(Emission(type="BookRemoved", topic=TOPIC, fields=("bookId",)),),
            ),
        },
    )


def loan_spec(store: TableStore | DocumentStore) -> AggregateSpec[Loan]:
    """Loans, parts of a book."""
    return AggregateSpec(
        name="loan",
        model=Loan,
        store=store,
        part_of=Reference("bookId", "book"),
        unique=(("bookId", "reader"),),
        commands={
            "lend-book": Command(
                effect="create",
                idempotency="natural",
                emits=(
                    Emission(
                        type="BookLent", topic=TOPIC, key="bookId", fields=("bookId", "reader")
                    ),
                ),
            ),
        },
    )


LIST_BOOK = Operation(
    id="list-book",
    permission="book:list",
    writes=True,
    idempotency="key",
    status=201,
    location="/v1/books/{id}",
)
GET_BOOK = Operation(id="get-book", permission="book:read", callers=frozenset({"till-service"}))
FIND_BOOKS = Operation(id="find-books", permission="book:read", sorts=("-createdAt", "title"))
CHANGE_BOOK = Operation(
    id="change-book", permission="book:list", writes=True, idempotency="if-match"
)
RESERVE_BOOK = Operation(
    id="reserve-book",
    permission="book:reserve",
    relations=("keeper", "seller"),
    writes=True,
    idempotency="natural",
)
SELL_BOOK = Operation(id="sell-book", permission="book:list", writes=True)
REMOVE_BOOK = Operation(id="remove-book", permission="book:list", writes=True, status=204)
LEND_BOOK = Operation(
    id="lend-book", relations=("seller",), permission="loan:any", writes=True, status=201
)
APPRAISE_BOOK = Operation(id="appraise-book", access="public", writes=True, timeout=0.2)

SERVICE = ServiceSpec(
    name="book-service",
    access={
        "book:list": frozenset({"clerk"}),
        "book:read": frozenset({"clerk", "visitor"}),
        "book:reserve": frozenset({"clerk"}),
        "loan:any": frozenset({"head"}),
    },
    related={
        "book:reserve": frozenset({"visitor"}),
        "loan:any": frozenset({"clerk", "visitor"}),
    },
    tables=metadata,
    schemas=("stock",),
)


class BookSettings(Settings):
    """Settings of the shop."""

    model_config = SettingsConfigDict(env_prefix="BOOK_SERVICE_")

    max_page_size: int = 100
    problem_base: str = "https://problems.example/"


@dataclass(frozen=True, slots=True, kw_only=True)
class ByBook:
    book_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class WithBody:
    body: BookInput


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeBook:
    book_id: UUID
    body: BookPatch


@dataclass(frozen=True, slots=True, kw_only=True)
class LendBook:
    book_id: UUID
    body: LoanInput


@dataclass(frozen=True, slots=True, kw_only=True)
class FindBooks:
    page: PageRequest
    tag: str | None = None


class Books:
    """The port's default implementation."""

    documents = False

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.books = runtime.aggregate(book_spec(BOOK_DOCUMENTS if self.documents else BOOK_TABLE))
        self.loans = runtime.aggregate(loan_spec(LOAN_DOCUMENTS if self.documents else LOAN_TABLE))
        self.suggestions: list[Received[PriceSuggested]] = []

    async def list_book(self, ctx: Context, request: WithBody) -> Book:
        return await self.books.create(ctx, "list-book", request.body)

    async def get_book(self, ctx: Context, request: ByBook) -> Book:
        return await self.books.get(ctx, request.book_id)

    async def find_books(self, ctx: Context, request: FindBooks) -> Page[Book]:
        return await self.books.list(ctx, request.page, {"tags": request.tag})

    async def change_book(self, ctx: Context, request: ChangeBook) -> Book:
        return await self.books.update(ctx, "change-book", request.book_id, request.body)

    async def reserve_book(self, ctx: Context, request: ByBook) -> Book:
        return await self.books.transition(ctx, "reserve-book", request.book_id)

    async def sell_book(self, ctx: Context, request: ByBook) -> Book:
        return await self.books.transition(ctx, "sell-book", request.book_id)

    async def remove_book(self, ctx: Context, request: ByBook) -> None:
        await self.books.delete(ctx, "remove-book", request.book_id)

    async def lend_book(self, ctx: Context, request: LendBook) -> Loan:
        return await self.loans.create(ctx, "lend-book", request.body, bookId=request.book_id)

    async def appraise_book(self, ctx: Context, request: ByBook) -> Book:
        raise handler_missing("appraise-book")

    async def on_price_suggested(self, ctx: Context, event: Received[PriceSuggested]) -> None:
        self.suggestions.append(event)
        patch = {"priceMinor": event.data.price_minor}
        await self.books.update(ctx, "change-book", event.data.book_id, patch)


class DocumentBooks(Books):
    """The same over the document store."""

    documents = True


BookId = Annotated[UUID, Path(alias="bookId")]


def routes(service: Books) -> APIRouter:
    """REST adapter."""
    router = APIRouter()

    @router.post("/v1/books")
    async def list_book(
        call: Annotated[RestCall, admitted(LIST_BOOK)],
        body: Annotated[BookInput, json_body(BookInput)],
    ) -> Response:
        return await call(service.list_book, WithBody(body=body))

    @router.get("/v1/books")
    async def find_books(
        call: Annotated[RestCall, admitted(FIND_BOOKS)],
        page: Annotated[PageRequest, page_of(FIND_BOOKS)],
        tag: Annotated[str | None, Query(max_length=40)] = None,
    ) -> Response:
        return await call(service.find_books, FindBooks(page=page, tag=tag))

    @router.get("/v1/books/{bookId}")
    async def get_book(call: Annotated[RestCall, admitted(GET_BOOK)], book_id: BookId) -> Response:
        return await call(service.get_book, ByBook(book_id=book_id))

    @router.patch("/v1/books/{bookId}")
    async def change_book(
        call: Annotated[RestCall, admitted(CHANGE_BOOK)],
        book_id: BookId,
        body: Annotated[BookPatch, json_body(BookPatch)],
    ) -> Response:
        return await call(service.change_book, ChangeBook(book_id=book_id, body=body))

    @router.delete("/v1/books/{bookId}")
    async def remove_book(
        call: Annotated[RestCall, admitted(REMOVE_BOOK)], book_id: BookId
    ) -> Response:
        return await call(service.remove_book, ByBook(book_id=book_id))

    @router.post("/v1/books/{bookId}/reserve")
    async def reserve_book(
        call: Annotated[RestCall, admitted(RESERVE_BOOK)], book_id: BookId
    ) -> Response:
        return await call(service.reserve_book, ByBook(book_id=book_id))

    @router.post("/v1/books/{bookId}/sell")
    async def sell_book(
        call: Annotated[RestCall, admitted(SELL_BOOK)], book_id: BookId
    ) -> Response:
        return await call(service.sell_book, ByBook(book_id=book_id))

    @router.post("/v1/books/{bookId}/loans")
    async def lend_book(
        call: Annotated[RestCall, admitted(LEND_BOOK)],
        book_id: BookId,
        body: Annotated[LoanInput, json_body(LoanInput)],
    ) -> Response:
        return await call(service.lend_book, LendBook(book_id=book_id, body=body))

    @router.post("/v1/books/{bookId}/appraise")
    async def appraise_book(
        call: Annotated[RestCall, admitted(APPRAISE_BOOK)], book_id: BookId
    ) -> Response:
        return await call(service.appraise_book, ByBook(book_id=book_id))

    return router


def subscriptions(service: Books) -> tuple[Subscription, ...]:
    """Consumed events."""
    handle = typed(PriceSuggested, service.on_price_suggested)
    return (Subscription("shop.market.price.v1", "PriceSuggested", handle),)


def build(runtime: Runtime, service: Books) -> FastAPI:
    """The application."""
    runtime.subscribe(subscriptions(service))
    return create_app(runtime, routes(service))
