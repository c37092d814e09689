"""What all handlers of documents share: look-ups, quiet writes, locks of rows, what events told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import sqlalchemy as sa
from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Event
from cloudsync_chassis.problem import FORBIDDEN, NOT_FOUND, VERSION_CONFLICT
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.store.query import Page, PageRequest
from pydantic import BaseModel

from . import memory, world
from .generated import models, problems, tables
from .generated.defaults import Defaults
from .generated.settings import ServiceSettings

B = TypeVar("B", bound=BaseModel)

LIVE = ("draft", "active", "archived")
"""States of a document outside of the bin."""


class Base(Defaults):
    """The base of all mixins."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        assert isinstance(runtime.settings, ServiceSettings)
        self.settings = runtime.settings
        self.world = world.local(runtime.settings)
        self.bodies = runtime.aggregate(memory.BODIES)
        self.pending = runtime.aggregate(memory.PENDING_UPDATES)
        self.standings = runtime.aggregate(memory.STANDINGS)
        self.former_retentions = runtime.aggregate(memory.FORMER_RETENTIONS)
        self.tries = runtime.aggregate(memory.TRANSFER_TRIES)

    def person(self, ctx: Context) -> UUID:
        """Who asks.

        Raises:
            Problem: `forbidden`: a program, which can sign nothing.
        """
        try:
            return UUID(ctx.principal.subject)
        except ValueError as error:
            raise FORBIDDEN(f"{ctx.operation.id} is for people") from error

    async def write(self, ctx: Context, key: UUID, fields: Mapping[str, Any]) -> models.Document:
        """Change fields of a document that nobody hears of, whatever version the caller has seen.

        Raises:
            Problem: `not-found`, `invariant-broken`, `version-conflict`.
        """
        document = await self.document.find(ctx, id=key)
        if document is None:
            raise NOT_FOUND("no such document")
        return await self.document.rewrite(ctx, document, fields)

    async def write_folder(
        self, ctx: Context, key: UUID, fields: Mapping[str, Any]
    ) -> models.Folder:
        """The same for a folder."""
        folder = await self.folder.find(ctx, id=key)
        if folder is None:
            raise NOT_FOUND("no such folder")
        return await self.folder.rewrite(ctx, folder, fields)

    def check_version(self, ctx: Context, version: int) -> None:
        """What the caller has seen comes first: other refusals would be about another state.

        Raises:
            Problem: `version-conflict`.
        """
        if ctx.if_match is not None and version not in ctx.if_match:
            raise VERSION_CONFLICT(f"the version is {version}")

    async def lock(self, ctx: Context, document_id: UUID) -> None:
        """Make others who lock the same document wait until this operation is over."""
        table = tables.documents
        statement = sa.select(table.c.id).where(
            table.c.organization_id == ctx.tenant, table.c.id == document_id
        )
        await (await ctx.unit.connection()).execute(statement.with_for_update())

    def check_unlocked(self, ctx: Context, document: models.Document) -> None:
        """Nobody writes beside an import or a publication.

        Raises:
            Problem: `document-locked`.
        """
        lock = document.edit_lock
        if lock is None or lock.expires_at <= ctx.now:
            return
        if str(lock.holder_id) != ctx.principal.subject:
            raise problems.DOCUMENT_LOCKED("an import or a publication holds the document")

    async def read_only(self, ctx: Context) -> bool:
        """Whether the organisation is restricted."""
        table = tables.tenant_states
        statement = sa.select(table.c.reason).where(table.c.organization_id == ctx.tenant)
        return (await (await ctx.unit.connection()).execute(statement)).first() is not None

    async def check_writable(self, ctx: Context) -> None:
        """What is no operation on a body is refused by the common name.

        Raises:
            Problem: `forbidden`.
        """
        if await self.read_only(ctx):
            raise FORBIDDEN("the organisation is restricted: its documents are read-only")

    async def recount(self, ctx: Context, *folder_ids: UUID | None) -> None:
        """Tell folders how much lies in them. Derived, so it is no new version of theirs."""
        for folder_id in {each for each in folder_ids if each is not None}:
            inside = await self.folder.count(ctx, parentFolderId=folder_id)
            inside += await self.document.count(ctx, folderId=folder_id, status=LIVE)
            table = tables.folders
            statement = sa.update(table).where(
                table.c.organization_id == ctx.tenant, table.c.id == folder_id
            )
            change = statement.values(child_count=min(inside, 10_000))
            await (await ctx.unit.connection()).execute(change)

    async def news(self, ctx: Context, about: str, word: str) -> bool:
        """Note the last word on something; False where a younger one was heard already."""
        at = moment(ctx)
        known = await self.standings.find(ctx, about=about)
        if known is None:
            await self.standings.insert(ctx, {"about": about, "at": at, "word": word})
            return True
        if known.at > at:
            return False
        await self.standings.rewrite(ctx, known, {"at": at, "word": word})
        return True

    async def word(self, ctx: Context, about: str) -> str:
        """The last word on something; empty if there was none."""
        known = await self.standings.find(ctx, about=about)
        return known.word if known is not None else ""


def moment(ctx: Context) -> datetime:
    """When what is handled came about."""
    return ctx.cause.time if ctx.cause is not None else ctx.now


def cause(ctx: Context) -> Event:
    """The event that is handled.

    Raises:
        Problem: `not-found`: there is none, so nothing says what the command is about.
    """
    if ctx.cause is None:
        raise NOT_FOUND(f"{ctx.operation.id} follows events alone")
    return ctx.cause


def person_of(principal: str) -> UUID | None:
    """The person whom a principal names, if it names one."""
    kind, _, key = principal.partition(":")
    return UUID(key) if kind == "user" else None


def in_order(page: PageRequest, sort: str) -> PageRequest:
    """A page of a list that has an order of its own, whatever order its cursors carry."""
    after = page.after
    return replace(page, sort=sort, after=replace(after, sort=sort) if after else None)


def as_asked(found: Page[B], page: PageRequest) -> Page[B]:
    """The page with a cursor that the adapter takes: one of the order that was asked for."""
    following = found.following
    sort = page.after.sort if page.after else page.sort
    return replace(found, following=replace(following, sort=sort) if following else None)
