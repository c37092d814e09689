"""Who may ask the shop for what, and how the shop is set up."""

from __future__ import annotations

from pydantic_settings import SettingsConfigDict

from cloudsync_chassis.operation import Operation
from cloudsync_chassis.service import ServiceSpec
from cloudsync_chassis.settings import Settings

from .policies import POLICIES
from .stores import metadata

LIST_BOOK = Operation(
    traced=(("book.price", "priceMinor"), ("book.version", "version")),
    id="list-book",
    permission="book:list",
    writes=True,
    idempotency="key",
    status=201,
    location="/v1/books/{id}",
)
GET_BOOK = Operation(id="get-book", permission="book:read", callers=frozenset({"till-service"}))
FIND_BOOKS = Operation(
    id="find-books",
    permission="book:read",
    relations=("arranger", "keeper", "passer-by", "seller"),
    sorts=("-createdAt", "title"),
)
CHANGE_BOOK = Operation(
    id="change-book", permission="book:list", writes=True, idempotency="if-match"
)
RESERVE_BOOK = Operation(
    id="reserve-book",
    permission="book:reserve",
    relations=("arranger", "keeper", "seller"),
    writes=True,
    idempotency="natural",
)
SELL_BOOK = Operation(id="sell-book", permission="book:list", writes=True)
REMOVE_BOOK = Operation(id="remove-book", permission="book:list", writes=True, status=204)
LEND_BOOK = Operation(
    id="lend-book", relations=("seller",), permission="loan:any", writes=True, status=201
)
ARRANGE_LOAN = Operation(
    id="arrange-loan", relations=("seller",), permission="loan:any", writes=True, status=200
)
ALL_LOANS = Operation(id="all-loans", permission="book:read", relations=("seller",))
LIST_LOANS = Operation(id="list-loans", permission="book:read", relations=("seller",))
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
        "book:read": frozenset({"reader"}),
        "book:reserve": frozenset({"visitor"}),
        "loan:any": frozenset({"clerk", "visitor"}),
    },
    policies=POLICIES,
    masked=frozenset({"notes", "remark"}),
    tables=metadata,
    schemas=("stock",),
)


class BookSettings(Settings):
    """Settings of the shop."""

    model_config = SettingsConfigDict(env_prefix="BOOK_SERVICE_")

    max_page_size: int = 100
    problem_base: str = "https://problems.example/"
