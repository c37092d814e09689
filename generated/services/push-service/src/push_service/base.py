"""What all handlers of the service share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.executor import Incoming
from cloudsync_chassis.ids import PLATFORM
from cloudsync_chassis.logs import logger
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.problem import FORBIDDEN
from cloudsync_chassis.propagation import Trace
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.security.principal import workload

from . import catalogue, memory, world
from .catalogue import Route
from .generated import models
from .generated.defaults import Defaults
from .generated.settings import ServiceSettings

T = TypeVar("T")

FAN_OUT = "fan-out"
_STEP = Operation(id="push-step", access="workload", writes=True, timeout=10.0)
_TITLE = 120

log = logger("push")


class Base(Defaults):
    """The aggregates, what is remembered beside them, and the world outside."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        if not isinstance(runtime.settings, ServiceSettings):
            raise TypeError("push-service needs its own settings")
        self.settings = runtime.settings
        self.world = world.local(runtime.settings)
        self.compiled = runtime.aggregate(memory.COMPILED)
        self.token_owners = runtime.aggregate(memory.TOKEN_OWNERS)
        self.unwanted = runtime.aggregate(memory.UNWANTED)
        self.badges = runtime.aggregate(memory.BADGES)
        self.involved = runtime.aggregate(memory.INVOLVED)
        self.minutes = runtime.aggregate(memory.MINUTES)
        self.tests = runtime.aggregate(memory.TESTS)

    async def run(self, tenant: UUID, action: Callable[[Context], Awaitable[T]]) -> T:
        """Do a step as the service, in a transaction of its own."""
        principal = workload(self.runtime.spec.name, tenant)
        incoming = Incoming(principal=principal, trace=Trace.new())
        return await self.runtime.executor.run(_STEP, incoming, action)

    def must_be(self, ctx: Context, user_id: UUID) -> None:
        """People act for themselves; services were let in by their role.

        Raises:
            Problem: `forbidden`.
        """
        if ctx.principal.kind == "user" and ctx.principal.subject != str(user_id):
            raise FORBIDDEN("only for oneself")
        ctx.grant.given = True

    async def devices(self, ctx: Context, user_id: UUID) -> list[models.DeviceRegistration]:
        """The devices of a person that may be woken."""
        found = self.device_registration.each(
            ctx, userId=user_id, tokenState=models.TokenState.active
        )
        return [each async for each in found][: self.settings.devices_per_person]

    async def title(self, ctx: Context, route: Route, variables: Mapping[str, str]) -> str:
        """A notification's title in the published words, or in those of the routing table."""
        key, otherwise = route.words
        found = await self.compiled.find(ctx.within(PLATFORM), templateKey=key, language="en")
        pieces = found.pieces if found is not None else catalogue.compiled(otherwise)
        said = catalogue.filled(pieces, variables, _TITLE)
        return said or catalogue.filled(catalogue.compiled(otherwise), variables, _TITLE)

    async def alert(
        self,
        ctx: Context,
        user_id: UUID,
        source: UUID,
        route: Route,
        data: Mapping[str, Any],
        variables: Mapping[str, str] | None = None,
        text: str | None = None,
    ) -> None:
        """Order a notification, unless the person was told of the fact."""
        fields: dict[str, Any] = {
            "targetUserId": user_id,
            "sourceEventId": source,
            "topicKey": route.topic,
            "urgency": route.urgency,
            "alertTitle": await self.title(ctx, route, variables or {}) or "CloudSync",
            "alertText": text,
            "deepLink": catalogue.link_of(route, data),
            "collapseKey": catalogue.fold_of(route, data),
            "timeToLiveSeconds": route.seconds,
        }
        await self.queue(ctx, {name: each for name, each in fields.items() if each is not None})

    async def queue(self, ctx: Context, fields: Mapping[str, Any]) -> None:
        """A pending notification of these fields; fact and person together are its key."""
        same = {name: fields[name] for name in ("targetUserId", "sourceEventId")}
        if await self.push_notification.find(ctx, **same) is None:
            await self.push_notification.create(ctx, "enqueue-push", fields)
            self.runtime.work.wake(ctx, FAN_OUT)

    def send_later(
        self, ctx: Context, to: list[world.Address], envelope: world.Envelope, name: str
    ) -> None:
        """Send something that nobody waits for, once the operation has committed."""
        if to:
            self.runtime.work.soon(ctx, name, partial(self._send_all, to, envelope))

    async def _send_all(
        self, to: list[world.Address], envelope: world.Envelope, ctx: Context
    ) -> None:
        for each in to:
            refusal = await self.world.networks.send(each, envelope)
            if refusal is not None:
                log.info("not_sent", platform=each.platform, refusal=refusal)

    async def gone(self, ctx: Context, kept: Any, **where: Any) -> int:
        """Remove what has these values; how many that were."""
        found = [each async for each in kept.each(ctx, **where)]
        for each in found:
            await kept.remove(ctx, each)
        return len(found)


def address_of(device: models.DeviceRegistration) -> world.Address:
    """Where a device is found."""
    return world.Address(device.device_id, str(device.platform), device.push_token)


def minute() -> timedelta:
    """The stretch over which alerts are counted."""
    return timedelta(minutes=1)
