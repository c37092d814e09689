"""The shop over HTTP."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response

from cloudsync_chassis.store.query import PageRequest
from cloudsync_chassis.web.body import json_body
from cloudsync_chassis.web.call import RestCall, admitted, page_of

from .models import BookInput, BookPatch, LoanInput, LoanTerms
from .operations import (
    ALL_LOANS,
    APPRAISE_BOOK,
    ARRANGE_LOAN,
    CHANGE_BOOK,
    FIND_BOOKS,
    GET_BOOK,
    LEND_BOOK,
    LIST_BOOK,
    LIST_LOANS,
    REMOVE_BOOK,
    RESERVE_BOOK,
    SELL_BOOK,
)
from .service import (
    ArrangeLoan,
    Books,
    ByBook,
    ChangeBook,
    FindBooks,
    LendBook,
    ListLoans,
    WithBody,
)

BookId = Annotated[UUID, Path(alias="bookId")]


def routes(service: Books) -> APIRouter:
    """Every route of the shop."""
    router = APIRouter()
    _shelves(router, service)
    _trade(router, service)
    return router


def _shelves(router: APIRouter, service: Books) -> None:
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


def _trade(router: APIRouter, service: Books) -> None:
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

    @router.put("/v1/books/{bookId}/loans/{reader}")
    async def arrange_loan(
        call: Annotated[RestCall, admitted(ARRANGE_LOAN)],
        book_id: BookId,
        reader: str,
        body: Annotated[LoanTerms, json_body(LoanTerms)],
    ) -> Response:
        request = ArrangeLoan(book_id=book_id, reader=reader, body=body)
        return await call(service.arrange_loan, request)

    @router.get("/v1/loans")
    async def all_loans(
        call: Annotated[RestCall, admitted(ALL_LOANS)],
        page: Annotated[PageRequest, page_of(ALL_LOANS)],
    ) -> Response:
        return await call(service.all_loans, FindBooks(page=page))

    @router.get("/v1/books/{bookId}/loans")
    async def list_loans(
        call: Annotated[RestCall, admitted(LIST_LOANS)],
        book_id: BookId,
        page: Annotated[PageRequest, page_of(LIST_LOANS)],
    ) -> Response:
        return await call(service.list_loans, ListLoans(book_id=book_id, page=page))

    @router.post("/v1/books/{bookId}/appraise")
    async def appraise_book(
        call: Annotated[RestCall, admitted(APPRAISE_BOOK)], book_id: BookId
    ) -> Response:
        return await call(service.appraise_book, ByBook(book_id=book_id))
