"""Tells search-service of new documents at once, by hand: those of a moment in one call, and what
fails is left to the event.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from opentelemetry import propagate, trace
from structlog import get_logger

from bench.serving.documents import Document
from bench.serving.duties import Duties

PATH = "/v1/index-entries"
_PAUSE, _MOST, _TIMEOUT = 0.05, 100, 1.0

log = get_logger("finding")


class Finding:
    """Calls of one service to search-service, which `search` leads to, a few at a time."""

    def __init__(self, own: Duties, search: httpx.AsyncClient) -> None:
        self._own = own
        self._search = search
        self._tracer = trace.get_tracer("plain")

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Until the end of the block."""
        task = asyncio.create_task(self._tell())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await self._search.aclose()

    async def _tell(self) -> None:
        made = self._own.made_now
        while True:
            documents = [await made.get()]
            await asyncio.sleep(_PAUSE)
            while not made.empty() and len(documents) < _MOST:
                documents.append(made.get_nowait())
            headers = {"Authorization": "Bearer by-hand"}
            with self._tracer.start_as_current_span("index", kind=trace.SpanKind.CLIENT):
                propagate.inject(headers)
                entries = {"entries": [_draft(each) for each in documents]}
                try:
                    answer = await self._search.post(
                        PATH, json=entries, headers=headers, timeout=_TIMEOUT
                    )
                    answer.raise_for_status()
                except httpx.HTTPError as error:
                    log.info("not_indexed_at_once", error=type(error).__name__)


def _draft(document: Document) -> dict[str, Any]:
    draft = {
        "sourceKind": "document",
        "sourceId": str(document.id),
        "sourceVersion": 1,
        "heading": document.title,
        "keywords": ["status:draft"],
        "readerPrincipals": [f"user:{document.owner_id}"],
        "authorId": str(document.owner_id),
        "contentType": document.document_type,
        "contentChangedAt": document.created_at.isoformat(),
        "redactionLevel": "none",
    }
    if document.folder_id is not None:
        draft["container"] = f"folder:{document.folder_id}"
    return draft
