"""What all topics share: the ports, the state of the tenant, files and the links to them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import sqlalchemy as sa
from cloudsync_chassis import ids, traced
from cloudsync_chassis.context import Context
from cloudsync_chassis.model import project
from cloudsync_chassis.problem import NOT_FOUND
from cloudsync_chassis.runtime import Runtime

from . import judges, local_objects, memory
from .generated import models, problems, tables
from .generated.defaults import Defaults
from .generated.settings import ServiceSettings
from .objects import DataKeys, Objects

_STATES = tables.tenant_states
_IN_USE = ("pending", "scanning", "available")


class Base(Defaults):
    """Ports are attributes; PORTS.md says what takes their place in production."""

    objects: Objects
    keys: DataKeys
    scanner: judges.Scanner
    renderer: judges.Renderer
    rules: judges.UploadRules

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        place = runtime.settings.state_path(runtime.spec.name)
        self.objects = traced.calls(local_objects.local(runtime.settings), "object-storage")
        self.keys = local_objects.KeyFolder(place / "data-keys")
        self.scanner = judges.LocalScanner()
        self.renderer = judges.LocalRenderer()
        self.rules = judges.RuleFolder(place / "upload-rules")
        self.standings = runtime.aggregate(memory.STANDINGS)
        self.rescans = runtime.aggregate(memory.RESCANS)
        self.failures = runtime.aggregate(memory.FAILURES)

    @property
    def settings(self) -> ServiceSettings:
        """The settings of this service."""
        found = self.runtime.settings
        assert isinstance(found, ServiceSettings)
        return found

    def new_key(self, unique: UUID | None = None) -> str:
        """An object key that says nothing of the object."""
        unique = unique or ids.uuid7()
        region = (self.settings.region or "local").lower()
        return f"{region}/{unique.hex[-2:]}/{unique}"

    def actor(self, ctx: Context) -> UUID:
        """The caller by an id; a service has one that is made of its name (RFC 9562, version 5)."""
        if ctx.principal.kind == "user":
            return UUID(ctx.principal.subject)
        return uuid5(NAMESPACE_URL, f"/cloudsync/{ctx.principal.subject}")

    def view(self, file: models.StoredFile) -> models.StoredFileView:
        """What may be told of a file."""
        return project(models.StoredFileView, file)

    async def known_file(self, ctx: Context, file_id: UUID) -> models.StoredFile:
        """The file; no relation is asked.

        Raises:
            Problem: `not-found`.
        """
        found = await self.file.find(ctx, id=file_id)
        if found is None:
            raise NOT_FOUND("no such file")
        return found

    async def tenant_state(self, ctx: Context) -> Any:
        """The row of what stands against uploads, None where nothing does."""
        statement = sa.select(_STATES).where(_STATES.c.organization_id == ctx.tenant)
        return (await (await ctx.unit.connection()).execute(statement)).first()

    async def note_tenant_state(self, ctx: Context, **changed: datetime | str | None) -> None:
        """Change what stands against uploads; the row goes once nothing does."""
        connection = await ctx.unit.connection()
        row = await self.tenant_state(ctx)
        values: dict[str, datetime | str | None] = {
            "read_only_since": None,
            "reason": None,
            "full_until": None,
        }
        values |= {name: getattr(row, name) for name in values} if row is not None else {}
        values |= changed
        mine = _STATES.c.organization_id == ctx.tenant
        await connection.execute(sa.delete(_STATES).where(mine))
        if values["read_only_since"] is not None or values["full_until"] is not None:
            await connection.execute(
                sa.insert(_STATES).values(organization_id=ctx.tenant, **values)
            )

    async def require_open(self, ctx: Context) -> None:
        """Refuse what a tenant that may only read may not do.

        Raises:
            Problem: `tenant-read-only`.
        """
        state = await self.tenant_state(ctx)
        if state is not None and state.read_only_since is not None:
            raise problems.TENANT_READ_ONLY("the organisation may only read at present")

    async def newest(self, ctx: Context, about: str, at: datetime) -> bool:
        """Whether nothing later has been told about it; remembers it if so."""
        known = await self.standings.find(ctx, about=about)
        if known is None:
            await self.standings.insert(ctx, {"about": about, "at": at})
            return True
        if known.at > at:
            return False
        await self.standings.rewrite(ctx, known, {"at": at})
        return True

    async def recount(self, ctx: Context, file_id: UUID) -> None:
        """Count the live links of a file anew, so that no count drifts."""
        file = await self.known_file(ctx, file_id)
        live = await self.file_link.count(ctx, fileId=file_id, status="live")
        await self.file.rewrite(ctx, file, {"referenceCount": live})

    def usable(self, file: models.StoredFile) -> bool:
        """Whether the file is available or can become so without anybody's help."""
        return str(file.status) in _IN_USE

    async def link(
        self, ctx: Context, file: models.StoredFile, target: models.FileTarget, by: UUID
    ) -> bool:
        """Link a file to what uses it, unless it is linked already or the target holds 200."""
        live = {
            "targetKind": target.target_kind,
            "targetId": target.target_id,
            "status": models.LinkStatus.live,
        }
        if await self.file_link.find(ctx, **live, fileId=file.id) is not None:
            return False
        if await self.file_link.count(ctx, **live) >= MOST_FILES:
            return False
        made = await self.file_link.insert(ctx, {**live, "fileId": file.id, "linkedBy": by})
        await self._tell_link(ctx, made, "file-linked")
        await self.recount(ctx, file.id)
        return True

    async def unlink(self, ctx: Context, link: models.FileLink) -> None:
        """End a live link."""
        ended = {"status": models.LinkStatus.unlinked, "unlinkedAt": ctx.now}
        link = await self.file_link.rewrite(ctx, link, ended)
        await self._tell_link(ctx, link, "file-unlinked")
        await self.recount(ctx, link.file_id)

    async def _tell_link(self, ctx: Context, link: models.FileLink, event: str) -> None:
        await self.file_link.announce(ctx, event, link)


MOST_FILES = 200
"""Files that one target may hold."""
