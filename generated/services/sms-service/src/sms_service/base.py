"""What all handlers of the service share: words, wishes, buckets and counts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID

from cloudsync_chassis.client.errors import CallError, RefusedError
from cloudsync_chassis.context import Context
from cloudsync_chassis.executor import Incoming
from cloudsync_chassis.ids import PLATFORM
from cloudsync_chassis.logs import logger
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.propagation import Trace
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.security.principal import workload
from profile_client import models as profiles

from . import alphabet, memory, world
from .generated.defaults import Defaults
from .generated.settings import ServiceSettings

T = TypeVar("T")

_STEP = Operation(id="text-step", access="workload", writes=True, timeout=10.0)

log = logger("texts")


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a person wants as texts. `known`: their preferences could be read."""

    known: bool = True
    wanted: frozenset[str] = frozenset()
    quiet: tuple[str, str, str] | None = None


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket of the context's tenant: it holds `most`, and is full again after `seconds`."""

    ctx: Context
    name: str
    most: float
    seconds: float


class Base(Defaults):
    """The aggregates, what is remembered beside them, and the world outside."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        if not isinstance(runtime.settings, ServiceSettings):
            raise TypeError("sms-service needs its own settings")
        self.settings = runtime.settings
        self.world = world.local(runtime.settings)
        self.compiled = runtime.aggregate(memory.COMPILED)
        self.preferences = runtime.aggregate(memory.PREFERENCE_COPIES)
        self.orders = runtime.aggregate(memory.ORDERS)
        self.sent = runtime.aggregate(memory.SENT)
        self.attempts = runtime.aggregate(memory.ATTEMPTS)
        self.numbered = runtime.aggregate(memory.NUMBERED)
        self.buckets = runtime.aggregate(memory.BUCKETS)
        self.counts = runtime.aggregate(memory.COUNTS)

    async def run(self, tenant: UUID, action: Callable[[Context], Awaitable[T]]) -> T:
        """Do a step as the service, in a transaction of its own."""
        principal = workload(self.runtime.spec.name, tenant)
        incoming = Incoming(principal=principal, trace=Trace.new())
        return await self.runtime.executor.run(_STEP, incoming, action)

    def digest_of(self, number: str) -> str:
        """The peppered digest by which a number is known."""
        return self.runtime.cipher.blind_index(number) or ""

    async def words(self, ctx: Context, key: str, language: str) -> memory.Compiled | None:
        """The compiled words in the nearest language."""
        for each in alphabet.languages(language):
            found = await self.compiled.find(ctx.within(PLATFORM), templateKey=key, language=each)
            if found is not None:
                return found
        return None

    async def counted(self, ctx: Context, name: str, within: timedelta, by: int = 1) -> int:
        """How often something happened, once so many are added, since the count began; one that
        began before `within` begins anew. Kept in the context's tenant.
        """
        found = await self.counts.find(ctx, name=name)
        if found is None:
            if by:
                await self.counts.insert(ctx, {"name": name, "since": ctx.now, "number": by})
            return by
        if found.since + within <= ctx.now:
            if by:
                await self.counts.rewrite(ctx, found, {"since": ctx.now, "number": by})
            return by
        if by:
            await self.counts.rewrite(ctx, found, {"number": found.number + by})
        return found.number + by

    async def take_tokens(self, wanted: Sequence[Bucket]) -> bool:
        """Take a token of each bucket, if each has one left; of none otherwise."""
        taken: list[tuple[Bucket, memory.Bucket | None, float]] = []
        for each in wanted:
            found = await self.buckets.find(each.ctx, name=each.name)
            tokens = each.most
            if found is not None:
                passed = max(0.0, (each.ctx.now - found.at).total_seconds())
                tokens = min(each.most, found.tokens + passed * each.most / each.seconds)
            if tokens < 1:
                return False
            taken.append((each, found, tokens - 1))
        for each, found, left in taken:
            fields = {"name": each.name, "tokens": left, "at": each.ctx.now}
            if found is None:
                await self.buckets.insert(each.ctx, fields)
            else:
                await self.buckets.rewrite(each.ctx, found, fields)
        return True

    async def wishes_of(self, tenant: UUID, user_id: UUID) -> Wishes:
        """A person's wishes: the copy, or else what profile-service says, which is copied.

        Makes a call; not for within a transaction.
        """
        kept = await self.run(tenant, lambda ctx: self.preferences.find(ctx, userId=user_id))
        if kept is not None:
            return _wishes(kept)
        fields = await self.asked(user_id)
        if fields is None:
            return Wishes(known=False)

        async def keep(ctx: Context) -> Wishes:
            found = await self.preferences.find(ctx, userId=user_id)
            return _wishes(found or await self.preferences.insert(ctx, fields))

        return await self.run(tenant, keep)

    async def asked(self, user_id: UUID) -> dict[str, Any] | None:
        """What a copy of somebody's preferences holds now; None where they cannot be read."""
        try:
            found = await self.clients.profile.client.get_preferences(user_id=user_id)
        except RefusedError as error:
            known = error.status == 404
            return {"userId": user_id, "wanted": [], "unwanted": []} if known else None
        except CallError as error:
            log.warning("preferences_unread", error=error)
            return None
        return {"userId": user_id, **_copied(found)}


def _copied(found: profiles.PreferenceSet) -> dict[str, Any]:
    texts = profiles.NotificationChannel.sms
    wanted = sorted(name for name, each in found.channels.items() if texts in each.root)
    hours = found.quiet_hours
    return {
        "wanted": wanted,
        "unwanted": sorted(set(found.channels) - set(wanted)),
        "quietFrom": hours.from_ if hours else None,
        "quietTo": hours.to if hours else None,
        "timeZone": hours.time_zone if hours else None,
    }


def _wishes(copy: memory.PreferenceCopy) -> Wishes:
    quiet = None
    if copy.quiet_from and copy.quiet_to and copy.time_zone:
        quiet = (copy.quiet_from, copy.quiet_to, copy.time_zone)
    return Wishes(True, frozenset(copy.wanted), quiet)
