"""The yardstick: documents served by a hand-written service, with and without its duties.

FastAPI, one SQLite table by SQLAlchemy's core and aiosqlite, pydantic models with the limits of the
contract, the same durability (WAL, `synchronous=NORMAL`).

Without `--keys` it is what one would write first: anybody may read and write, a page has no next
one, nothing is told to anybody. With `--keys` it does what the generated service does, as one would
write that by hand for this one service (what each side does is told side by side):

| | generated | by hand |
|---|---|---|
| each request | token, tenant's rate, span, series, log line, headers | the same: `guarded` |
| get | owner or shared with; policies; ETag, `If-None-Match` | the same, policies as an `if` |
| list | one statement for owned and shared; signed cursor, `Link` | the same |
| create | legal holds, row, numbered event, event log, trail, kept answer | the same: `duties` |
| afterwards | relay, bus, consumer with its inbox | the same: `following` |
| at once | search-service is told, of the documents of a moment in one call | the same: `finding` |

The generated one reads all of that from tables that the model makes, and takes any filter and sort
of the contract; each request of the measurement asks for the same of both.

    python -m bench.serving.plain --port 9000 --store store.sqlite \
        [--keys jwks.json --search http://127.0.0.1:9001]
"""

from __future__ import annotations

import argparse
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID, uuid4

import sqlalchemy as sa
import uvicorn
from fastapi import APIRouter, FastAPI, HTTPException, Query, Response
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from bench.serving.documents import Document, Documents, NewDocument, documents, metadata

NOBODY = UUID(int=0)


def health(engine: AsyncEngine) -> APIRouter:
    """Whether it would be sent requests."""
    router = APIRouter()

    @router.get("/health/ready")
    async def ready() -> dict[str, str]:
        async with engine.connect() as connection:
            await connection.execute(sa.text("SELECT 1"))
        return {"status": "pass"}

    return router


def routes(engine: AsyncEngine) -> APIRouter:
    """The three operations, as one would write them first."""
    router = APIRouter()
    owned = "/v1/documents"
    columns = documents.c
    shape: dict[str, Any] = {"response_model_exclude_none": True}

    @router.get(owned + "/{document_id}", response_model=Document, **shape)
    async def get_document(document_id: UUID, response: Response) -> Document:
        wanted = sa.select(documents).where(columns.id == document_id)
        async with engine.connect() as connection:
            row = (await connection.execute(wanted)).mappings().first()
        if row is None:
            raise HTTPException(404)
        response.headers["etag"] = f'"{row["version"]}"'
        return Document.model_validate(dict(row))

    @router.get(owned, response_model=Documents, **shape)
    async def list_documents(limit: Annotated[int, Query(ge=1, le=200)] = 50) -> Documents:
        wanted = sa.select(documents).order_by(columns.title, columns.id).limit(limit)
        async with engine.connect() as connection:
            rows = (await connection.execute(wanted)).mappings().all()
        return Documents(items=[Document.model_validate(dict(row)) for row in rows])

    @router.post(owned, status_code=201, response_model=Document, **shape)
    async def create_document(body: NewDocument, response: Response) -> Document:
        now = datetime.now(UTC)
        made = Document(
            **dict(body),
            id=uuid4(),
            organization_id=NOBODY,
            created_at=now,
            updated_at=now,
            version=1,
            owner_id=NOBODY,
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


def app_of(store: Path, keys: Path | None, search: str) -> FastAPI:
    """With its duties if there are keys that prove who asks; search-service is at `search` then."""
    engine = opened(store)
    running: list[AbstractAsyncContextManager[None]] = []

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with engine.begin() as connection:
            await connection.run_sync(metadata.create_all)
        async with AsyncExitStack() as stack:
            for each in running:
                await stack.enter_async_context(each)
            yield
        await engine.dispose()

    app = FastAPI(
        lifespan=lifespan,
        # `guarded` makes its own, or nobody does
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    if keys is None:
        app.include_router(routes(engine))
    else:
        # not at the top: who measures the bare service should not pay for this
        import httpx

        from bench.serving import dutiful, finding, following, guarded
        from bench.serving.duties import Duties

        own = Duties(engine, b"a key of the trail, 32 bytes ...")
        running.append(following.Following(own, opened(store.with_name("bus.sqlite"))).running())
        told = httpx.AsyncClient(base_url=search)
        running.append(finding.Finding(own, told).running())
        app.state.prove = guarded.observe(app, keys)
        app.include_router(dutiful.routes(own))
    app.include_router(health(engine))
    return app


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--keys", type=Path)
    parser.add_argument("--search", default="")
    options = parser.parse_args()
    app = app_of(options.store, options.keys, options.search)
    uvicorn.run(app, port=options.port, log_config=None, access_log=False)


if __name__ == "__main__":
    main()
