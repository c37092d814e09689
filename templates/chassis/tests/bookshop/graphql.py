"""The shop over GraphQL: its own port, and another shop that it asks for its callers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

from fastapi import FastAPI

from cloudsync_chassis import propagation
from cloudsync_chassis.client.edges import Omitted
from cloudsync_chassis.client.errors import NoAnswerError, RefusedError
from cloudsync_chassis.context import Context
from cloudsync_chassis.graphql.endpoint import Endpoint
from cloudsync_chassis.graphql.fields import Fields
from cloudsync_chassis.graphql.spec import GraphqlSpec
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.web.app import create_app

from . import operations
from .models import Book
from .service import Books, ByBook, ChangeBook, FindBooks, WithBody

PATH = "/graphql/shop"
SPEC = GraphqlSpec(path=PATH, contract=Path(__file__).with_name("shop.graphql"))
LENT = ("shop.lending.v1", "BookLent")
WATCH = replace(operations.GET_BOOK, id="watch-book", timeout=5.0)


class OtherShop:
    """Another shop's client: tells who asked, and answers as it is told to."""

    def __init__(self) -> None:
        self.asked: list[tuple[UUID, str | None]] = []
        self.answer: Book | NoAnswerError | RefusedError | None = None
        self.takes = 0.0

    async def get_book(self, *, book_id: UUID) -> Book | None:
        """One of its books."""
        self.asked.append((book_id, propagation.acting_for.get()))
        await asyncio.sleep(self.takes)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class ShopOnline(Books):
    """The shop, whose books can be watched."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        self.other = OtherShop()
        self.found = 0

    async def get_book(self, ctx: Context, request: ByBook) -> Book:
        self.found += 1
        return await super().get_book(ctx, request)

    async def watch_book(self, ctx: Context, request: ByBook) -> AsyncIterator[Book]:
        """The book, three times."""
        first = await self.books.get(ctx, request.book_id)

        async def states() -> AsyncIterator[Book]:
            for version in range(3):
                yield first.model_copy(update={"version": version})

        return states()


def fields(runtime: Runtime, service: ShopOnline, spec: GraphqlSpec = SPEC) -> Fields:
    """All fields of the schema."""
    found = Fields(runtime, spec)
    found.own("Query.book", operations.GET_BOOK, ByBook, service.get_book)
    found.own("Query.books", operations.FIND_BOOKS, FindBooks, service.find_books)
    found.own("Query.appraised", operations.APPRAISE_BOOK, ByBook, service.appraise_book)
    found.other("Query.elsewhere", service.other.get_book, within="book")
    found.other("Query.elsewhereForSure", Omitted(service.other.get_book))
    found.other("Query.mine", service.other.get_book, {"book_id": ""}, access="public")
    found.own("Mutation.listBook", operations.LIST_BOOK, WithBody, service.list_book)
    changed: dict[str, Any] = {"body": "change"}
    found.own(
        "Mutation.changeBook", operations.CHANGE_BOOK, ChangeBook, service.change_book, changed
    )
    found.own("Mutation.removeBook", operations.REMOVE_BOOK, ByBook, service.remove_book)
    found.stream("Subscription.bookChanges", WATCH, ByBook, service.watch_book)
    found.followed("Subscription.lent", LENT, service.other.get_book, within="book")
    return found


def build(runtime: Runtime, service: ShopOnline, spec: GraphqlSpec = SPEC) -> FastAPI:
    """The application."""
    return create_app(runtime, Endpoint(fields(runtime, service, spec)).router())
