"""Consumers: each event is handled once, in one transaction with what the handler writes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from cloudsync_chassis.client.errors import CallError
from cloudsync_chassis.context import Context
from cloudsync_chassis.events.bus import DEAD_LETTERS, Bus, Delivery
from cloudsync_chassis.events.envelope import Event, Failure, PayloadError
from cloudsync_chassis.events.sealing import SealError
from cloudsync_chassis.events.wire import UNREADABLE
from cloudsync_chassis.logs import logger
from cloudsync_chassis.problem import Problem
from cloudsync_chassis.store.database import insert_of
from cloudsync_chassis.store.system import inbox

Handle = Callable[[Context, Event], Awaitable[None]]
GivenUp = Callable[[Context, Event], Awaitable[bool]]
Run = Callable[[Event, Callable[[Context], Awaitable[None]]], Awaitable[None]]

_BATCH = 50
_LONGEST_PAUSE = 5.0
_UNTOLD = 1.0
"""Seconds for which a bus is not told of what was handled, unless handling takes longer."""

log = logger("consumer")


def never(event: Event) -> bool:
    """For events that are given up after the usual attempts."""
    del event
    return False


@dataclass(frozen=True, slots=True)
class Subscription:
    """The port method that handles events of `type` from `topic`.

    `lasting`: whether an event is still worth another attempt, however many it has had.
    `attempts`: how many it gets, if not as many as the consumer gives.
    `given_up`: called, in a transaction of its own, before an event becomes a dead letter; True if
    somebody goes on with it, so that it becomes none.
    """

    topic: str
    type: str
    handle: Handle
    lasting: Callable[[Event], bool] = never
    attempts: int | None = None
    given_up: GivenUp | None = None


class Consumer:
    """One consumer group. `run` opens a context; after `attempts` an event is a dead letter.

    `dead_letters`: the topic for the dead letters of a topic, `<topic>.dlq` where it names none.
    `repeated` is told of events that had been handled already. `opened` gives a message in clear; a
    dead letter stays as it came.
    `together`: how many events are handled at the same time; more than one only where their order
    does not matter.
    """

    def __init__(
        self,
        bus: Bus,
        group: str,
        subscriptions: tuple[Subscription, ...],
        run: Run,
        attempts: int = 5,
        pause: float = 0.1,
        dead_letters: Mapping[str, str] = MappingProxyType({}),
        together: int = 1,
        repeated: Callable[[Event], None] = lambda event: None,
        opened: Callable[[Event], Event] = lambda event: event,
    ) -> None:
        self._opened = opened
        self._repeated = repeated
        self._bus = bus
        self._group = group
        self._topics = tuple(sorted({each.topic for each in subscriptions}))
        self._subscriptions: Mapping[tuple[str, str], Subscription] = {
            (each.topic, each.type): each for each in subscriptions
        }
        self._run = run
        self._attempts = attempts
        self._pause = pause
        self._dead_letters = dead_letters
        self._together = together

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
        in_order = self._together == 1
        most = _BATCH if in_order else self._together
        deliveries = await self._bus.fetch(self._group, self._topics, most)
        if in_order:
            await self._one_by_one(deliveries)
        elif deliveries:
            await asyncio.gather(*(self._settle(each.event) for each in deliveries))
            await self._bus.acknowledge(self._group, deliveries)
        return len(deliveries)

    async def _one_by_one(self, deliveries: Sequence[Delivery]) -> None:
        """In order. The bus is told of several at a time, which it makes durable each time: what a
        crash repeats in between, the inbox knows. Of what was given up it knows nothing.
        """
        handled: list[Delivery] = []
        told = time.monotonic()
        try:
            for delivery in deliveries:
                in_inbox = await self._settle(delivery.event)
                handled.append(delivery)
                if not in_inbox or time.monotonic() - told > _UNTOLD:
                    await self._bus.acknowledge(self._group, handled)
                    handled, told = [], time.monotonic()
        finally:
            if handled:
                await self._bus.acknowledge(self._group, handled)

    async def _settle(self, event: Event) -> bool:
        """Handle an event or give it up: when this returns, it can be left behind. Whether nothing
        happens if it comes again.
        """
        subscription = self._subscriptions.get((event.topic, event.type))
        if event.type == UNREADABLE:
            await self.bury(event, ValueError(UNREADABLE))
            return False
        return subscription is None or await self._carry_out(event, subscription)

    async def _carry_out(self, event: Event, subscription: Subscription) -> bool:
        """Whether it was handled, and so stands in the inbox."""
        try:
            clear = self._opened(event)
        except SealError as unopened:
            await self.bury(event, unopened)
            return False
        error = await self._tried(clear, subscription)
        if error is not None and not await self._taken_over(clear, subscription):
            await self.bury(event, error)
        return error is None

    async def _taken_over(self, event: Event, subscription: Subscription) -> bool:
        """Whether somebody goes on with what could not be handled."""
        if subscription.given_up is None:
            return False
        answers: list[bool] = []
        await self._run(event, partial(_told, subscription.given_up, event, answers))
        return answers[-1]

    async def bury(self, event: Event, error: Exception) -> None:
        """Among the dead letters of its topic, before the event is left behind."""
        topic = self._dead_letters.get(event.topic, event.topic + DEAD_LETTERS)
        failure = Failure(event.topic, self._group, _kind(error))
        await self._bus.publish([replace(event, topic=topic, failure=failure)])
        log.error("event_given_up", event_id=str(event.id), type=event.type, reason=failure.reason)

    async def _tried(self, event: Event, subscription: Subscription) -> Exception | None:
        """The error of the last attempt, None if one succeeded; the pause doubles each time."""
        attempt, handle = 0, subscription.handle
        allowed = subscription.attempts or self._attempts
        last: Exception | None = None
        while attempt < allowed or subscription.lasting(event):
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
                    return error
                last = error
                await asyncio.sleep(min(self._pause * 2**attempt, _LONGEST_PAUSE))
                attempt += 1
            else:
                return None
        return last

    async def _once(self, ctx: Context, event: Event, handle: Handle) -> None:
        row = {
            "consumer": self._group,
            "event_id": str(event.id),
            "handled_at": ctx.now,
        }
        connection = await ctx.unit.connection()
        if (await connection.execute(_add(ctx.unit.dialect), row)).first() is None:
            self._repeated(event)
            return
        await handle(ctx, event)


@cache
def _add(dialect: str) -> Any:
    """Notes that an event is handled; gives no row where it was. Who notes the same meanwhile is
    waited for.
    """
    return insert_of(dialect, inbox).on_conflict_do_nothing().returning(inbox.c.event_id)


async def _told(given_up: GivenUp, event: Event, answers: list[bool], ctx: Context) -> None:
    answers.append(await given_up(ctx, event))


def _hopeless(error: Exception) -> bool:
    """Whether the same input is refused the same way however often it comes."""
    if isinstance(error, Problem):
        return error.kind.status < 500
    if isinstance(error, CallError):
        return not error.retriable
    return isinstance(error, PayloadError | ValidationError)


def _kind(error: Exception) -> str:
    """What the dead letter says of the error: no text, which may quote data."""
    if isinstance(error, PayloadError):
        return error.reason
    return error.kind.slug if isinstance(error, Problem) else type(error).__name__
