"""What colleagues see of each other."""

from __future__ import annotations

from collections import OrderedDict, deque
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.model import from_record, given, project, to_record
from cloudsync_chassis.problem import CONDITION_NOT_MET, NOT_FOUND, RATE_LIMITED
from cloudsync_chassis.runtime import Runtime

from .base import Base
from .generated import models, port

_CALLERS = 100_000
"""Callers whose questions are counted; the one who asked longest ago is forgotten first."""

_MINUTE = timedelta(minutes=1)
_STATES = models.ProfileStatus

_NAMES_ONLY: dict[str, Any] = {"workingHours": [], "skills": [], "links": [], "customValues": {}}
_BEYOND_NAMES = (
    "pronouns",
    "headline",
    "biography",
    "avatarFileId",
    "avatarCrop",
    "birthday",
    "officeLocation",
    "statusMessage",
)


class Directory(Base):
    """Handlers of what is looked at."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        self._asked: OrderedDict[tuple[UUID, str], deque[datetime]] = OrderedDict()

    async def get_profile(self, ctx: Context, request: port.GetProfile) -> models.Profile:
        """A profile as the caller may see it; services see all of it and answer for that."""
        found = await self.profile.get(ctx, request.user_id)
        if ctx.principal.kind == "workload" or _is_self(ctx, found):
            return found
        sight = await self._sight(ctx, found)
        if sight is None:
            raise NOT_FOUND("no such profile")
        if not sight:
            return from_record(models.Profile, _names_only(found))
        record = to_record(found)
        if _is_over(ctx, found):
            record.pop("statusMessage")
        known = await self.definitions(ctx)
        record["customValues"] = {
            key: value
            for key, value in record["customValues"].items()
            if key in known and await self._within(ctx, known[key].audience, found.user_id)
        }
        return from_record(models.Profile, record)

    async def _sight(self, ctx: Context, profile: models.Profile) -> bool | None:
        """Whether a colleague sees more than the names; None: not even those."""
        if profile.status in (_STATES.draft, _STATES.erased):
            return None
        if profile.status != _STATES.published:
            return False
        return await self._within(ctx, profile.audience, profile.user_id)

    async def _within(self, ctx: Context, audience: models.Audience, owner: UUID) -> bool:
        if audience == models.Audience.everyone:
            return True
        if audience == models.Audience.organization:
            return bool(ctx.principal.roles - {"guest"})
        if audience == models.Audience.teams and ctx.principal.kind == "user":
            caller = UUID(ctx.principal.subject)
            return await self.world.teams.share(ctx.tenant, caller, owner)
        return False

    async def batch_get_cards(
        self, ctx: Context, request: port.BatchGetCards
    ) -> models.ProfileCardList:
        """Cards in the order asked for, each as the caller may see it."""
        self._count_question(ctx)
        wanted = request.body.user_ids
        found = {each.user_id: each async for each in self.profile.each(ctx, userId=tuple(wanted))}
        cards, unknown = [], []
        for user_id in wanted:
            profile = found.get(user_id)
            card = await self._card(ctx, profile) if profile is not None else None
            if card is None:
                unknown.append(user_id)
            else:
                cards.append(card)
        return models.ProfileCardList(cards=cards, unknown_user_ids=unknown)

    def _count_question(self, ctx: Context) -> None:
        """Refuse a directory that is read out page by page; counted by each replica for itself.

        Raises:
            Problem: `rate-limited`.
        """
        who = (ctx.tenant, ctx.principal.subject)
        times = self._asked.setdefault(who, deque())
        self._asked.move_to_end(who)
        if len(self._asked) > _CALLERS:
            self._asked.popitem(last=False)
        while times and times[0] <= ctx.now - _MINUTE:
            times.popleft()
        if len(times) >= self.settings.card_queries_per_minute:
            raise RATE_LIMITED("so many batches of cards are enough for a minute")
        times.append(ctx.now)

    async def _card(self, ctx: Context, profile: models.Profile) -> models.ProfileCard | None:
        sight = True if _is_self(ctx, profile) else await self._sight(ctx, profile)
        if sight is None or profile.status == _STATES.erased:
            return None
        record = to_record(profile) if sight else _names_only(profile)
        if _is_over(ctx, profile):
            record.pop("statusMessage", None)
        return project(models.ProfileCard, from_record(models.Profile, record))

    async def endorse_skill(self, ctx: Context, request: port.EndorseSkill) -> models.Endorsement:
        """As the model says, up to what a profile can hold."""
        again = {
            "userId": request.user_id,
            "fromUserId": ctx.principal.subject,
            "skill": request.body.skill,
        }
        if await self.endorsement.find(ctx, **again) is None:
            standing = await self.endorsement.count(ctx, userId=request.user_id, withdrawnAt=None)
            if standing >= self.settings.endorsements_per_profile:
                raise CONDITION_NOT_MET(f"{standing} endorsements stand already")
        return await super().endorse_skill(ctx, request)

    async def change_preferences(
        self, ctx: Context, request: port.ChangePreferences
    ) -> models.PreferenceSet:
        """As the model says; the event names the topics whose channels differ."""
        fields = given(request.body)
        found = await self.preference_set.find(ctx, userId=request.user_id)
        before = to_record(found)["channels"] if found is not None else {}
        after = fields.get("channels") or {}
        topics = sorted(name for name, each in after.items() if before.get(name) != each)
        if topics:
            fields["changedTopics"] = topics
        return await self.preference_set.update(ctx, "change-preferences", request.user_id, fields)


def _is_self(ctx: Context, profile: models.Profile) -> bool:
    return ctx.principal.subject == str(profile.user_id)


def _is_over(ctx: Context, profile: models.Profile) -> bool:
    """Whether a status message awaits the sweeper."""
    message = profile.status_message
    return message is not None and message.clear_at is not None and message.clear_at <= ctx.now


def _names_only(profile: models.Profile) -> dict[str, Any]:
    record = {name: each for name, each in to_record(profile).items() if name not in _BEYOND_NAMES}
    return record | _NAMES_ONLY
