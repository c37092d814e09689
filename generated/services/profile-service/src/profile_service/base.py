"""What all handlers of the service share."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.model import to_record
from cloudsync_chassis.problem import NOT_FOUND
from cloudsync_chassis.runtime import Runtime

from . import memory, world
from .generated import models
from .generated.defaults import Defaults
from .generated.settings import ServiceSettings

_WORTH = {
    "avatarFileId": 20,
    "headline": 10,
    "workingHours": 10,
    "skills": 10,
}
_NAMES = 30
_ACCOUNT = 20
"""What a draft has for what the account already knows."""


def completeness(record: dict[str, Any]) -> int:
    """Per cent of what makes a card useful."""
    named = record.get("givenName") and record.get("familyName")
    said = sum(worth for name, worth in _WORTH.items() if record.get(name))
    return _ACCOUNT + (_NAMES if named else 0) + said


class Base(Defaults):
    """The aggregates, what is remembered beside them, and the world outside."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        if not isinstance(runtime.settings, ServiceSettings):
            raise TypeError("profile-service needs its own settings")
        self.settings = runtime.settings
        self.accounts = runtime.aggregate(memory.ACCOUNTS)
        self.portraits = runtime.aggregate(memory.PORTRAITS)
        self.bad_files = runtime.aggregate(memory.BAD_FILES)
        self.retired = runtime.aggregate(memory.RETIRED)
        self.exports = runtime.aggregate(memory.EXPORTS)
        self.world = world.local(runtime.settings)

    async def profile_of(self, ctx: Context, user_id: UUID) -> models.Profile:
        """Somebody's profile.

        Raises:
            Problem: `not-found`.
        """
        found = await self.profile.find(ctx, userId=user_id)
        if found is None:
            raise NOT_FOUND("no such profile")
        return found

    async def own_profile(self, ctx: Context, user_id: UUID) -> models.Profile:
        """Somebody's profile, which the caller may change.

        Raises:
            Problem: `not-found`, `forbidden`.
        """
        found = await self.profile_of(ctx, user_id)
        await self.profile.grants.require(ctx, to_record(found))
        return found

    async def definitions(self, ctx: Context) -> dict[str, models.ProfileFieldDefinition]:
        """The organisation's own fields by their keys."""
        found = self.profile_field_definition.each(ctx)
        return {each.key: each async for each in found}
