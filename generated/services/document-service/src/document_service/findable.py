"""Has an author find what they have just made, before the event has gone its way."""

from __future__ import annotations

from collections.abc import Sequence

from cloudsync_chassis.client.errors import RefusedError
from cloudsync_chassis.context import Context
from cloudsync_chassis.logs import logger
from search_client import models as search

from .base import Base
from .generated import models

_FIRST = 1
"""Number of the event that announces a document; the index passes over what is older."""

_READERS = 100
"""Beyond so many the event alone tells: search-service folds them into groups."""

_DRAFTS = 100
"""That search-service takes with one call."""

log = logger("findable")


class Findable(Base):
    """Calls to search-service."""

    def make_findable(
        self, ctx: Context, document: models.Document, principals: Sequence[str]
    ) -> None:
        """Have the index know a new document once it is there, for those who may read it; where
        that fails, the call is queued, and the event does the same. Drafts of a moment go in one
        call.
        """
        readers = dict.fromkeys([f"user:{document.owner_id}", *principals])
        if len(readers) > _READERS:
            return
        restricted = document.sensitivity is models.Sensitivity.restricted
        level = search.RedactionLevel
        draft = search.EntryDraft(
            source_kind=search.SourceKind.document,
            source_id=document.id,
            source_version=_FIRST,
            heading=document.title,
            keywords=[search.SearchKeyword("status:draft")],
            reader_principals=[search.Principal(each) for each in readers],
            author_id=document.owner_id,
            container=f"folder:{document.folder_id}" if document.folder_id else None,
            content_type=document.document_type.value,
            content_changed_at=ctx.now,
            redaction_level=level.heading_only if restricted else level.none,
        )
        self.runtime.work.together(ctx, "tell-search", draft, self._tell_search, most=_DRAFTS)

    async def _tell_search(self, ctx: Context, drafts: Sequence[search.EntryDraft]) -> None:
        try:
            await self.clients.search.index(ctx, search.IndexRequest(entries=[*drafts]))
        except RefusedError as error:
            ids = [str(each.source_id) for each in drafts]
            log.info("not_indexed_at_once", document_ids=ids, status=error.status)
