"""The rules of the trade: states, invariants, commands and what they announce."""

from __future__ import annotations

from cloudsync_chassis.aggregate.spec import (
    AggregateSpec,
    Assignment,
    Command,
    Counted,
    Emission,
    Invariant,
    Reference,
    Relation,
    Requirement,
    Transition,
)
from cloudsync_chassis.problem import ProblemType
from cloudsync_chassis.store.document import DocumentStore
from cloudsync_chassis.store.table import TableStore

from .models import Book, Loan

TOPIC = "shop.stock.book.v1"

BOOK_LENT = ProblemType("book-lent", 409, "Somebody has the book")
ALREADY_LENT = ProblemType("already-lent", 409, "The reader has it")
TOO_MANY_READERS = ProblemType("too-many-readers", 422, "Too many readers")
NOT_TO_ONESELF = ProblemType("not-to-oneself", 403, "Not to oneself")

TRANSITIONS: tuple[Transition, ...] = (
    Transition(command="list-book", sources=(), to="listed"),
    Transition(
        command="reserve-book",
        sources=("listed",),
        to="reserved",
        roles=frozenset({"clerk"}),
        relations=frozenset({"arranger", "keeper", "seller"}),
    ),
    Transition(command="release-book", sources=("reserved",), to="listed"),
    Transition(
        command="sell-book",
        sources=("listed", "reserved"),
        to="sold",
        condition="this.priceMinor > 0 && now > this.createdAt - duration('1s')",
        guard="a price is set",
    ),
)

INVARIANTS: tuple[Invariant, ...] = (
    Invariant("book-sold-time", "(this.status == 'sold') == has(this.soldAt)", "when"),
    Invariant(
        "book-lock-short",
        "!has(this.lock) || this.lock.expiresAt <= this.updatedAt + duration('15m')",
        "locks are short",
    ),
)

COMMANDS: dict[str, Command] = {
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
        emits=(Emission(type="BookReserved", topic=TOPIC, fields=("bookId", "from", "to")),),
    ),
    "release-book": Command(effect="transition", idempotency="natural"),
    "sell-book": Command(
        effect="transition",
        idempotency="none",
        sets=(Assignment("soldAt", source="context.now"),),
    ),
    "remove-book": Command(
        effect="delete",
        idempotency="none",
        requires=(
            Requirement(
                problem=BOOK_LENT,
                detail="a keeper has the book",
                condition="count == 0",
                counted=Counted("loan", {"bookId": "this.id", "level": "['keeper', 'heir']"}),
            ),
        ),
        emits=(Emission(type="BookRemoved", topic=TOPIC, fields=("bookId",)),),
    ),
}


def book_spec(store: TableStore | DocumentStore) -> AggregateSpec[Book]:
    """The aggregate over one of its stores."""
    return AggregateSpec(
        name="book",
        model=Book,
        store=store,
        traced=(("book.status", "status"), ("book.absent", "isbn")),
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
            ),
            "passer-by": Relation(value_field="title", values=("in the window",)),
            "arranger": Relation(through="loan", parent="bookId", principal="arrangedBy"),
        },
        transitions=TRANSITIONS,
        invariants=INVARIANTS,
        commands=COMMANDS,
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
                requires=(
                    Requirement(
                        problem=NOT_TO_ONESELF,
                        detail="the reader lends it",
                        condition="input.reader != 'user:' + principal.id",
                    ),
                    Requirement(
                        problem=TOO_MANY_READERS,
                        detail="three readers at a time",
                        condition="count < 3",
                        counted=Counted("loan", {"bookId": "input.bookId"}),
                    ),
                    Requirement(
                        problem=ALREADY_LENT,
                        detail="the reader has it on other terms",
                        unique=("bookId", "reader"),
                    ),
                ),
                emits=(
                    Emission(
                        type="BookLent", topic=TOPIC, key="bookId", fields=("bookId", "reader")
                    ),
                ),
            ),
            "arrange-loan": Command(
                effect="put",
                idempotency="natural",
                sets=(Assignment("arrangedBy", source="context.subject"),),
                emits=(
                    Emission(
                        type="BookLent", topic=TOPIC, key="bookId", fields=("bookId", "reader")
                    ),
                ),
            ),
        },
    )
