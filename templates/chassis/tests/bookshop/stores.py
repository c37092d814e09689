"""Where the shop keeps books and loans: in tables, or in collections of documents."""

from __future__ import annotations

from sqlalchemy import Column, Index, MetaData, PrimaryKeyConstraint, Table

from cloudsync_chassis.store.columns import sql
from cloudsync_chassis.store.document import DocumentStore
from cloudsync_chassis.store.table import TableStore

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
    Column("remark", sql("text")),
    Column("arranged_by", sql("uuid")),
    PrimaryKeyConstraint("organization_id", "id"),
    Index("loans_reader", "organization_id", "book_id", "reader", unique=True),
    schema="stock",
)

BOOK_TABLE = TableStore(
    table=books,
    columns={"notes": "notes_ciphertext"},
    encrypted=frozenset({"notes"}),
    blind={"notes_bidx": "notes"},
)
BOOK_DOCUMENTS = DocumentStore(
    collection="books", unique=(("organizationId", "isbn"),), encrypted=frozenset({"notes"})
)
LOAN_TABLE = TableStore(table=loans)
LOAN_DOCUMENTS = DocumentStore(collection="loans", unique=(("organizationId", "bookId", "reader"),))
