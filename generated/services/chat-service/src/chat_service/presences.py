"""Who is there."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.model import given
from cloudsync_chassis.problem import VERSION_CONFLICT, breaks_rule

from .generated import models, port, problems
from .talk import Talk

_LONGEST = timedelta(days=30)


class Presences(Talk):
    """Commands and queries on presence."""

    async def set_presence(self, ctx: Context, request: port.SetPresence) -> models.Presence:
        caller, body = self.person(ctx), request.body
        ctx.grant.given = True  # one speaks for oneself alone here
        if body.expires_at is not None and not (ctx.now < body.expires_at <= ctx.now + _LONGEST):
            raise problems.END_OUT_OF_RANGE("within the next thirty days")
        if body.availability == "doNotDisturb" and body.expires_at is None:
            raise breaks_rule("do not disturb says until when", pointer="/expiresAt")
        fields: dict[str, Any] = {**given(body), "userId": caller}
        known = await self.presence.find(ctx, userId=caller)
        if known is not None and self._over(ctx, known):
            ended = {"statusText": None, "statusEmoji": None, "expiresAt": None}
            fields = {**ended, "availability": "online", **fields}
        if known is not None and known.availability == "inMeeting" and body.availability:
            fields["meetingId"] = None
        if known is not None and known.availability == "doNotDisturb" and body.availability:
            fields.setdefault("expiresAt", None)
        devices = 0 if body.availability == "offline" else 1
        fields["devices"] = max(devices, known.devices if known and devices else 0)
        if known is None:
            return await self.presence.create(ctx, "set-presence", fields)
        after = await self.presence.rewrite(ctx, known, fields)
        if after.availability != known.availability:
            await self.tell_presence(ctx, after)
        return await self._beaten(ctx, known) if after is known else after

    async def _beaten(self, ctx: Context, known: models.Presence) -> models.Presence:
        """A heartbeat that says nothing new is one all the same."""
        beaten = {"updated_at": ctx.now, "version": known.version + 1}
        after = known.model_copy(update=beaten)
        if not await self.presence.repository.replace(ctx, after, known.version):
            raise VERSION_CONFLICT()
        return after

    def _over(self, ctx: Context, presence: models.Presence) -> bool:
        """Whether what was chosen has ended."""
        return presence.expires_at is not None and presence.expires_at <= ctx.now

    async def get_presence(self, ctx: Context, request: port.GetPresence) -> models.PresenceList:
        asked = list(dict.fromkeys(request.user_id))
        seen = set(asked)
        if "guest" in ctx.principal.roles:
            seen = await self._shared_with(ctx, self.person(ctx), asked)
        people = [await self._shown(ctx, each, visible=each in seen) for each in asked]
        answer = {"people": people, "stale": False}
        return models.PresenceList.model_validate(answer, strict=False)

    async def _shared_with(self, ctx: Context, caller: UUID, people: list[UUID]) -> set[UUID]:
        """Those who sit in a channel with somebody."""
        channels = [each.channel_id async for each in self.channel_member.each(ctx, userId=caller)]
        rooms = tuple(str(each) for each in channels)
        wanted = tuple(str(each) for each in people)
        seats = self.channel_member.each(ctx, channelId=rooms, userId=wanted)
        return {each.user_id async for each in seats}

    async def _shown(self, ctx: Context, user: UUID, *, visible: bool) -> dict[str, Any]:
        """A line: alive for ninety seconds after a heartbeat, what was chosen until its end."""
        found = await self.presence.find(ctx, userId=user) if visible else None
        line: dict[str, Any] = {"userId": user, "availability": "offline"}
        if found is None:
            return line
        alive = found.updated_at > ctx.now - timedelta(seconds=self.settings.presence_lifetime)
        chosen = found.expires_at is not None and not self._over(ctx, found)
        if chosen or (alive and found.expires_at is None):
            words = {"statusText": found.status_text, "statusEmoji": found.status_emoji}
            line |= {name: each for name, each in words.items() if each is not None}
            line["availability"] = str(found.availability) if alive or chosen else "offline"
        elif alive:
            line["availability"] = "online"
        return line

    async def close_connections(self, ctx: Context, request: port.CloseConnections) -> None:
        await self.forget_presence(ctx, request.body.user_id)

    async def forget_presence(self, ctx: Context, user: UUID) -> int:
        """Delete somebody's presence with what they had chosen to show."""
        found = await self.presence.find(ctx, userId=user)
        if found is None:
            return 0
        await self.presence.remove(ctx, found)
        await self.tell_absence(ctx, found)
        return 1

    async def on_user_suspended(self, ctx: Context, event: Received[models.UserSuspended]) -> None:
        await self.close_connections(ctx, port.CloseConnections(body=event.data))

    async def refresh_speaker_card(self, ctx: Context, request: port.RefreshSpeakerCard) -> None:
        """Names and pictures are asked of user-service when they are shown; none is kept here."""

    async def on_profile_updated(
        self, ctx: Context, event: Received[models.ProfileUpdated]
    ) -> None:
        await self.refresh_speaker_card(ctx, port.RefreshSpeakerCard(body=event.data))
