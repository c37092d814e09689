"""Channels and who is in them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.model import project
from cloudsync_chassis.problem import CONDITION_NOT_MET, FieldError, breaks_rule
from cloudsync_chassis.store.query import ListQuery, Page, PageRequest

from .generated import models, port, problems
from .talk import Talk

_MOST_PEOPLE = 50_000
_MOST_IN_GROUP = 9
_SMALL = ("direct", "group")
_LOOKED_BACK = 200
_LISTED = ("active", "archived")
"""States of channels that lists have; nobody finds one that was deleted."""


class Channels(Talk):
    """Commands on channels and seats."""

    async def create_channel(self, ctx: Context, request: port.CreateChannel) -> models.ChannelView:
        body, creator = request.body, self.person(ctx)
        people = list(dict.fromkeys([creator, *body.member_ids]))
        kind = str(body.type)
        kinds = await self.kinds_of(people)
        unknown = [each for each in people if kinds[each] == "unknown"]
        if unknown:
            raise breaks_rule(f"{unknown[0]} is nobody here", pointer="/memberIds")
        await self._check_writable(ctx)
        guests = [each for each in people if kinds[each] == "guest"]
        await self._check_guests(ctx, kind, guests)
        fields: dict[str, Any] = body.model_dump(by_alias=True, exclude_unset=True)
        fields.pop("memberIds")
        if kind in _SMALL:
            known = await self._same_people(ctx, kind, people, named=body.name is not None)
            if known is not None:
                return project(models.ChannelView, known)
            fields["memberUserIds"] = sorted(people)
        elif body.name is None:
            raise breaks_rule("this kind of channel has a name", pointer="/name")
        elif await self.channel.find(ctx, name=body.name) is not None:
            raise problems.CHANNEL_NAME_TAKEN("another channel has the name")
        if kind == "shared":
            fields.setdefault("postingPolicy", "everyone")
        fields |= {"creatorId": creator, "memberCount": len(people)}
        told = {"userIds": people, "by": creator}
        channel = await self.channel.create(ctx, "create-channel", {**fields, **told})
        for user in people:
            role = "manager" if user == creator else "guest" if user in guests else "member"
            await self._seat(ctx, channel, user, role)
        return project(models.ChannelView, channel)

    async def _check_writable(self, ctx: Context) -> None:
        if (await self.policy(ctx)).read_only_since is not None:
            raise problems.CHAT_FROZEN("the organisation is being off-boarded")

    async def _check_guests(self, ctx: Context, kind: str, guests: list[UUID]) -> None:
        """Guests are for shared channels, and for direct ones where the policy has it so.

        Raises:
            Problem: `guest-not-allowed`.
        """
        if not guests or kind == "shared":
            return
        if kind in _SMALL and (await self.policy(ctx)).guests_may_direct:
            return
        errors = [FieldError(f"{each} is a guest", "/memberIds") for each in guests]
        raise problems.GUEST_NOT_ALLOWED("no guests in this kind of channel", errors=errors)

    async def _same_people(
        self, ctx: Context, kind: str, people: list[UUID], *, named: bool
    ) -> models.Channel | None:
        """The direct or group conversation that there is of these people."""
        if named:
            raise breaks_rule("a small circle has no name", pointer="/name")
        most = 2 if kind == "direct" else _MOST_IN_GROUP
        if not 2 <= len(people) <= most:
            raise breaks_rule(f"{kind} is for at most {most} people", pointer="/memberIds")
        async for each in self.channel.each(ctx, memberUserIds=people[0], type=kind):
            if set(each.member_user_ids or ()) == set(people):
                return each
        return None

    async def _seat(
        self, ctx: Context, channel: models.Channel, user: UUID, role: str
    ) -> models.ChannelMember:
        fields = {"userId": user, "memberRole": role}
        return await self.channel_member.create(
            ctx, "mark-channel-read", fields, channelId=channel.id
        )

    async def _unseat(self, ctx: Context, seats: Iterable[models.ChannelMember]) -> None:
        for seat in seats:
            await self.channel_member.remove(ctx, seat)

    async def recount(self, ctx: Context, channel: models.Channel) -> models.Channel:
        """Put right how many people are in a channel."""
        people = await self.channel_member.count(ctx, channelId=channel.id)
        fields: dict[str, Any] = {"memberCount": max(1, people)}
        return await self.channel.rewrite(ctx, channel, fields)

    async def change_members(
        self, ctx: Context, request: port.ChangeMembers
    ) -> models.MembersChanged:
        both = set(request.body.add or ()) & set(request.body.remove or ())
        add = [each for each in request.body.add or () if each not in both]
        remove = [each for each in request.body.remove or () if each not in both]
        kinds = await self.kinds_of(add)
        channel = await self.granted_channel(ctx, request.channel_id)
        await self._check_open(ctx, channel)
        caller = self.person(ctx)
        seats = {each.user_id: each async for each in self._seats(ctx, channel.id, add + remove)}
        coming = [each for each in add if each not in seats and kinds[each] != "unknown"]
        going = [seats[each] for each in remove if each in seats]
        guests = [each for each in coming if kinds[each] == "guest"]
        await self._check_manager(ctx, channel, caller, needed=bool(going or guests))
        await self._check_guests(ctx, str(channel.type), guests)
        if channel.member_count + len(coming) - len(going) > _MOST_PEOPLE:
            raise problems.CHANNEL_FULL(f"{_MOST_PEOPLE} people are the most")
        await self._check_managed(ctx, channel, going)
        for user in coming:
            await self._seat(ctx, channel, user, "guest" if user in guests else "member")
        await self._unseat(ctx, going)
        if coming or going:
            channel = await self.recount(ctx, channel)
        if coming:
            await self.channel.announce(
                ctx, "channel-member-added", channel, userIds=coming, by=caller
            )
        if going:
            gone = [each.user_id for each in going]
            await self.channel.announce(
                ctx, "channel-member-removed", channel, userIds=gone, by=caller
            )
        refused = [each for each in add if kinds[each] == "unknown"]
        answer = {
            "added": len(coming),
            "removed": len(going),
            "memberCount": channel.member_count,
            "refusedUserIds": refused,
        }
        return models.MembersChanged.model_validate(answer, strict=False)

    async def _check_open(self, ctx: Context, channel: models.Channel) -> None:
        await self._check_writable(ctx)
        if channel.type in _SMALL:
            raise CONDITION_NOT_MET("a small circle stays as it is: begin another one")

    async def _seats(self, ctx: Context, channel_id: UUID, users: list[UUID]) -> Any:
        for begin in range(0, len(users), 200):
            some = tuple(str(each) for each in users[begin : begin + 200])
            async for seat in self.channel_member.each(ctx, channelId=channel_id, userId=some):
                yield seat

    async def _check_manager(
        self, ctx: Context, channel: models.Channel, caller: UUID, *, needed: bool
    ) -> None:
        seat = await self.seat_of(ctx, channel.id, caller)
        if needed and (seat is None or seat.member_role != "manager"):
            raise problems.MANAGER_NEEDED("that is for somebody who manages the channel")

    async def _check_managed(
        self, ctx: Context, channel: models.Channel, going: list[models.ChannelMember]
    ) -> None:
        """Whoever stays has somebody who manages the channel.

        Raises:
            Problem: `last-manager`.
        """
        leaving = sum(each.member_role == "manager" for each in going)
        if not leaving:
            return
        managers = await self.channel_member.count(ctx, channelId=channel.id, memberRole="manager")
        people = await self.channel_member.count(ctx, channelId=channel.id)
        if managers == leaving and people > len(going):
            raise problems.LAST_MANAGER("nobody would be left who manages the channel")

    async def join_channel(self, ctx: Context, request: port.JoinChannel) -> models.ChannelView:
        channel = await self.granted_channel(ctx, request.channel_id)
        caller = self.person(ctx)
        if await self.seat_of(ctx, channel.id, caller) is not None:
            return project(models.ChannelView, channel)
        if channel.state != "active":
            raise problems.CHANNEL_ARCHIVED("nobody comes into a closed channel")
        await self._check_writable(ctx)
        if channel.member_count >= _MOST_PEOPLE:
            raise problems.CHANNEL_FULL(f"{_MOST_PEOPLE} people are in it")
        await self._seat(ctx, channel, caller, "member")
        channel = await self.recount(ctx, channel)
        await self.channel.announce(
            ctx, "channel-member-added", channel, userIds=[caller], by=caller
        )
        return project(models.ChannelView, channel)

    async def leave_channel(self, ctx: Context, request: port.LeaveChannel) -> None:
        channel = await self.granted_channel(ctx, request.channel_id)
        caller = self.person(ctx)
        if channel.type == "direct":
            raise problems.DIRECT_CONVERSATION("one of two cannot walk out on the other")
        seat = await self.seat_of(ctx, channel.id, caller)
        if seat is None:
            return
        await self._check_managed(ctx, channel, [seat])
        await self._unseat(ctx, [seat])
        await self._left(ctx, channel, caller)
        channel = await self.recount(ctx, await self.known_channel(ctx, channel.id))
        await self.channel.announce(
            ctx, "channel-member-removed", channel, userIds=[caller], by=caller
        )

    async def _left(self, ctx: Context, channel: models.Channel, user: UUID) -> None:
        """A group is found by who is in it; the last two of one stay its name."""
        people = [each for each in channel.member_user_ids or () if each != user]
        if channel.type == "group" and len(people) >= 2:
            await self.channel.rewrite(ctx, channel, {"memberUserIds": people})

    async def browse_channels(
        self, ctx: Context, request: port.BrowseChannels
    ) -> Page[models.ChannelView]:
        filters = {"name": request.name, "state": request.state or _LISTED}
        return _views(await self.channel.list(ctx, request.page, filters))

    async def list_channels(
        self, ctx: Context, request: port.ListChannels
    ) -> Page[models.ChannelView]:
        filters = {"type": request.type_, "state": request.state or _LISTED}
        return _views(await self.channel.list(ctx, request.page, filters))

    async def get_channel(self, ctx: Context, request: port.GetChannel) -> models.ChannelView:
        return project(models.ChannelView, await self.granted_channel(ctx, request.channel_id))

    async def mark_channel_read(
        self, ctx: Context, request: port.MarkChannelRead
    ) -> models.ChannelMember:
        channel = await self.granted_channel(ctx, request.channel_id)
        caller = self.person(ctx)
        seat = await self.seat_of(ctx, channel.id, caller)
        read = await self.message.find(ctx, id=request.body.message_id, channelId=channel.id)
        if seat is None or read is None or read.posted_at is None:
            raise breaks_rule("no message of the channel", pointer="/messageId")
        if seat.last_read_message_id == read.id:
            return seat
        before = await self.message.find(ctx, id=seat.last_read_message_id or read.id)
        place = (read.posted_at, read.id)
        if before is not None and before.posted_at and (before.posted_at, before.id) > place:
            raise problems.READ_POSITION_BEHIND("another device has read further")
        unread = await self._unread(ctx, channel.id, caller, place)
        fields = {"lastReadMessageId": read.id, "unreadMentions": min(unread, 9999)}
        return await self.channel_member.rewrite(ctx, seat, fields)

    async def _unread(
        self, ctx: Context, channel_id: UUID, user: UUID, place: tuple[datetime, UUID]
    ) -> int:
        """How often somebody is named by what was said after a place, two hundred back at most."""
        page = PageRequest(limit=_LOOKED_BACK, sort="-postedAt")
        filters = {"channelId": channel_id, "status": ("posted", "edited")}
        recent = await self.message.repository.select(ctx, ListQuery(page, filters))
        unread = 0
        for message in recent.items:
            if message.posted_at is None or (message.posted_at, message.id) <= place:
                break
            called = any(
                each.type in ("channel", "here") or each.target_id == user
                for each in message.mentions
            )
            unread += called and message.author_id != user
        return unread

    async def drop_channel_memberships(
        self, ctx: Context, request: port.DropChannelMemberships
    ) -> None:
        await self.end_seats(ctx, request.body.user_id)

    async def end_seats(self, ctx: Context, user: UUID) -> int:
        """End all seats of somebody and tell it; how many those were.

        A channel whose last manager they were falls to its longest member.
        """
        ended = 0
        async for seat in self.channel_member.each(ctx, userId=user):
            await self._unseat(ctx, [seat])
            ended += 1
            channel = await self.channel.find(ctx, id=seat.channel_id)
            if channel is None:
                continue
            if seat.member_role == "manager":
                await self._inherit(ctx, channel)
            channel = await self.recount(ctx, channel)
            await self.channel.announce(ctx, "channel-member-removed", channel, userIds=[user])
        return ended

    async def _inherit(self, ctx: Context, channel: models.Channel) -> None:
        managed = {"channelId": channel.id, "memberRole": "manager"}
        if await self.channel_member.count(ctx, **managed):
            return
        async for each in self.channel_member.each(ctx, channelId=channel.id, memberRole="member"):
            await self.channel_member.rewrite(ctx, each, {"memberRole": "manager"})
            return

    async def on_member_removed(self, ctx: Context, event: Received[models.MemberRemoved]) -> None:
        await self.drop_channel_memberships(ctx, port.DropChannelMemberships(body=event.data))


def _views(page: Page[models.Channel]) -> Page[models.ChannelView]:
    return Page(tuple(project(models.ChannelView, each) for each in page.items), page.following)
