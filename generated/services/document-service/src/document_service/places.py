"""Documents on their way: begun, moved, thrown away, taken back, deleted; and what was shared."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from cloudsync_chassis.context import Context
from cloudsync_chassis.model import from_record, given, to_record
from cloudsync_chassis.problem import INVARIANT_BROKEN, REFERENCE_UNKNOWN, FieldError
from cloudsync_chassis.store.query import ListQuery, Page

from .audiences import Audiences
from .base import as_asked, in_order
from .findable import Findable
from .generated import models, port, problems, tables
from .people import RANKS
from .tenants import Tenants
from .writing import Writing

_MOST_INSIDE = 10_000
_LISTED = ("draft", "active")


class Places(Writing, Audiences, Tenants, Findable):
    """What the defaults do, with what lies around a document."""

    async def create_document(self, ctx: Context, request: port.CreateDocument) -> models.Document:
        body = request.body
        await self._check_template(ctx, body.template_id)
        fields: dict[str, Any] = {**given(body), **await self.held(ctx, ctx.now, ctx.now)}
        if body.folder_id is not None:
            folder = await self.folder.find(ctx, id=body.folder_id)
            if folder is not None and folder.child_count >= _MOST_INSIDE:
                raise INVARIANT_BROKEN("a folder holds ten thousand things at most")
            shares = await self.shares_in(ctx, body.folder_id)
            writers = [who for who, access in shares if access in RANKS[2:]]
            fields["principals"] = list(dict.fromkeys([f"user:{ctx.principal.subject}", *writers]))
        else:
            fields["principals"] = [f"user:{ctx.principal.subject}"]
        document = await self.document.create(ctx, "create-document", fields)
        await self.recount(ctx, document.folder_id)
        self.make_findable(ctx, document, fields["principals"])
        return document

    async def update_document(self, ctx: Context, request: port.UpdateDocument) -> models.Document:
        await self.check_writable(ctx)
        after = await super().update_document(ctx, request)
        await self.reseal(ctx, after)
        return after

    async def move_document(self, ctx: Context, request: port.MoveDocument) -> models.Document:
        document = await self.document.get(ctx, request.document_id)
        self.check_version(ctx, document.version)
        await self.check_writable(ctx)
        target = request.body.to_folder_id
        if target is not None:
            folder = await self.folder.find(ctx, id=target)
            if folder is None:
                raise problems.FOLDER_GONE("the target folder is not there any more")
            if self.person(ctx) not in folder.writer_ids:
                raise problems.FOLDER_FORBIDDEN("nothing may be added to the target folder")
            if folder.child_count >= _MOST_INSIDE:
                raise INVARIANT_BROKEN("a folder holds ten thousand things at most")
        if not request.body.confirm_narrowing:
            before = await self.readers(ctx, document, document.folder_id)
            if before - await self.readers(ctx, document, target):
                raise problems.SHARE_NARROWING("somebody would lose access")
        fields = {
            "folderId": target,
            "principals": await self.principals_of(ctx, document, target),
        }
        after = await self.document.update(ctx, "move-document", document.id, fields)
        await self.recount(ctx, document.folder_id, target)
        return after

    async def trash_document(self, ctx: Context, request: port.TrashDocument) -> models.Document:
        document = await super().trash_document(ctx, request)
        await self.recount(ctx, document.folder_id)
        return document

    async def recover_document(
        self, ctx: Context, request: port.RecoverDocument
    ) -> models.Document:
        document = await self.document.find(ctx, id=request.document_id)
        fields: dict[str, Any] = {}
        place = document.folder_id if document is not None else None
        if place is not None and await self.folder.find(ctx, id=place) is None:
            fields = {"folderId": None}
        after = await self.document.transition(ctx, "recover-document", request.document_id, fields)
        await self.recount(ctx, after.folder_id)
        return after

    async def delete_document(self, ctx: Context, request: port.DeleteDocument) -> None:
        document = await self.document.find(ctx, id=request.document_id)
        since = document.trashed_at if document is not None else None
        over = ctx.now - timedelta(seconds=self.settings.bin_retention)
        if ctx.principal.kind == "workload" and since is not None and since > over:
            raise problems.RETENTION_ACTIVE("its time in the bin is not over")
        await super().delete_document(ctx, request)
        await self.drop_parts(ctx, request.document_id)

    async def share_document(self, ctx: Context, request: port.ShareDocument) -> models.ShareGrant:
        grant = await super().share_document(ctx, request)
        document = await self.document.find(ctx, id=grant.document_id)
        if document is not None:
            self.metrics.document_shares_total(
                principal_kind=grant.principal.partition(":")[0],
                access=str(grant.access),
                sensitivity=str(document.sensitivity),
            )
        return grant

    async def list_shared_documents(
        self, ctx: Context, request: port.ListSharedDocuments
    ) -> Page[models.DocumentListEntry]:
        ctx.grant.given = True
        ids = await self._shared_with(ctx, request.access)
        filters: dict[str, Any] = {"id": tuple(ids), "status": _LISTED}
        if request.label is not None:
            filters["labels"] = request.label
        page = in_order(request.page, "-updatedAt")
        found = await self.document.repository.select(ctx, ListQuery(page, filters))
        found = await self.document.grants.shown(ctx, found)
        entries = [await self._entry(ctx, each) for each in found.items]
        return Page(tuple(entries), as_asked(found, request.page).following)

    async def _shared_with(self, ctx: Context, access: models.AccessLevel | None) -> list[UUID]:
        """Documents of others that the caller was given, with that access if one is named."""
        me = self.person(ctx)
        found: dict[UUID, int] = {}
        async for grant in self.share_grant.each(ctx, principal=f"user:{me}"):
            if grant.expires_at is None or grant.expires_at > ctx.now:
                found[grant.document_id] = RANKS.index(str(grant.access))
        async for each in self.document_audience.each(ctx, viewerIds=me):
            lists = (each.viewer_ids, each.commenter_ids, each.editor_ids, each.manager_ids)
            rank = max(place for place, people in enumerate(lists) if me in people)
            found[each.document_id] = max(found.get(each.document_id, 0), rank)
        wanted = [key for key, rank in found.items() if access is None or RANKS[rank] == access]
        table = tables.documents
        own = sa.select(table.c.id).where(
            table.c.organization_id == ctx.tenant, table.c.owner_id == me
        )
        mine = set((await (await ctx.unit.connection()).execute(own)).scalars())
        return [each for each in wanted if each not in mine]

    async def _entry(self, ctx: Context, document: models.Document) -> models.DocumentListEntry:
        names = {info.alias or name for name, info in models.DocumentListEntry.model_fields.items()}
        record = {name: each for name, each in to_record(document).items() if name in names}
        record["documentId"] = document.id
        record["principals"] = await self.principals_of(ctx, document, document.folder_id)
        return from_record(models.DocumentListEntry, record)

    async def _check_template(self, ctx: Context, template_id: UUID | None) -> None:
        """A template must be readable by whoever begins with it.

        Raises:
            Problem: `reference-unknown`: it is not, or not there.
        """
        if template_id is None:
            return
        template = await self.document.find(ctx, id=template_id)
        reads = frozenset({"viewer", "groupViewer"})
        if template is None or not await self.document.grants.stands(
            ctx, reads, to_record(template)
        ):
            raise REFERENCE_UNKNOWN(errors=(FieldError("no such template", "/templateId"),))
