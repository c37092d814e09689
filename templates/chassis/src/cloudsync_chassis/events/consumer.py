"""Consumers: each event is handled once, in one transaction with what the handler writes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace

import sqlalchemy as sa
from pydantic import ValidationError
from sqlalchemy.exc import IntegrityError

from cloudsync_chassis.client.errors import CallError
from cloudsync_chassis.context import Context
from cloudsync_chassis.events.bus import DEAD_LETTERS, Bus, Delivery
from cloudsync_chassis.events.envelope import Event
from cloudsync_chassis.logs import logger
from cloudsync_chassis.problem import Problem
from cloudsync_chassis.store.system import inbox

Handle = Callable[[Context, Event], Awaitable[None]]
Run = Callable[[Event, Callable[[Context], Awaitable[None]]], Awaitable[None]]

_BATCH = 50
_LONGEST_PAUSE = 5.0

log = logger("consumer")


def never(event: Event) -> bool:
    """For events that are given up after the usual attempts."""
    del event
    return False


@dataclass(frozen=True, slots=True)
class Subscription:
    """The port method that handles events of `type` from `topic`.

    `lasting`: whether an event is still worth another attempt, however many it has had.
    """

    topic: str
    type: str
    handle: Handle
    lasting: Callable[[Event], bool] = never


class Consumer:
    """One consumer group. `run` opens a context; after `attempts` an event is a dead letter."""

    def __init__(
        self,
        bus: Bus,
        group: str,
        subscriptions: tuple[Subscription, ...],
        run: Run,
        attempts: int = 5,
        pause: float = 0.1,
    ) -> None:
        self._bus = bus
        self._group = group
        self._topics = tuple(sorted({each.topic for each in subscriptions}))
        self._subscriptions: Mapping[tuple[str, str], Subscription] = {
            (each.topic, each.type): each for each in subscriptions
        }
        self._run = run
        self._attempts = attempts
        self._pause = pause

    async def run(self) -> None:
        """Handle events until cancelled."""
        while True:
            try:
                await self.handle_batch()
            except Exception as error:
                log.warning("consumer_failed", error=error)
                await asyncio.sleep(self._pause)

    async def handle_batch(self) -> int:
        """Handle what the bus holds at the moment; how many events that was."""
        deliveries = await self._bus.fetch(self._group, self._topics, _BATCH)
        for delivery in deliveries:
            await self._handle(delivery)
        return len(deliveries)

    async def _handle(self, delivery: Delivery) -> None:
        event = delivery.event
        subscription = self._subscriptions.get((event.topic, event.type))
        if subscription is not None and not await self._tried(event, subscription):
            dead = replace(event, topic=event.topic + DEAD_LETTERS)
            await self._bus.publish([dead])
        await self._bus.acknowledge(self._group, delivery)

    async def _tried(self, event: Event, subscription: Subscription) -> bool:
        """Whether an attempt succeeded; the pause doubles each time."""
        attempt, handle = 0, subscription.handle
        while attempt < self._attempts or subscription.lasting(event):
            try:
                await self._run(event, lambda ctx: self._once(ctx, event, handle))
            except Exception as error:
                log.warning(
                    "event_failed",
                    event_id=str(event.id),
                    type=event.type,
                    error=error,
                )
                if _hopeless(error):
                    return False
                await asyncio.sleep(min(self._pause * 2**attempt, _LONGEST_PAUSE))
                attempt += 1
            else:
                return True
        return False

    async def _once(self, ctx: Context, event: Event, handle: Handle) -> None:
        row = {
            "consumer": self._group,
            "event_id": str(event.id),
            "handled_at": ctx.now,
        }
        connection = await ctx.unit.connection()
        if await connection.scalar(_handled(self._group, event)):
            return
        try:
            await connection.execute(sa.insert(inbox).values(row))
        except IntegrityError as error:
            raise RuntimeError("handled at the same time by another replica") from error
        await handle(ctx, event)


def _hopeless(error: Exception) -> bool:
    """Whether the same input is refused the same way however often it comes."""
    if isinstance(error, Problem):
        return error.kind.status < 500
    if isinstance(error, CallError):
        return not error.retriable
    return isinstance(error, ValidationError)


def _handled(group: str, event: Event) -> sa.Select[tuple[str]]:
    return sa.select(inbox.c.event_id).where(
        inbox.c.consumer == group, inbox.c.event_id == str(event.id)
    )
