"""Where bodies lie: the present one of each document, and for a day those that it superseded."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from cloudsync_chassis import ids
from cloudsync_chassis.context import Context
from cloudsync_chassis.model import from_record
from cloudsync_chassis.problem import NOT_FOUND

from . import editing, memory
from .base import Base
from .editing import Block
from .generated import models, port, problems

KEPT_FOR = timedelta(hours=24)
"""How long a superseded body can be fetched."""


class Bodies(Base):
    """Reading and replacing bodies."""

    async def get_document_body(
        self, ctx: Context, request: port.GetDocumentBody
    ) -> models.DocumentBody:
        document = await self.document.get(ctx, request.document_id)
        wanted = document.head_sequence if request.sequence is None else request.sequence
        if wanted > document.head_sequence:
            raise NOT_FOUND("the document has not come so far")
        kept = await self.bodies.find(ctx, documentId=document.id, sequence=wanted)
        if kept is not None and not _is_over(ctx, kept):
            return _told(kept, self._blocks(ctx, kept))
        if wanted or document.head_sequence:
            raise problems.BODY_SUPERSEDED("the body at this sequence is not kept any more")
        return await self._beginning(ctx, document)

    async def blocks_of(self, ctx: Context, document: models.Document) -> list[Block]:
        """The blocks at the head; a template's skeleton before the first operation."""
        if document.body_ref is None:
            return await self._skeleton(ctx, document)
        kept = await self.bodies.find(ctx, documentId=document.id, sequence=document.head_sequence)
        if kept is None:
            raise NOT_FOUND("the body at the head is missing")
        return self._blocks(ctx, kept)

    async def body_by_reference(self, ctx: Context, body_ref: str) -> list[Block] | None:
        """The blocks of a body that is still kept."""
        kept = await self.bodies.find(ctx, bodyRef=body_ref)
        return self._blocks(ctx, kept) if kept is not None else None

    async def lay_down(
        self, ctx: Context, document: models.Document, blocks: Sequence[Block], head: int
    ) -> dict[str, Any]:
        """Make blocks the body at a new head; the document's fields that change by it.

        Raises:
            Problem: `body-too-large`.
        """
        content = editing.canonical(blocks)
        if len(content) > editing.MOST_BYTES:
            raise problems.BODY_TOO_LARGE("the body would outgrow 12 MiB")
        fields: dict[str, Any] = {"blocks": list(blocks)}
        if document.sensitivity == models.Sensitivity.restricted:
            sealed = self.world.keys.seal(ctx.tenant, content)
            fields = {"sealed": base64.b64encode(sealed).decode()}
        reference, checksum = ids.object_id(), editing.digest(content)
        await self._supersede(ctx, document)
        kept = {
            "bodyRef": reference,
            "documentId": document.id,
            "sequence": head,
            "checksum": checksum,
        }
        await self.bodies.insert(ctx, {**kept, **fields})
        if "blocks" in fields:
            self._publish(ctx, reference, content)
        return {
            "bodyRef": reference,
            "bodyChecksum": checksum,
            "bodyBytes": len(content),
            "headSequence": head,
            "excerpt": editing.excerpt(blocks),
        }

    async def reseal(self, ctx: Context, document: models.Document) -> None:
        """Seal kept bodies of a document that became restricted, open those of one that is not."""
        wanted = document.sensitivity == models.Sensitivity.restricted
        async for each in self.bodies.each(ctx, documentId=document.id):
            if (each.sealed is not None) == wanted:
                continue
            blocks = self._blocks(ctx, each)
            content = editing.canonical(blocks)
            fields: dict[str, Any] = {"blocks": blocks, "sealed": None}
            if wanted:
                sealed = self.world.keys.seal(ctx.tenant, content)
                fields = {"blocks": None, "sealed": base64.b64encode(sealed).decode()}
                self._withdraw(ctx, each.body_ref)
            else:
                self._publish(ctx, each.body_ref, content)
            await self.bodies.rewrite(ctx, each, fields)

    async def drop_bodies(self, ctx: Context, document_id: UUID) -> None:
        """Remove all bodies of a document that is gone."""
        async for each in self.bodies.each(ctx, documentId=document_id):
            await self.bodies.remove(ctx, each)
            self._withdraw(ctx, each.body_ref)

    async def drop_superseded(self, ctx: Context) -> None:
        """Remove the bodies of an organisation whose day is over."""
        due = {"supersededAt": ctx.now - KEPT_FOR}
        async for each in self.bodies.each(ctx, due):
            await self.bodies.remove(ctx, each)
            self._withdraw(ctx, each.body_ref)

    def _publish(self, ctx: Context, body_ref: str, content: bytes) -> None:
        """Let others read a body from the moment on at which its reference is told."""

        async def put() -> None:
            await asyncio.to_thread(self.world.shelf.put, body_ref, content)

        ctx.unit.before_commit(put)

    def _withdraw(self, ctx: Context, body_ref: str) -> None:
        ctx.unit.after_commit(lambda: self.world.shelf.drop(body_ref))

    async def _supersede(self, ctx: Context, document: models.Document) -> None:
        """Start the day of the present body."""
        kept = await self.bodies.find(ctx, documentId=document.id, sequence=document.head_sequence)
        if kept is not None:
            await self.bodies.rewrite(ctx, kept, {"supersededAt": ctx.now})

    def _blocks(self, ctx: Context, kept: memory.KeptBody) -> list[Block]:
        if kept.sealed is None:
            return kept.blocks or []
        found: list[Block] = json.loads(
            self.world.keys.open(ctx.tenant, base64.b64decode(kept.sealed))
        )
        return found

    async def _skeleton(self, ctx: Context, document: models.Document) -> list[Block]:
        if document.template_id is None:
            return []
        template = await self.document.find(ctx, id=document.template_id)
        if template is None or template.body_ref is None:
            return []
        return editing.skeleton(await self.blocks_of(ctx, template))

    async def _beginning(self, ctx: Context, document: models.Document) -> models.DocumentBody:
        """What an editor shows before the first operation. It is kept from then on."""
        blocks = await self._skeleton(ctx, document)
        body = {
            "bodyRef": hashlib.sha256(document.id.bytes).hexdigest()[:24],
            "organizationId": ctx.tenant,
            "documentId": document.id,
            "sequence": 0,
            "checksum": editing.digest(editing.canonical(blocks)),
            "blocks": blocks,
        }
        return from_record(models.DocumentBody, body)


def _is_over(ctx: Context, kept: memory.KeptBody) -> bool:
    return kept.superseded_at is not None and kept.superseded_at + KEPT_FOR <= ctx.now


def _told(kept: memory.KeptBody, blocks: list[Block]) -> models.DocumentBody:
    body = {
        "bodyRef": kept.body_ref,
        "organizationId": kept.organization_id,
        "documentId": kept.document_id,
        "sequence": kept.sequence,
        "checksum": kept.checksum,
        "blocks": blocks,
        "supersededAt": kept.superseded_at,
    }
    record = {name: value for name, value in body.items() if value is not None}
    return from_record(models.DocumentBody, record)
