"""Who is meant by principals, and what folders and grants come down to for people."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from cloudsync_chassis.context import Context

from .base import Base
from .generated import models, tables

RANKS = ("viewer", "commenter", "editor", "manager")
"""Levels of access, each with those before it."""

MOST_PEOPLE = 5_000

Access = dict[UUID, int]
"""People and the place of their access among `RANKS`."""

Shares = Iterable[tuple[str, str]]
"""Principals with their access."""

_EDITOR = RANKS.index("editor")
_MANAGER = RANKS.index("manager")


class People(Base):
    """Look-ups by which access is decided."""

    async def behind(self, ctx: Context, principal: str) -> list[UUID]:
        """The people whom a principal stands for; none for a link."""
        kind, _, key = principal.partition(":")
        if kind == "user":
            return [UUID(key)]
        table = tables.principal_members
        statement = sa.select(table.c.user_id).where(table.c.organization_id == ctx.tenant)
        if kind == "team":
            statement = statement.where(table.c.team_id == UUID(key))
        elif kind != "org" or UUID(key) != ctx.tenant:
            return []
        statement = statement.distinct().order_by(table.c.user_id).limit(MOST_PEOPLE)
        return list((await (await ctx.unit.connection()).execute(statement)).scalars())

    async def resolved(self, ctx: Context, shares: Shares) -> Access:
        """The people behind shares, each with the greatest access."""
        found: Access = {}
        for principal, access in shares:
            for person in await self.behind(ctx, principal):
                found[person] = max(found.get(person, 0), RANKS.index(access))
        return found

    async def chain(self, ctx: Context, folder_id: UUID | None) -> list[models.Folder]:
        """A folder and those above it whose shares hold in it, from below."""
        found: list[models.Folder] = []
        while folder_id is not None and len(found) <= 20:
            folder = await self.folder.find(ctx, id=folder_id)
            if folder is None:
                break
            found.append(folder)
            folder_id = folder.parent_folder_id if folder.inherit_shares else None
        return found

    async def shares_in(self, ctx: Context, folder_id: UUID | None) -> list[tuple[str, str]]:
        """What holds in a folder: its own shares, the inherited ones, and those who own them."""
        found: list[tuple[str, str]] = []
        for each in await self.chain(ctx, folder_id):
            found.append((f"user:{each.owner_id}", "manager"))
            found += [(share.principal, str(share.access)) for share in each.shared_with]
        return found

    async def readers_of_folder(
        self, ctx: Context, owner: UUID, shares: Shares
    ) -> dict[str, list[UUID]]:
        """The lists of readers and writers that a folder carries, its owner among them."""
        found = {owner: _MANAGER}
        for person, rank in (await self.resolved(ctx, shares)).items():
            found[person] = max(found.get(person, 0), rank)
        people = first(found)
        writers = [each for each in people if found[each] >= _EDITOR]
        return {"readerIds": people, "writerIds": writers}

    async def through_folder(
        self, ctx: Context, document: models.Document, folder_id: UUID | None
    ) -> Access:
        """Who has a document by a folder. A draft shows to those alone who may write there."""
        found = await self.resolved(ctx, await self.shares_in(ctx, folder_id))
        if document.status == models.DocumentStatus.draft:
            found = {person: rank for person, rank in found.items() if rank >= _EDITOR}
        return found

    async def grants_on(self, ctx: Context, document_id: UUID) -> AsyncIterator[models.ShareGrant]:
        """Grants on a document that have not ended."""
        async for each in self.share_grant.each(ctx, documentId=document_id):
            if each.expires_at is None or each.expires_at > ctx.now:
                yield each

    async def audience(
        self, ctx: Context, document: models.Document, folder_id: UUID | None
    ) -> Access:
        """Who has a document by way of groups, were it in a folder."""
        found = await self.through_folder(ctx, document, folder_id)
        groups = [
            (each.principal, str(each.access))
            async for each in self.grants_on(ctx, document.id)
            if each.principal.startswith(("team:", "org:"))
        ]
        for person, rank in (await self.resolved(ctx, groups)).items():
            found[person] = max(found.get(person, 0), rank)
        return found

    async def readers(
        self, ctx: Context, document: models.Document, folder_id: UUID | None
    ) -> set[UUID]:
        """Everybody who could read a document, were it in a folder."""
        people = set(await self.audience(ctx, document, folder_id))
        people.add(document.owner_id)
        async for each in self.grants_on(ctx, document.id):
            people.update(await self.behind(ctx, each.principal))
        return people

    async def principals_of(
        self, ctx: Context, document: models.Document, folder_id: UUID | None
    ) -> list[str]:
        """Principals that may read a document, were it in a folder; its owner first."""
        found = [f"user:{document.owner_id}"]
        found += [each.principal async for each in self.grants_on(ctx, document.id)]
        for principal, access in await self.shares_in(ctx, folder_id):
            if document.status != models.DocumentStatus.draft or RANKS.index(access) >= _EDITOR:
                found.append(principal)
        return list(dict.fromkeys(found))[:MOST_PEOPLE]


def first(people: Mapping[UUID, int]) -> list[UUID]:
    """As many as a list may hold, those with the greatest access first."""
    ordered = sorted(people, key=lambda each: (-people[each], each))
    return ordered[:MOST_PEOPLE]


def lists_of(people: Access) -> dict[str, Any]:
    """The four lists of an audience, each within the one before."""
    known = first(people)
    return {
        f"{name}Ids": [each for each in known if people[each] >= rank]
        for rank, name in enumerate(RANKS)
    }
