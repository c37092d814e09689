"""How contents are written and read: whole, or as the difference to the version before."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from cloudsync_chassis import ids
from cloudsync_chassis.context import Context

from .base import Base
from .deltas import applied, difference
from .generated import models

_WORTH = 0.5
"""A difference is kept where it takes at most this share of the whole content."""

_DELTA, _FULL = models.VersionEncoding.delta, models.VersionEncoding.full


@dataclass(frozen=True, slots=True)
class Written:
    """A payload in the bucket: the fields of its version, by JSON names."""

    encoding: models.VersionEncoding
    parent_number: int | None
    key: str
    size: int

    @property
    def fields(self) -> dict[str, object]:
        """Those that say how to read it; a full payload has no parent."""
        return {
            "encoding": str(self.encoding),
            "parentNumber": self.parent_number,
            "payloadKey": self.key,
            "payloadBytes": self.size,
        }


class Contents(Base):
    """Payloads of versions and the chains that they form."""

    async def content(self, ctx: Context, version: models.ContentVersion) -> bytes | None:
        """The content of a version, empty where it is damaged; None where a payload is away."""
        line = await self._line(ctx, version)
        if not line:
            return None
        self.metrics.version_delta_chain_length(len(line) - 1)
        keys = [each.payload_key or "" for each in reversed(line)]
        try:
            return await asyncio.to_thread(self._assembled, keys)
        except ValueError:
            return b""

    async def sound(self, ctx: Context, version: models.ContentVersion) -> bytes | None:
        """The content of a version; None where it is away or gives another digest."""
        content = await self.content(ctx, version)
        if content is None or hashlib.sha256(content).hexdigest() != version.content_digest:
            return None
        return content

    def _assembled(self, keys: Sequence[str]) -> bytes | None:
        """What a full payload and the differences after it come to."""
        found: bytes | None = None
        for key in keys:
            payload = self.payloads.read(key)
            if payload is None:
                return None
            found = payload if found is None else applied(found, payload)
        return found

    async def lay_down(
        self,
        ctx: Context,
        version: models.ContentVersion,
        content: bytes,
        parent: models.ContentVersion | None = None,
    ) -> Written:
        """Write a content: as the difference to an earlier version where that is worth it."""
        key = f"{ctx.tenant}/{version.subject_id}/{ids.uuid7().hex}.zst"
        change = await self._change(ctx, version, content, parent)
        payload = content if change is None else change
        size = await asyncio.to_thread(self.payloads.write, key, payload)
        if parent is None or change is None:
            return Written(_FULL, None, key, size)
        return Written(_DELTA, parent.version_number, key, size)

    async def rebase(
        self, ctx: Context, stay: Sequence[models.ContentVersion], dropped: frozenset[int]
    ) -> None:
        """Write anew what is a difference to something that goes, oldest first.

        What it becomes a difference to is one that it was built on before, so that no chain grows.
        """
        for version in sorted(stay, key=lambda each: each.version_number or 0):
            if version.encoding != _DELTA or version.parent_number not in dropped:
                continue
            line = await self._line(ctx, version)
            content = await self.sound(ctx, version)
            if content is None:
                continue
            staying = (each for each in line[1:] if each.version_number not in dropped)
            written = await self.lay_down(ctx, version, content, next(staying, None))
            await self.content_version.rewrite(ctx, version, written.fields)
            ctx.unit.after_commit(partial(self.payloads.delete, version.payload_key or ""))

    async def _change(
        self,
        ctx: Context,
        version: models.ContentVersion,
        content: bytes,
        parent: models.ContentVersion | None,
    ) -> bytes | None:
        """The difference to a parent; None where the content is to be kept whole."""
        if parent is None or version.subject_kind != models.SubjectKind.document:
            return None
        line = await self._line(ctx, parent)
        before = await self.sound(ctx, parent)
        if before is None or len(line) > self.settings.delta_chain_limit:
            return None
        change = await asyncio.to_thread(difference, before, content)
        return change if len(change) <= _WORTH * len(content) else None

    async def _line(
        self, ctx: Context, version: models.ContentVersion
    ) -> list[models.ContentVersion]:
        """A version and those that it is built on, down to a full one; empty if one is away."""
        line = [version]
        while line[-1].encoding == _DELTA:
            found = await self.content_version.find(
                ctx, subjectId=version.subject_id, versionNumber=line[-1].parent_number
            )
            if found is None:
                return []
            line.append(found)
        return line if all(each.payload_key for each in line) else []
