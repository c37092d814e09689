"""The port of the shop: its requests and the default implementation."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.handlers import handler_missing
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.store.query import Page, PageRequest

from .aggregates import book_spec, loan_spec
from .models import Book, BookInput, BookPatch, Loan, LoanInput, LoanTerms, PriceSuggested
from .stores import BOOK_DOCUMENTS, BOOK_TABLE, LOAN_DOCUMENTS, LOAN_TABLE


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
class ArrangeLoan:
    book_id: UUID
    reader: str
    body: LoanTerms


@dataclass(frozen=True, slots=True, kw_only=True)
class ListLoans:
    book_id: UUID
    page: PageRequest


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

    async def arrange_loan(self, ctx: Context, request: ArrangeLoan) -> Loan:
        path = {"bookId": request.book_id, "reader": request.reader}
        return await self.loans.put(ctx, "arrange-loan", request.body, **path)

    async def all_loans(self, ctx: Context, request: FindBooks) -> Page[Loan]:
        return await self.loans.list(ctx, request.page)

    async def list_loans(self, ctx: Context, request: ListLoans) -> Page[Loan]:
        return await self.loans.list(ctx, request.page, bookId=request.book_id)

    async def appraise_book(self, ctx: Context, request: ByBook) -> Book:
        raise handler_missing("appraise-book")

    async def on_price_suggested(self, ctx: Context, event: Received[PriceSuggested]) -> None:
        self.suggestions.append(event)
        patch = {"priceMinor": event.data.price_minor}
        await self.books.update(ctx, "change-book", event.data.book_id, patch)


class DocumentBooks(Books):
    """The same over the document store."""

    documents = True
