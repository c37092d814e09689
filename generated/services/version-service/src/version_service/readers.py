"""Histories and who may look back in them, as other services' events tell it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.problem import NOT_FOUND
from cloudsync_chassis.store.query import ListQuery, PageRequest

from . import memory
from .base import Base, cause, kind_of
from .generated import models, port

_MOST = 5_000


class Readers(Base):
    """Followers of shares, moves, links and teams; and the list that they open."""

    async def list_versions(self, ctx: Context, request: port.ListVersions) -> models.VersionPage:
        body = request.body
        history = await self.content_history.get(ctx, body.subject_id)
        if history.status != models.HistoryStatus.kept:
            raise NOT_FOUND("the subject is gone")
        wanted = {
            "subjectKind": body.subject_kind,
            "trigger": body.trigger,
            "status": body.status,
            "milestone": body.milestone,
            "pinned": body.pinned,
        }
        filters = {name: each for name, each in wanted.items() if each is not None}
        after = self.runtime.cursors.decode(body.cursor) if body.cursor else None
        page = PageRequest(
            limit=body.limit or self.settings.page_size,
            sort=body.sort or "-createdAt",
            after=after,
        )
        query = ListQuery(page, {**filters, "subjectId": body.subject_id})
        found = await self.content_version.repository.select(ctx, query)
        following = self.runtime.cursors.encode(found.following) if found.following else None
        return models.VersionPage(items=list(found.items), next_cursor=following)

    async def open_history(self, ctx: Context, request: port.OpenHistory) -> None:
        data = cause(ctx).data
        document = data.get("documentId")
        subject = UUID(str(document or data["fileId"]))
        if await self.word(ctx, f"subject:{subject}") == "gone":
            return
        if await self.content_history.find(ctx, subjectId=subject) is not None:
            return
        sources = await self._sources(ctx, subject)
        if document and await self.news(ctx, f"place:{subject}", "opened"):
            place = [str(each) for each in data.get("principals") or ()]
            await self.sources.rewrite(ctx, sources, {"place": place})
        owner = UUID(str(data["ownerId"] if document else data["uploaderId"]))
        fields = {
            "subjectKind": "document" if document else "file",
            "subjectId": subject,
            "ownerId": owner,
        }
        await self.content_history.create(ctx, "open-history", fields)
        await self.refresh(ctx, subject)

    async def follow_readers(self, ctx: Context, request: port.FollowReaders) -> None:
        event = cause(ctx)
        await _FOLLOWED[kind_of(event)](self, ctx, event.data)

    async def refresh(self, ctx: Context, subject: UUID) -> None:
        """Work out anew who may look back in a subject, and in the files that hang on it."""
        history = await self.content_history.find(ctx, subjectId=subject)
        if history is not None and history.status == models.HistoryStatus.kept:
            principals = await self._principals(ctx, await self._sources(ctx, subject))
            people: dict[UUID, None] = {}
            for each in principals:
                people.update(dict.fromkeys(await self._behind(ctx, each)))
            everybody = f"org:{ctx.tenant}" in principals
            fields = {
                "readerPrincipals": principals[:_MOST],
                "readerIds": list(people)[:_MOST],
                "audience": "organization" if everybody else "named",
            }
            await self.content_history.rewrite(ctx, history, fields)
        async for other in self.sources.each(ctx, targets=subject):
            if other.subject_id != subject:
                await self.refresh(ctx, other.subject_id)

    async def _sources(self, ctx: Context, subject: UUID) -> memory.Sources:
        known = await self.sources.find(ctx, subjectId=subject)
        if known is not None:
            return known
        nothing: dict[str, Any] = {"place": [], "grants": [], "targets": []}
        return await self.sources.insert(ctx, {"subjectId": subject, **nothing})

    async def _principals(self, ctx: Context, sources: memory.Sources) -> list[str]:
        """All that give access: a file is open to whoever reads what it is linked to."""
        found = [*sources.place, *sources.grants]
        for target in sources.targets:
            above = await self.content_history.find(ctx, subjectId=target)
            if above is not None and above.status == models.HistoryStatus.kept:
                found.append(f"user:{above.owner_id}")
                found += [each.root for each in above.reader_principals]
        return list(dict.fromkeys(found))

    async def _behind(self, ctx: Context, principal: str) -> list[UUID]:
        kind, _, key = principal.partition(":")
        if kind == "user":
            return [UUID(key)]
        if kind != "team":
            return []
        return [each.user_id async for each in self.team_members.each(ctx, teamId=UUID(key))]

    async def _shared(self, ctx: Context, data: Any) -> None:
        await self._granted(ctx, data, True)

    async def _unshared(self, ctx: Context, data: Any) -> None:
        await self._granted(ctx, data, False)

    async def _granted(self, ctx: Context, data: Any, given: bool) -> None:
        subject, principal = UUID(str(data["documentId"])), str(data["principal"])
        if not await self.news(ctx, f"grant:{subject}:{principal}", "on" if given else "off"):
            return
        sources = await self._sources(ctx, subject)
        grants = [each for each in sources.grants if each != principal]
        if given:
            grants.append(principal)
        await self.sources.rewrite(ctx, sources, {"grants": grants})
        await self.refresh(ctx, subject)

    async def _moved(self, ctx: Context, data: Any) -> None:
        subject = UUID(str(data["documentId"]))
        if data.get("principals") is None or not await self.news(ctx, f"place:{subject}", "moved"):
            return
        sources = await self._sources(ctx, subject)
        # the event names those with a grant as well, whom a later end of the grant must reach
        place = [str(each) for each in data["principals"] if str(each) not in sources.grants]
        await self.sources.rewrite(ctx, sources, {"place": place})
        await self.refresh(ctx, subject)

    async def _handed_over(self, ctx: Context, data: Any) -> None:
        for each in data.get("documentIds") or ():
            subject = UUID(str(each))
            if not await self.news(ctx, f"owner:{subject}", str(data["toUserId"])):
                continue
            history = await self.content_history.find(ctx, subjectId=subject)
            if history is not None:
                owner = {"ownerId": UUID(str(data["toUserId"]))}
                await self.content_history.rewrite(ctx, history, owner)
                await self.refresh(ctx, subject)

    async def _linked(self, ctx: Context, data: Any) -> None:
        await self._hung(ctx, data, True)

    async def _unlinked(self, ctx: Context, data: Any) -> None:
        await self._hung(ctx, data, False)

    async def _hung(self, ctx: Context, data: Any, linked: bool) -> None:
        if data["targetKind"] != "document":
            return
        subject, target = UUID(str(data["fileId"])), UUID(str(data["targetId"]))
        if not await self.news(ctx, f"link:{subject}:{target}", "on" if linked else "off"):
            return
        sources = await self._sources(ctx, subject)
        targets = [each for each in sources.targets if each != target]
        if linked:
            targets.append(target)
        await self.sources.rewrite(ctx, sources, {"targets": targets})
        await self.refresh(ctx, subject)

    async def _joined(self, ctx: Context, data: Any) -> None:
        await self._membership(ctx, data, True)

    async def _parted(self, ctx: Context, data: Any) -> None:
        await self._membership(ctx, data, False)

    async def _membership(self, ctx: Context, data: Any, member: bool) -> None:
        team = UUID(str(data["teamId"]))
        for each in data["userIds"]:
            user = UUID(str(each))
            if not await self.news(ctx, f"member:{team}:{user}", "in" if member else "out"):
                continue
            await self.drop(ctx, self.team_members, teamId=team, userId=user)
            if member:
                await self.team_members.insert(ctx, {"teamId": team, "userId": user})
        await self._refresh_all(ctx, f"team:{team}")

    async def _left(self, ctx: Context, data: Any) -> None:
        """Nothing of an organisation is open to who left it."""
        user = UUID(str(data["userId"]))
        teams = [each.team_id async for each in self.team_members.each(ctx, userId=user)]
        await self.drop(ctx, self.team_members, userId=user)
        person = f"user:{user}"
        for name in ("place", "grants"):
            async for each in self.sources.each(ctx, **{name: person}):
                kept = [other for other in getattr(each, name) if other != person]
                await self.sources.rewrite(ctx, each, {name: kept})
                await self.refresh(ctx, each.subject_id)
        for team in teams:
            await self._refresh_all(ctx, f"team:{team}")

    async def _refresh_all(self, ctx: Context, principal: str) -> None:
        async for each in self.content_history.each(ctx, readerPrincipals=principal):
            await self.refresh(ctx, each.subject_id)


_FOLLOWED: dict[str, Any] = {
    "document-shared": Readers._shared,
    "document-unshared": Readers._unshared,
    "document-moved": Readers._moved,
    "document-ownership-transferred": Readers._handed_over,
    "file-linked": Readers._linked,
    "file-unlinked": Readers._unlinked,
    "team-member-added": Readers._joined,
    "team-member-removed": Readers._parted,
    "member-removed": Readers._left,
}


class Followers(Readers):
    """The port's methods for these events."""

    async def on_document_created(
        self, ctx: Context, event: Received[models.DocumentCreated]
    ) -> None:
        await self.open_history(ctx, port.OpenHistory())

    async def on_file_uploaded(self, ctx: Context, event: Received[models.FileUploaded]) -> None:
        await self.open_history(ctx, port.OpenHistory())

    async def on_document_shared(
        self, ctx: Context, event: Received[models.DocumentShared]
    ) -> None:
        await self.follow_readers(ctx, port.FollowReaders())

    async def on_document_unshared(
        self, ctx: Context, event: Received[models.DocumentUnshared]
    ) -> None:
        await self.follow_readers(ctx, port.FollowReaders())

    async def on_document_moved(self, ctx: Context, event: Received[models.DocumentMoved]) -> None:
        await self.follow_readers(ctx, port.FollowReaders())

    async def on_document_ownership_transferred(
        self, ctx: Context, event: Received[models.DocumentOwnershipTransferred]
    ) -> None:
        await self.follow_readers(ctx, port.FollowReaders())

    async def on_file_linked(self, ctx: Context, event: Received[models.FileLinked]) -> None:
        await self.follow_readers(ctx, port.FollowReaders())

    async def on_file_unlinked(self, ctx: Context, event: Received[models.FileUnlinked]) -> None:
        await self.follow_readers(ctx, port.FollowReaders())

    async def on_team_member_added(
        self, ctx: Context, event: Received[models.TeamMemberAdded]
    ) -> None:
        await self.follow_readers(ctx, port.FollowReaders())

    async def on_team_member_removed(
        self, ctx: Context, event: Received[models.TeamMemberRemoved]
    ) -> None:
        await self.follow_readers(ctx, port.FollowReaders())

    async def on_member_removed(self, ctx: Context, event: Received[models.MemberRemoved]) -> None:
        await self.follow_readers(ctx, port.FollowReaders())
