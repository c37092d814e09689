"""The shop over HTTP."""

from __future__ import annotations

from fastapi import APIRouter, Query

from cloudsync_chassis.web.routes import add

from . import operations
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


def routes(service: Books) -> APIRouter:
    """Every route of the shop."""
    router = APIRouter()
    add(router, "POST /v1/books", operations.LIST_BOOK, WithBody, service.list_book)
    add(
        router,
        "GET /v1/books",
        operations.FIND_BOOKS,
        FindBooks,
        service.find_books,
        tag=Query(max_length=40),
    )
    one = "/v1/books/{bookId}"
    add(router, f"GET {one}", operations.GET_BOOK, ByBook, service.get_book)
    add(router, f"PATCH {one}", operations.CHANGE_BOOK, ChangeBook, service.change_book)
    add(router, f"DELETE {one}", operations.REMOVE_BOOK, ByBook, service.remove_book)
    add(router, f"POST {one}/reserve", operations.RESERVE_BOOK, ByBook, service.reserve_book)
    add(router, f"POST {one}/sell", operations.SELL_BOOK, ByBook, service.sell_book)
    add(router, f"POST {one}/loans", operations.LEND_BOOK, LendBook, service.lend_book)
    loan = f"{one}/loans/{{reader}}"
    add(router, f"PUT {loan}", operations.ARRANGE_LOAN, ArrangeLoan, service.arrange_loan)
    add(router, f"GET {one}/loans", operations.LIST_LOANS, ListLoans, service.list_loans)
    add(router, "GET /v1/loans", operations.ALL_LOANS, FindBooks, service.all_loans)
    add(router, f"POST {one}/appraise", operations.APPRAISE_BOOK, ByBook, service.appraise_book)
    return router
