"""People: found by name, and what they are principals of."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received

from .file_entries import FileEntries
from .generated import models, port

_UNNAMED = "-"


class People(FileEntries):
    """Entries of people, and their belonging to organisations, teams and channels."""

    async def project_person(self, ctx: Context, request: port.ProjectPerson) -> None:
        """Open or fill in an entry, as the event says that the operation is about."""
        event = ctx.cause
        if event is None:
            return
        user, data = UUID(str(event.data["userId"])), event.data
        kind = event.type.split(".")[2]
        known = await self.entry_of(ctx, "person", user)
        if kind == "user-created" and known is not None:
            return
        if kind != "user-created" and not await self.newest(ctx, f"person:{user}", event.time):
            return
        fields: dict[str, Any] = {"authorId": user, "contentChangedAt": event.time}
        if known is None:
            fields |= {"heading": _UNNAMED, "readerPrincipals": [f"user:{user}"]}
        if kind == "profile-updated":
            shown = data["status"] == models.ProfileStatus.published
            fields |= self._profile(models.ProfileUpdated.model_validate(data, strict=False), shown)
            audience = data["audience"] if shown else models.Audience.only_me
            fields["readerPrincipals"] = await self._audience(ctx, user, audience)
        elif kind == "profile-published":
            fields["readerPrincipals"] = await self._audience(ctx, user, data["audience"])
        await self.write_entry(ctx, "person", user, fields)

    def _profile(self, data: models.ProfileUpdated, shown: bool) -> dict[str, Any]:
        name = " ".join(f"{data.given_name} {data.family_name}".split())
        skills = [each.root for each in data.skills] if shown else []
        words = " ".join([data.headline or "", *skills]) if shown else ""
        return {"heading": name or _UNNAMED, "content": words.strip(), "keywords": skills or None}

    async def _audience(self, ctx: Context, user: UUID, audience: str) -> list[str]:
        """Who finds somebody: they themselves, and the audience that they chose."""
        readers = [f"user:{user}"]
        if audience in (models.Audience.everyone, models.Audience.organization):
            readers.append(f"org:{ctx.tenant}")
        elif audience == models.Audience.teams:
            belongs = self.belongings.each(ctx, userId=user, holds=True)
            readers += [each.principal async for each in belongs if each.principal[:5] == "team:"]
        return readers

    async def hide_person(self, ctx: Context, request: port.HidePerson) -> None:
        user = request.body.user_id
        moment = ctx.cause.time if ctx.cause is not None else ctx.now
        known = await self.entry_of(ctx, "person", user)
        if await self.newest(ctx, f"person:{user}", moment) and known is not None:
            await self.write_entry(ctx, "person", user, {"content": None, "keywords": None})

    async def erase_person(self, ctx: Context, request: port.ErasePerson) -> None:
        user, erased = request.body.user_id, 0
        entry = await self.entry_of(ctx, "person", user)
        if entry is not None:
            await self.remove(ctx, entry)
            erased += 1
        async for search in self.saved_search.each(ctx, ownerId=user):
            await self.saved_search.remove(ctx, search)
            erased += 1
        async for query in self.asked.each(ctx, userId=user):
            await self.asked.remove(ctx, query)
            erased += 1
        async for each in self.belongings.each(ctx, userId=user):
            await self.belongings.remove(ctx, each)
        told = {
            "erasureRequestId": request.body.erasure_request_id,
            "store": "search",
            "erasedItems": erased,
        }
        await self.search_entry.announce(ctx, "search-erasure-completed", {"id": user}, **told)

    async def update_person_principals(
        self, ctx: Context, request: port.UpdatePersonPrincipals
    ) -> None:
        """Add or take away what the event says somebody belongs to."""
        event = ctx.cause
        if event is None:
            return
        data, kind = event.data, event.type.split(".")[2]
        holds = kind.endswith(("-added", "-joined"))
        if "teamId" in data or "channelId" in data:
            group = f"team:{data['teamId']}" if "teamId" in data else f"channel:{data['channelId']}"
            users: Iterable[Any] = data["userIds"]
        else:
            group, users = f"org:{ctx.tenant}", [data["userId"]]
        for user in users:
            await self._belong(ctx, UUID(str(user)), group, event.time, holds)
            if kind == "member-removed":
                await self._leave_all(ctx, UUID(str(user)), event.time)
        if not holds:
            lag = max(0.0, (ctx.now - event.time).total_seconds())
            self.metrics.search_acl_lag_seconds(lag, change="leave")

    async def _belong(
        self, ctx: Context, user: UUID, principal: str, at: datetime, holds: bool
    ) -> None:
        known = await self.belongings.find(ctx, userId=user, principal=principal)
        told = {"userId": user, "principal": principal, "at": at, "holds": holds}
        if known is None:
            await self.belongings.insert(ctx, told)
        elif known.at <= at:
            await self.belongings.rewrite(ctx, known, told)

    async def _leave_all(self, ctx: Context, user: UUID, at: datetime) -> None:
        async for each in self.belongings.each(ctx, userId=user, holds=True):
            if each.at <= at:
                await self._belong(ctx, user, each.principal, at, False)

    async def principals_of(self, ctx: Context, user: UUID) -> frozenset[str]:
        """All that somebody is a principal of; nothing once they belong here no more."""
        found = {f"user:{user}"}
        async for each in self.belongings.each(ctx, userId=user):
            if each.principal == f"org:{ctx.tenant}" and not each.holds:
                return frozenset()
            if each.holds:
                found.add(each.principal)
        return frozenset(found)

    async def on_user_created(self, ctx: Context, event: Received[models.UserCreated]) -> None:
        await self.project_person(ctx, port.ProjectPerson())

    async def on_profile_updated(
        self, ctx: Context, event: Received[models.ProfileUpdated]
    ) -> None:
        await self.project_person(ctx, port.ProjectPerson())

    async def on_profile_published(
        self, ctx: Context, event: Received[models.ProfilePublished]
    ) -> None:
        await self.project_person(ctx, port.ProjectPerson())

    async def on_profile_hidden(self, ctx: Context, event: Received[models.ProfileHidden]) -> None:
        await self.hide_person(ctx, port.HidePerson(body=event.data))

    async def on_user_deleted(self, ctx: Context, event: Received[models.UserDeleted]) -> None:
        await self.erase_person(ctx, port.ErasePerson(body=event.data))

    async def on_member_joined(self, ctx: Context, event: Received[models.MemberJoined]) -> None:
        await self.update_person_principals(ctx, port.UpdatePersonPrincipals())

    async def on_member_removed(self, ctx: Context, event: Received[models.MemberRemoved]) -> None:
        await self.update_person_principals(ctx, port.UpdatePersonPrincipals())

    async def on_team_member_added(
        self, ctx: Context, event: Received[models.TeamMemberAdded]
    ) -> None:
        await self.update_person_principals(ctx, port.UpdatePersonPrincipals())

    async def on_team_member_removed(
        self, ctx: Context, event: Received[models.TeamMemberRemoved]
    ) -> None:
        await self.update_person_principals(ctx, port.UpdatePersonPrincipals())

    async def on_channel_member_added(
        self, ctx: Context, event: Received[models.ChannelMemberAdded]
    ) -> None:
        await self.update_person_principals(ctx, port.UpdatePersonPrincipals())

    async def on_channel_member_removed(
        self, ctx: Context, event: Received[models.ChannelMemberRemoved]
    ) -> None:
        await self.update_person_principals(ctx, port.UpdatePersonPrincipals())
