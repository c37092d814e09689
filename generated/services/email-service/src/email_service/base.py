"""What all handlers of the service share: ordering mails, words, wishes, the state of a tenant."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
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

from . import memory, wording, world
from .catalogue import MANDATORY, Route
from .generated import models
from .generated.defaults import Defaults
from .generated.settings import ServiceSettings

T = TypeVar("T")

SEND, ORDERS = "send-mail", "look-up-recipients"
_STEP = Operation(id="mail-step", access="workload", writes=True, timeout=10.0)
_PAUSE = timedelta(minutes=1)

log = logger("mail")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A mail that somebody shall get: an account, or an address of somebody outside."""

    source: UUID
    route: Route
    variables: Mapping[str, str] = field(default_factory=dict)
    user: UUID | None = None
    address: str | None = None
    locale: str | None = None
    template: str | None = None


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a person wants by mail. `known`: their preferences could be read."""

    known: bool = True
    wanted: frozenset[str] = frozenset()
    unwanted: frozenset[str] = frozenset()
    quiet: tuple[str, str, str] | None = None

    def says(self, topic: str, category: str) -> bool | None:
        """Whether mail of a topic is wanted; None where the person never said."""
        for name in (topic, category):
            if name in self.wanted or name in self.unwanted:
                return name in self.wanted
        return None

    def allows(self, topic: str, category: str) -> bool:
        """Whether a mail may be sent; of those whose wishes are unknown only what must be."""
        if category in MANDATORY:
            return True
        return self.known and self.says(topic, category) is not False


class Base(Defaults):
    """The aggregates, what is remembered beside them, and the world outside."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        if not isinstance(runtime.settings, ServiceSettings):
            raise TypeError("email-service needs its own settings")
        self.settings = runtime.settings
        self.world = world.local(runtime.settings, runtime.secrets)
        self.orders = runtime.aggregate(memory.MAIL_ORDERS)
        self.preferences = runtime.aggregate(memory.PREFERENCE_COPIES)
        self.baskets = runtime.aggregate(memory.BASKETS)
        self.contacts = runtime.aggregate(memory.CONTACTS)
        self.followers = runtime.aggregate(memory.FOLLOWERS)
        self.tenants = runtime.aggregate(memory.TENANTS)
        self.notices = runtime.aggregate(memory.ORDER_NOTICES)
        self.entries = runtime.aggregate(memory.ENTRIES)
        self.posted = runtime.aggregate(memory.POSTED)
        self.bounces = runtime.aggregate(memory.BOUNCES)
        self.steps = runtime.aggregate(memory.STEPS)
        self.tallies = runtime.aggregate(memory.TALLIES)
        self.platform = PLATFORM

    async def run(self, tenant: UUID, action: Callable[[Context], Awaitable[T]]) -> T:
        """Do a step as the service, in a transaction of its own."""
        principal = workload(self.runtime.spec.name, tenant)
        incoming = Incoming(principal=principal, trace=Trace.new())
        return await self.runtime.executor.run(_STEP, incoming, action)

    def digest_of(self, address: str) -> str:
        """The peppered digest by which an address is known."""
        return self.runtime.cipher.blind_index(address) or ""

    async def order(self, ctx: Context, wanted: Wanted) -> None:
        """See that a mail is made for this fact and person, unless it was ordered before."""
        route, template = wanted.route, wanted.template or wanted.route.template
        recipient = str(wanted.user) if wanted.user else self.digest_of(wanted.address or "")
        same = {
            "sourceEventId": wanted.source,
            "notificationKey": route.key,
            "recipient": recipient,
            "templateKey": template,
        }
        if await self.orders.find(ctx, **same) is not None:
            return
        fields = {
            **same,
            "recipientUserId": wanted.user,
            "toAddress": wanted.address,
            "locale": wanted.locale,
            "category": route.category,
            "topic": route.topic,
            "variables": {name: each[:8000] for name, each in wanted.variables.items()},
            "line": route.line,
            "dueAt": ctx.now,
            "expiresAt": ctx.now + route.lasting,
        }
        await self.orders.insert(ctx, fields)
        self.runtime.work.wake(ctx, ORDERS)

    async def words(
        self, ctx: Context, key: str, channel: str, language: str, revision: int | None = None
    ) -> models.NotificationTemplate | None:
        """The published words in the nearest language; of a revision, if that still counts."""
        inside = ctx.within(PLATFORM)
        for each in wording.languages(language):
            same = {"templateKey": key, "deliveredBy": channel, "language": each}
            for extra in ({"revision": revision}, {}) if revision else ({},):
                found = await self.notification_template.find(
                    inside, **same, stage=models.TemplateStage.published, **extra
                )
                if found is not None:
                    return found
        return None

    async def wishes_of(self, tenant: UUID, user_id: UUID) -> Wishes:
        """A person's wishes: the copy, or else what profile-service says, which is copied.

        Makes a call; not for within a transaction.
        """
        kept = await self.run(tenant, lambda ctx: self.preferences.find(ctx, userId=user_id))
        if kept is not None:
            return _wishes(kept)

        async def ask(ctx: Context) -> Wishes:
            fields = await self.asked(user_id)
            if fields is None:
                return Wishes(known=False)
            if await self.preferences.find(ctx, userId=user_id) is None:
                await self.preferences.insert(ctx, fields)
            copy = await self.preferences.find(ctx, userId=user_id)
            return _wishes(copy) if copy is not None else Wishes()

        return await self.run(tenant, ask)

    async def asked(self, user_id: UUID) -> dict[str, Any] | None:
        """What a copy of somebody's preferences holds now; None where they cannot be read."""
        silent = None
        try:
            found = await self.clients.profile.client.get_preferences(user_id=user_id)
        except RefusedError as error:
            if error.status != 404:
                return silent
            return {"userId": user_id, "wanted": [], "unwanted": []}
        except CallError as error:
            log.warning("preferences_unread", error=error)
            return silent
        return {"userId": user_id, **_copied(found)}

    async def tenant_state(self, ctx: Context) -> memory.TenantState | None:
        """What holds for the whole organisation."""
        return await self.tenants.find(ctx, name="state")

    async def note_tenant(self, ctx: Context, fields: Mapping[str, Any]) -> memory.TenantState:
        """Change it."""
        found = await self.tenant_state(ctx)
        if found is None:
            return await self.tenants.insert(ctx, {"name": "state", "stopped": [], **fields})
        return await self.tenants.rewrite(ctx, found, fields)

    async def note_contact(self, ctx: Context, user_id: UUID, part: str) -> None:
        """Remember that somebody speaks for the organisation as `owner` or for `billing`."""
        if await self.contacts.find(ctx, userId=user_id, part=part) is None:
            await self.contacts.insert(ctx, {"userId": user_id, "part": part})

    async def contacts_of(self, ctx: Context, part: str) -> list[UUID]:
        """Who speaks for the organisation, the latest first, at most fifty."""
        found = [each.user_id async for each in self.contacts.each(ctx, part=part)]
        return found[::-1][:50]

    async def tally(self, ctx: Context, name: str, day: datetime, by: int = 0) -> int:
        """How many of a kind a day has seen, once so many are added."""
        same = {"name": name, "day": day.date().isoformat()}
        found = await self.tallies.find(ctx, **same)
        if found is None:
            if by:
                await self.tallies.insert(ctx, {**same, "number": by})
            return by
        if by:
            await self.tallies.rewrite(ctx, found, {"number": found.number + by})
        return found.number + by

    async def step(
        self, ctx: Context, mail: models.EmailMessage, diagnostic: str | None = None
    ) -> None:
        """Note how far a mail has got, for the timeline of its recipient."""
        if mail.recipient_user_id is None:
            return
        fields = {
            "messageId": mail.id,
            "recipientUserId": mail.recipient_user_id,
            "notificationKey": mail.notification_key,
            "status": str(mail.status),
            "provider": str(mail.provider) if mail.provider else None,
            "diagnosticCode": diagnostic,
        }
        await self.steps.insert(ctx, fields)

    async def put_off(self, ctx: Context, order: memory.MailOrder) -> None:
        """Try an order again later, with pauses that double up to an hour."""
        pause = min(_PAUSE * 2 ** min(order.tries, 6), timedelta(hours=1))
        fields = {"dueAt": ctx.now + pause, "tries": order.tries + 1}
        await self.orders.rewrite(ctx, order, fields)


def _copied(found: profiles.PreferenceSet) -> dict[str, Any]:
    mail = profiles.NotificationChannel.email
    wanted = sorted(name for name, each in found.channels.items() if mail in each.root)
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
    return Wishes(True, frozenset(copy.wanted), frozenset(copy.unwanted), quiet)
