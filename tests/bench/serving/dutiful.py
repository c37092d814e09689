"""The three operations by hand, as contract and model ask for them of a caller who is known."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Header, HTTPException, Query, Request, Response
from opentelemetry import trace

from bench.serving import duties
from bench.serving.caller import Caller
from bench.serving.documents import Document, Documents, NewDocument, documents, metadata
from bench.serving.duties import Duties

_PATH = "/v1/documents"
_SECRET = b"a secret of 32 bytes, kept local"
_TAG = 16
_LONGEST = 60
_TIGHT = "restricted"

shares = sa.Table(
    "share_grants",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("organization_id", sa.Uuid, nullable=False),
    sa.Column("document_id", sa.Uuid, nullable=False),
    sa.Column("principal", sa.Text, nullable=False),
    sa.Column("access", sa.Text, nullable=False),
    sa.Index("shares_of_principal", "organization_id", "principal"),
    sa.Index("shares_of_document", "organization_id", "document_id"),
)
audiences = sa.Table(
    "document_audiences",
    metadata,
    sa.Column("document_id", sa.Uuid, primary_key=True),
    sa.Column("organization_id", sa.Uuid, nullable=False, index=True),
    sa.Column("viewer_ids", sa.JSON, nullable=False),
)

_columns = documents.c
_tenant = sa.bindparam("tenant", type_=sa.Uuid())
_viewers = sa.func.json_each(audiences.c.viewer_ids).table_valued("value")
_SHARED = sa.select(shares.c.document_id).where(
    shares.c.organization_id == _tenant, shares.c.principal == sa.bindparam("principal")
)
_FOLLOWED = sa.select(audiences.c.document_id).where(
    audiences.c.organization_id == _tenant,
    sa.exists(sa.select(1).select_from(_viewers).where(_viewers.c.value == sa.bindparam("viewer"))),
)
_MINE = sa.or_(
    _columns.owner_id == sa.bindparam("subject", type_=sa.Uuid()),
    _columns.id.in_(_SHARED),
    _columns.id.in_(_FOLLOWED),
)
_ONE = sa.select(documents).where(
    _columns.organization_id == _tenant, _columns.id == sa.bindparam("wanted", type_=sa.Uuid())
)
_RELATED = sa.select(_columns.id).where(
    _columns.id == sa.bindparam("wanted", type_=sa.Uuid()), _MINE
)
_title = sa.func.substr(_columns.title, 1, _LONGEST)
_PAGE = (
    sa.select(documents)
    .where(_columns.organization_id == _tenant, _MINE)
    .order_by(_title, _columns.id)
    .limit(sa.bindparam("most"))
)
_NEXT = _PAGE.where(
    sa.tuple_(_title, _columns.id)
    > sa.tuple_(sa.bindparam("after"), sa.bindparam("after_id", type_=sa.Uuid()))
)


async def asking(request: Request) -> Caller:
    prove: Any = request.app.state.prove
    found: Caller = prove(request)
    return found


Who = Annotated[Caller, Depends(asking)]


def _of(who: Caller) -> dict[str, Any]:
    """The parameters that tell what a caller may see."""
    return {
        "tenant": who.organization,
        "subject": who.subject,
        "principal": f"user:{who.subject}",
        "viewer": str(who.subject),
    }


def _shown(document: Document, who: Caller) -> bool:
    """The model's policies: nothing of another tenant, nothing restricted without a factor."""
    return document.organization_id == who.organization and document.sensitivity != _TIGHT


def _signed(payload: bytes) -> bytes:
    return hmac.new(_SECRET, payload, hashlib.sha256).digest()[:_TAG]


def cursor_of(title: str, document_id: UUID) -> str:
    """Where the next page begins, signed."""
    payload = json.dumps([title[:_LONGEST], document_id.hex]).encode()
    return base64.urlsafe_b64encode(_signed(payload) + payload).decode()


