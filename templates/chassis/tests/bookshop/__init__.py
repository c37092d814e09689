"""A service of another trade, as a generator would emit it: shelves of books, and loans of them."""

from __future__ import annotations

from fastapi import FastAPI

from cloudsync_chassis.events.consumer import Subscription
from cloudsync_chassis.events.envelope import typed
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.web.app import create_app

from .aggregates import TOPIC
from .models import Book, BookInput, PriceSuggested
from .operations import (
    FIND_BOOKS,
    GET_BOOK,
    LIST_BOOK,
    RESERVE_BOOK,
    SERVICE,
    BookSettings,
)
from .rest import routes
from .service import Books, ByBook, DocumentBooks, FindBooks, WithBody
from .stores import BOOK_TABLE, books, metadata

__all__ = [
    "BOOK_TABLE",
    "FIND_BOOKS",
    "GET_BOOK",
    "LIST_BOOK",
    "RESERVE_BOOK",
    "SERVICE",
    "TOPIC",
    "Book",
    "BookInput",
    "BookSettings",
    "Books",
    "ByBook",
    "DocumentBooks",
    "FindBooks",
    "WithBody",
    "books",
    "build",
    "metadata",
    "subscriptions",
]


def subscriptions(service: Books) -> tuple[Subscription, ...]:
    """Consumed events."""
    handle = typed(PriceSuggested, service.on_price_suggested)
    return (Subscription("shop.market.price.v1", "PriceSuggested", handle),)


def build(runtime: Runtime, service: Books) -> FastAPI:
    """The application."""
    runtime.subscribe(subscriptions(service))
    return create_app(runtime, routes(service))
