"""The yardstick: documents served by a minimal hand-written service, as one would write it first.

FastAPI, one SQLite table by SQLAlchemy's core and aiosqlite, pydantic models with the limits of the
contract. With `--keys` it has what every request of a generated service has, too: see `guarded`.
What a model asks for besides (grants, policies, events, audit) it has not.

    python -m bench.serving.plain --port 9000 --store store.sqlite [--keys jwks.json]
"""

from __future__ import annotations

import argparse
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal
from uuid import UUID, uuid4

import sqlalchemy as sa
import uvicorn
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Query, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from bench.serving.caller import Caller

NOBODY = UUID(int=0)

Title = Annotated[
    str, Field(min_length=1, max_length=255, pattern="^[^\\u0000-\\u001f\\u007f\\u2028\\u2029]+$")
]
Kind = Literal["page", "spreadsheet", "slideDeck", "whiteboard", "form"]
Sensitivity = Literal["public", "internal", "confidential", "restricted"]
Label = Annotated[str, Field(min_length=1, max_length=40)]
Language = Annotated[str, Field(min_length=2, max_length=15)]


def camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(map(str.capitalize, rest))


class Model(BaseModel):
    model_config = ConfigDict(alias_generator=camel, populate_by_name=True, extra="forbid")


class NewDocument(Model):
    title: Title
    document_type: Kind
    folder_id: UUID | None = None
    template_id: UUID | None = None
    sensitivity: Sensitivity = "internal"
    content_language: Language | None = None
    labels: list[Label] = Field(default=[], max_length=32)


class EditLock(Model):
    holder_id: UUID
    expires_at: AwareDatetime


class Document(NewDocument):
    id: UUID
    organization_id: UUID
    created_at: AwareDatetime
    updated_at: AwareDatetime
    version: int = Field(ge=1)
    owner_id: UUID
    status: Literal["draft", "active", "archived", "trashed", "deleted"]
    body_ref: str | None = Field(None, pattern="^[a-f0-9]{24}$")
    body_checksum: str | None = Field(None, pattern="^[a-f0-9]{64}$")
    body_bytes: int = Field(0, ge=0, le=12582912)
    head_sequence: int = Field(0, ge=0)
    excerpt: str = Field("", max_length=280)
    attachment_file_ids: list[UUID] = Field([], max_length=200)
    blocked_file_ids: list[UUID] = Field([], max_length=200)
    edit_lock: EditLock | None = None
    retain_until: AwareDatetime | None = None
    trashed_at: AwareDatetime | None = None


class Documents(Model):
    items: list[Document]


class Instant(sa.TypeDecorator[datetime]):
    """SQLite forgets the zone."""

    impl = sa.DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        return value.replace(tzinfo=UTC) if value else None


documents = sa.Table(
    "documents",
    sa.MetaData(),
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("organization_id", sa.Uuid, primary_key=True),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("updated_at", Instant, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("title", sa.String(255), nullable=False),
    sa.Column("document_type", sa.Text, nullable=False),
    sa.Column("folder_id", sa.Uuid),
    sa.Column("owner_id", sa.Uuid, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("template_id", sa.Uuid),
    sa.Column("body_ref", sa.CHAR(24)),
    sa.Column("body_checksum", sa.CHAR(64)),
    sa.Column("body_bytes", sa.Integer, nullable=False),
    sa.Column("head_sequence", sa.BigInteger, nullable=False),
    sa.Column("excerpt", sa.String(280), nullable=False),
    sa.Column("content_language", sa.String(15)),
    sa.Column("sensitivity", sa.Text, nullable=False),
    sa.Column("labels", sa.JSON, nullable=False),
    sa.Column("attachment_file_ids", sa.JSON, nullable=False),
    sa.Column("blocked_file_ids", sa.JSON, nullable=False),
    sa.Column("edit_lock", sa.JSON(none_as_null=True)),
    sa.Column("retain_until", Instant),
    sa.Column("trashed_at", Instant),
    sa.Index("documents_owner", "organization_id", "owner_id", "updated_at"),
    sa.Index("documents_folder", "organization_id", "folder_id", "status"),
)


async def asking(request: Request) -> Caller:
    prove: Callable[[Request], Caller] | None = request.app.state.prove
    return prove(request) if prove is not None else Caller(NOBODY, NOBODY)


Who = Annotated[Caller, Depends(asking)]


def routes(engine: AsyncEngine) -> APIRouter:
    """The three operations."""
    router = APIRouter()
    owned = "/v1/documents"
    columns = documents.c
    shape: dict[str, Any] = {"response_model_exclude_none": True}

    @router.get("/health/ready")
    async def ready() -> dict[str, str]:
        async with engine.connect() as connection:
            await connection.execute(sa.text("SELECT 1"))
        return {"status": "pass"}

    @router.get(owned + "/{document_id}", response_model=Document, **shape)
    async def get_document(document_id: UUID, who: Who, response: Response) -> Document:
        wanted = sa.select(documents).where(
            columns.organization_id == who.organization, columns.id == document_id
        )
        async with engine.connect() as connection:
            row = (await connection.execute(wanted)).mappings().first()
        if row is None or row["owner_id"] != who.subject:
            raise HTTPException(404)
        response.headers["etag"] = f'"{row["version"]}"'
        return Document.model_validate(dict(row))

    @router.get(owned, response_model=Documents, **shape)
    async def list_documents(
        who: Who, limit: Annotated[int, Query(ge=1, le=200)] = 50
    ) -> Documents:
        wanted = (
            sa.select(documents)
            .where(columns.organization_id == who.organization, columns.owner_id == who.subject)
            .order_by(columns.title, columns.id)
            .limit(limit)
        )
        async with engine.connect() as connection:
            rows = (await connection.execute(wanted)).mappings().all()
        return Documents(items=[Document.model_validate(dict(row)) for row in rows])

    @router.post(owned, status_code=201, response_model=Document, **shape)
    async def create_document(body: NewDocument, who: Who, response: Response) -> Document:
        now = datetime.now(UTC)
        made = Document(
            **dict(body),
            id=uuid4(),
            organization_id=who.organization,
            created_at=now,
            updated_at=now,
            version=1,
            owner_id=who.subject,
            status="draft",
        )
        async with engine.begin() as connection:
            await connection.execute(sa.insert(documents).values(made.model_dump()))
        response.headers["location"] = f"{owned}/{made.id}"
        return made

    return router


def opened(store: Path) -> AsyncEngine:
    engine = create_async_engine(f"sqlite+aiosqlite:///{store}", pool_size=20)

    @sa.event.listens_for(engine.sync_engine, "connect")
    def connect(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    return engine


def app_of(store: Path, keys: Path | None) -> FastAPI:
    """Guarded by the keys, if there are any."""
    engine = opened(store)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with engine.begin() as connection:
            await connection.run_sync(documents.metadata.create_all)
        yield
        await engine.dispose()

    app = FastAPI(
        lifespan=lifespan,
        # `guarded` makes its own, or nobody does
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    app.state.prove = None
    if keys is not None:
        # not at the top: who measures the bare service should not pay for this
        from bench.serving import guarded

        app.state.prove = guarded.observe(app, keys)
    app.include_router(routes(engine))
    return app


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--keys", type=Path)
    options = parser.parse_args()
    app = app_of(options.store, options.keys)
    uvicorn.run(app, port=options.port, log_config=None, access_log=False)


if __name__ == "__main__":
    main()