def place_of(cursor: str) -> tuple[str, UUID]:
    """What a cursor says.

    Raises:
        ValueError: it is none of ours.
    """
    raw = base64.urlsafe_b64decode(cursor)
    tag, payload = raw[:_TAG], raw[_TAG:]
    if not hmac.compare_digest(tag, _signed(payload)):
        raise ValueError("not ours")
    title, document_id = json.loads(payload)
    return title, UUID(document_id)


def routes(own: Duties) -> APIRouter:
    """The three operations."""
    router = APIRouter()
    _read(router, own)
    _write(router, own)
    return router


def _read(router: APIRouter, own: Duties) -> None:
    shape: dict[str, Any] = {"response_model_exclude_none": True}

    @router.get(_PATH + "/{document_id}", response_model=Document, **shape)
    async def get_document(
        document_id: UUID,
        who: Who,
        response: Response,
        if_none_match: Annotated[str | None, Header()] = None,
    ) -> Any:
        asked = {**_of(who), "wanted": document_id}
        async with own.engine.connect() as connection:
            row = (await connection.execute(_ONE, asked)).mappings().first()
            if row is None:
                raise HTTPException(404)
            mine = row["owner_id"] == who.subject
            if not mine and (await connection.execute(_RELATED, asked)).first() is None:
                raise HTTPException(403)
        found = Document.model_validate(dict(row))
        if not _shown(found, who):
            raise HTTPException(403)
        tag = f'"{found.version}"'
        if if_none_match == tag:
            return Response(status_code=304, headers={"etag": tag})
        response.headers["etag"] = tag
        return found

    @router.get(_PATH, response_model=Documents, **shape)
    async def list_documents(
        who: Who,
        response: Response,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
        cursor: Annotated[str | None, Query(max_length=512)] = None,
    ) -> Documents:
        asked = {**_of(who), "most": limit + 1}
        if cursor is not None:
            try:
                asked["after"], asked["after_id"] = place_of(cursor)
            except ValueError as error:
                raise HTTPException(422) from error
        async with own.engine.connect() as connection:
            statement = _NEXT if cursor is not None else _PAGE
            rows = (await connection.execute(statement, asked)).mappings().all()
        items = [Document.model_validate(dict(row)) for row in rows[:limit]]
        following = None
        if len(rows) > limit:
            following = cursor_of(items[-1].title, items[-1].id)
            query = urlencode({"limit": limit, "cursor": following})
            response.headers["link"] = f'<{_PATH}?{query}>; rel="next"'
        return Documents(items=[each for each in items if _shown(each, who)], next_cursor=following)


def _write(router: APIRouter, own: Duties) -> None:
    @router.post(_PATH, status_code=201)
    async def create_document(
        body: NewDocument,
        request: Request,
        who: Who,
        idempotency_key: Annotated[str | None, Header(max_length=64)] = None,
    ) -> Response:
        now = datetime.now(UTC)
        trace_id = f"{trace.get_current_span().get_span_context().trace_id:032x}"
        digest = hashlib.sha256(await request.body()).hexdigest() if idempotency_key else ""
        async with own.writing() as connection:
            if idempotency_key:
                try:
                    known = await duties.answered(connection, who, idempotency_key, digest)
                except ValueError as error:
                    raise HTTPException(422) from error
                if known is not None:
                    return Response(known["body"], 201, dict(known["headers"]))
            made = Document(
                **dict(body),
                id=uuid4(),
                organization_id=who.organization,
                created_at=now,
                updated_at=now,
                version=1,
                owner_id=who.subject,
                status="draft",
                retain_until=await own.retained(connection, who, now),
            )
            if not _shown(made, who):
                raise HTTPException(403)
            await own.made(connection, who, made, trace_id)
            content = made.model_dump_json(by_alias=True, exclude_none=True)
            headers = {
                "content-type": "application/json",
                "location": f"{_PATH}/{made.id}",
                "etag": '"1"',
            }
            if idempotency_key:
                answer = {"body": content, "headers": headers}
                await duties.keep(connection, who, idempotency_key, digest, answer)
        own.woken.set()
        own.made_now.put_nowait(made)
        return Response(content, 201, headers)
