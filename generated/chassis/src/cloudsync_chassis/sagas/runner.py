"""Takes part in sagas: starts, records and undoes this service's steps, and tells the others.

There is no conductor. What happens to a run is told on the saga's topic, keyed by the run; all who
take part read it in the same order, and the first word on its end counts: completed, or failed.
After a failure each service undoes its own steps, a step when all before it (in the order of the
model) are undone, once. Steps after the one that decides a run are repeated until they succeed;
what goes wrong with them takes nothing back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from cloudsync_chassis import ids
from cloudsync_chassis.context import Context
from cloudsync_chassis.events.consumer import Handle, Subscription
from cloudsync_chassis.events.envelope import Event
from cloudsync_chassis.events.outbox import Outbox
from cloudsync_chassis.logs import logger
from cloudsync_chassis.sagas.late import Late
from cloudsync_chassis.sagas.log import (
    ON_THE_WAY,
    Run,
    SagaLog,
    answered,
    correlation_of,
    has_begun,
    is_news,
    keys_in,
    to_undo,
)
from cloudsync_chassis.sagas.repeats import Repeat, Repeats, is_hopeless, wait
from cloudsync_chassis.sagas.spec import Saga, Step, Undo
from cloudsync_chassis.sagas.words import TOLD, Word, line, tick
from cloudsync_chassis.store.database import Database

Consume = Callable[[Event, Callable[[Context], Awaitable[None]]], Awaitable[None]]
Bury = Callable[[Event, Exception], Awaitable[None]]
"""Lays an event among the dead letters of its topic."""

log = logger("saga")


class Sagas:
    """The sagas in which `service` takes part."""

    def __init__(
        self,
        service: str,
        sagas: Sequence[Saga],
        database: Database,
        outbox: Outbox,
        pause: float = 1.0,
    ) -> None:
        self._service = service
        self._database = database
        self._sagas = {each.name: each for each in sagas}
        self._told_on = {each.topic: each for each in sagas}
        self._outbox = outbox
        self._pause = pause
        self._log = SagaLog()
        self._undo: dict[tuple[str, str], Undo] = {}
        self._handles: dict[str, Handle] = {}
        self._woken = asyncio.Event()
        self._repeats = Repeats()
        self._late = Late(self._sagas, self._log, self._repeats, self._tell)
        self.repeated: Callable[[str, str], None] = lambda saga, step: None
        """Told of each attempt, by saga and step, at what can only be done."""
        self.abandoned: Callable[[str, str], None] = lambda saga, step: None
        """Told of each step, by saga and step, that is a dead letter now."""
        self.bury: Bury | None = None
        self.ended: Callable[[str, str, float], None] = lambda saga, outcome, seconds: None
        self.undid: Callable[[str, str], None] = lambda saga, step: None
        if sagas:
            outbox.observe = self._announced

    def compensate(self, undo: Mapping[tuple[str, str], Undo]) -> None:
        """How to undo steps of this service, by saga and step, where no event asks for it."""
        self._undo.update(undo)

    def subscriptions(self) -> Iterator[Subscription]:
        """The sagas' own topics."""
        for saga in self._sagas.values():
            yield Subscription(saga.topic, TOLD, self._heard)

    def guard(self, subscription: Subscription) -> Subscription:
        """A subscription whose events start or undo steps: once a run, and in order."""
        kind = subscription.type
        concerned = any(
            kind in (step.on, *step.undone_on, *saga.fails_on)
            for saga in self._sagas.values()
            for _, step in self._mine(saga)
        )
        if not concerned:
            return subscription
        self._handles[kind] = subscription.handle

        async def handle(ctx: Context, event: Event) -> None:
            if await self._admit(ctx, event):
                await subscription.handle(ctx, event)
                await self._carried_out(ctx, event)

        return replace(subscription, handle=handle, given_up=self._given_up)

    async def state(self, ctx: Context, saga: str, key: str) -> Run | None:
        """A run by the value of the saga's first key, as this service knows it."""
        wanted = self._sagas[saga]
        probe = Event(
            id=ids.uuid7(),
            type="",
            source="",
            topic="",
            subject=key,
            time=ctx.now,
            organization_id=ctx.principal.organization_id,
            data={wanted.keys[0]: key},
        )
        run = await self._log.identify(ctx, wanted, probe)
        return await self._log.find(ctx, run) if run else None

    async def run(self, consume: Consume) -> None:
        """Watch time-outs and undo what is to be undone, until cancelled.

        Both are rows, so a restart forgets none. A compensation that fails is tried again at the
        next look and holds no other run up.
        """
        while True:
            self._woken.clear()
            try:
                await self.watch(consume)
            except Exception as error:
                log.warning("saga_watch_failed", error=str(error))
            try:
                async with asyncio.timeout(self._pause):
                    await self._woken.wait()
            except TimeoutError:
                continue

    async def watch(self, consume: Consume) -> None:
        """Tell of what is out of time; do again what must be done; undo, of runs that fail, the
        steps whose turn it is.
        """
        if await self._log.any_late(self._database):
            await consume(tick(self._service, None), self._late.tell)
        for each in await self._repeats.due(self._database):
            await self._try_again(consume, each)
        for run in await self._log.failing(self._database):
            saga = self._sagas.get(run.saga)
            if saga is None:
                continue
            try:
                await consume(
                    tick(self._service, run.organization),
                    partial(self._go_back, saga=saga, identity=run.id),
                )
            except Exception as error:
                log.error("compensation_failed", saga=run.saga, run=str(run.id), error=str(error))

    async def _try_again(self, consume: Consume, repeat: Repeat) -> None:
        """Whatever goes wrong, the step is kept and its next attempt is later."""
        asked = tick(self._service, repeat.event.organization_id)
        try:
            await consume(asked, partial(self._repeat, repeat))
        except Exception as error:
            log.error("saga_step_failed_again", run=str(repeat.run), step=repeat.step, error=error)
            await consume(replace(asked, id=ids.uuid7()), partial(self._put_off, repeat))

    async def _repeat(self, repeat: Repeat, ctx: Context) -> None:
        saga, event = self._sagas.get(repeat.saga), repeat.event
        handle = self._handles.get(event.type)
        run = await self._log.get(ctx, repeat.run)
        wanted = run.state in ON_THE_WAY and run.of(repeat.step).state == "started"
        if saga is None or handle is None or not wanted:
            await self._repeats.forget(ctx, run.id, repeat.step)
            return
        open_still = run.state == "running" and not saga.is_decided(run.done)
        if open_still and repeat.step <= saga.pivot:
            # it is late, and so the run fails unless it is decided meanwhile
            await self._put_off(repeat, ctx)
            return
        if self.bury is not None and is_hopeless(repeat, run, ctx.now):
            await self._abandon(ctx, saga, repeat, self.bury)
            return
        log.error("saga_step_repeated", saga=saga.name, run=str(run.id), step=repeat.step)
        self.repeated(saga.name, saga.steps[repeat.step].name)
        await self._put_off(repeat, ctx)
        await handle(replace(ctx, cause=event), event)
        await self._carried_out(ctx, event)

    async def _abandon(self, ctx: Context, saga: Saga, repeat: Repeat, bury: Bury) -> None:
        """Leave a step to a person: replayed, its event begins it again."""
        step = saga.steps[repeat.step].name
        await bury(repeat.event, StepAbandonedError(step))
        await self._log.note(ctx, repeat.run, repeat.step, state="failed")
        await self._repeats.forget(ctx, repeat.run, repeat.step)
        log.error("saga_step_abandoned", saga=saga.name, run=str(repeat.run), step=step)
        ctx.unit.after_commit(partial(self.abandoned, saga.name, step))

    async def _put_off(self, repeat: Repeat, ctx: Context) -> None:
        due = ctx.now + wait(self._pause, repeat.attempts + 1)
        await self._repeats.later(ctx, repeat, due)

    async def _admit(self, ctx: Context, event: Event) -> bool:
        """Whether the event's handler is to run now; starts what it starts."""
        admitted = True
        for saga in self._sagas.values():
            starting = [(at, step) for at, step in self._mine(saga) if step.on == event.type]
            undoing = [(at, step) for at, step in self._mine(saga) if event.type in step.undone_on]
            failing = event.type in saga.fails_on
            identity = await self._log.identify(ctx, saga, event)
            if identity is None or not (starting or undoing or failing):
                continue
            run = await self._log.open(ctx, saga, identity, event, keys_in(saga, event))
            if run.state == "completed" or (run.state == "undone" and not undoing):
                late = event.correlation == correlation_of(saga, run.id) and run.state == "undone"
                admitted = admitted and not (late and starting)
                continue
            if starting:
                admitted = await self._start(ctx, saga, run, starting, event) and admitted
            if failing and run.open:
                await self._tell(ctx, saga, run.id, "failed", reason=event.type)
            asked = [
                (at, step)
                for at, step in undoing
                if failing or run.state != "running" or run.of(at).state != "untouched"
            ]
            if asked and not starting:
                stands = run.state == "running" and saga.is_decided(run.done) and not failing
                admitted = admitted and stands
                await self._askto_undo(ctx, saga, run, [at for at, _ in asked], event, stands)
        return admitted

    async def _start(
        self,
        ctx: Context,
        saga: Saga,
        run: Run,
        steps: Sequence[tuple[int, Step]],
        event: Event,
    ) -> bool:
        """Note the start of steps; False if there is no going on, or they have begun already and
        cannot be repeated.
        """
        if run.state != "running":
            return False
        if any(has_begun(saga, run, at) for at, _ in steps):
            return all(step.repeatable for _, step in steps)
        for at, step in steps:
            await self._begin(ctx, saga, run, at, event, timedelta(seconds=step.timeout))
        return True

    async def _begin(
        self, ctx: Context, saga: Saga, run: Run, at: int, event: Event, within: timedelta
    ) -> None:
        """Past the pivot a step that is late is done again, before it the run goes back, unless it
        is decided by then.
        """
        final, due = at > saga.pivot, ctx.now + within
        await self._log.start(ctx, saga, run.id, at, event, None if final else due)
        await self._repeats.keep(ctx, run.id, at, event, due if final else run.deadline_at)

    async def _carried_out(self, ctx: Context, event: Event) -> None:
        """Steps that announce nothing, or may, are done once their handler has returned."""
        for saga in self._sagas.values():
            steps = [
                (at, step)
                for at, step in self._mine(saga)
                if step.on == event.type and (step.optional or not step.outcomes)
            ]
            identity = await self._log.identify(ctx, saga, event) if steps else None
            if identity is None:
                continue
            run = await self._log.open(ctx, saga, identity, event, {})
            for at, step in steps:
                if run.of(at).state != "started":
                    continue
                await self._done(ctx, saga, run, at, keys_in(saga, event))
                if saga.completes_on in step.outcomes and run.open and not saga.awaited:
                    await self._tell(ctx, saga, run.id, "completed")

    async def _announced(self, ctx: Context, event: Event) -> Event:
        """What this service announces may begin, advance, complete or fail a run."""
        if event.type == TOLD:
            return event
        for saga in self._sagas.values():
            mine = [(at, step) for at, step in self._mine(saga) if event.type in step.outcomes]
            ends = event.type == saga.completes_on or event.type in saga.fails_on
            if not (mine or ends or event.type == saga.trigger):
                continue
            found = event
            begins = event.type == saga.trigger
            if event.correlation is None and ctx.cause is not None and not begins:
                found = replace(event, correlation=ctx.cause.correlation)
                if found.correlation is None:
                    identity = await self._log.identify(ctx, saga, ctx.cause)
                    told = correlation_of(saga, identity) if identity else None
                    found = replace(event, correlation=told)
            identity = await self._log.identify(ctx, saga, found)
            if identity is None:
                continue
            if not begins and await self._is_over(ctx, identity, [at for at, _ in mine]):
                # what comes after the end is a fact like any other
                event = replace(event, correlation=correlation_of(saga, None))
                continue
            event = replace(event, correlation=correlation_of(saga, identity))
            await self._advance_by(ctx, saga, identity, event, [at for at, _ in mine])
        return event

    async def _is_over(self, ctx: Context, identity: UUID, steps: Sequence[int]) -> bool:
        """Whether a run has ended and waits for the outcome of none of these steps."""
        run = await self._log.find(ctx, identity)
        if run is None or run.open:
            return False
        return not any(run.of(at).state in ("started", "recalled") for at in steps)

    async def _advance_by(
        self, ctx: Context, saga: Saga, identity: UUID, event: Event, steps: Sequence[int]
    ) -> None:
        keys = keys_in(saga, event)
        run = await self._log.open(ctx, saga, identity, event, keys)
        if run.open and event.type == saga.trigger:
            await self._tell(ctx, saga, run.id, "started", keys=keys)
        if run.open and event.type in saga.fails_on:
            for at, row in run.steps.items():
                if row.state == "started" and saga.steps[at].service == self._service:
                    await self._log.note(ctx, run.id, at, state="failed", due_at=None)
            await self._tell(ctx, saga, run.id, "failed", reason=event.type)
            return
        for at in steps:
            if run.of(at).state in ("untouched", "started"):
                data = run.of(at).data or event.data
                await self._log.note(ctx, run.id, at, data=dict(data))
                await self._done(ctx, saga, run, at, keys)
            elif run.of(at).state == "recalled":
                # its work came through after all, so it is to be undone once more
                await self._log.note(ctx, run.id, at, data=dict(event.data), undo_event=None)
                await self._done(ctx, saga, run, at, keys)
        if run.open and event.type == saga.completes_on and not saga.awaited:
            await self._tell(ctx, saga, run.id, "completed")

    async def _done(
        self, ctx: Context, saga: Saga, run: Run, at: int, keys: Mapping[str, str]
    ) -> None:
        await self._log.note(ctx, run.id, at, state="done", due_at=None)
        await self._repeats.forget(ctx, run.id, at)
        await self._tell(ctx, saga, run.id, "done", step=at, keys=keys)
        await self._complete(ctx, saga, run.id, at)

    async def _complete(self, ctx: Context, saga: Saga, identity: UUID, at: int) -> None:
        """Step `at` is done: tell that the run is complete if it waited for that one alone. The
        service of the first of those steps says so, and nobody else.
        """
        if at not in saga.awaited or saga.steps[saga.awaited[0]].service != self._service:
            return
        run = await self._log.get(ctx, identity)
        if run.state == "running" and all(run.of(each).state == "done" for each in saga.awaited):
            await self._tell(ctx, saga, identity, "completed")

    async def _given_up(self, ctx: Context, event: Event) -> bool:
        """A step that could not be carried out fails the run; past the pivot it is done again."""
        kept = False
        for saga in self._sagas.values():
            steps = [(at, step) for at, step in self._mine(saga) if step.on == event.type]
            identity = await self._log.identify(ctx, saga, event) if steps else None
            if identity is None:
                continue
            run = await self._log.open(ctx, saga, identity, event, keys_in(saga, event))
            for at, step in steps:
                if run.of(at).state != "untouched":
                    continue
                if run.state == "completed" or (at > saga.pivot and run.state in ON_THE_WAY):
                    await self._begin(ctx, saga, run, at, event, wait(self._pause, 0))
                    kept = True
                elif run.open:
                    await self._log.note(ctx, run.id, at, state="failed", data=dict(event.data))
                    await self._repeats.keep(ctx, run.id, at, event, run.deadline_at)
                    await self._tell(ctx, saga, run.id, "failed", step=at, reason=step.name)
        return kept

    async def _tell(self, ctx: Context, saga: Saga, run: UUID, word: Word, **more: Any) -> None:
        """One line of the saga's log, with this transaction."""
        await self._outbox.append(ctx, run, line(ctx, self._service, saga, run, word, more))

    async def _heard(self, ctx: Context, event: Event) -> None:
        """A line of the log: the same for everybody, in the same order."""
        saga = self._told_on[event.topic]
        told = event.data
        identity = UUID(event.subject)
        run = await self._log.open(ctx, saga, identity, event, told.get("keys", {}))
        word, at = told["word"], told.get("step", -1)
        mine = at >= 0 and saga.steps[at].service == self._service
        if word in ("done", "undone") and is_news(run, at, event, mine):
            await self._log.note(ctx, run.id, at, state=word, due_at=None)
            if word == "done" and not mine:
                await self._complete(ctx, saga, run.id, at)
        if word == "completed" and run.state == "running":
            await self._log.move(ctx, run.id, "completed")
            self._tell_end(ctx, saga, run, "completed")
        elif word == "failed" and run.state in ON_THE_WAY:
            await self._fail(ctx, saga, run, event)
        elif run.state == "stuck" or (word == "done" and run.state == "undone"):
            # it was under way when the others went back
            await self._log.move(ctx, run.id, "failing")
        ctx.unit.after_commit(self._woken.set)

    async def _fail(self, ctx: Context, saga: Saga, run: Run, event: Event) -> None:
        """Once it is decided, only an event that the model names takes a run back, or all is done;
        and what goes wrong past the pivot does not, whether it is decided yet or not.
        """
        told = event.data
        at = told.get("step", -1)
        past = at > saga.pivot or saga.is_decided(run.done)
        if run.state == "running" and (not past or told["reason"] in saga.fails_on):
            await self._log.move(ctx, run.id, "failing", told["reason"])
            log.warning("saga_failing", saga=saga.name, run=str(run.id), reason=told["reason"])
            return
        log.error("saga_step_late", saga=saga.name, run=str(run.id), reason=told["reason"])
        if run.of(at).state in ("failed", "started") and saga.steps[at].service == self._service:
            await self._log.note(ctx, run.id, at, state="started")
            await self._repeats.hurry(ctx, run.id, at)
        if at < 0 and event.source == f"/{self._service}":
            await self._handle_all_the_same(ctx, run, told["reason"])

    async def _handle_all_the_same(self, ctx: Context, run: Run, kind: str) -> None:
        """What asked for compensations of a run that was decided by then is a fact like others."""
        kept = [row.undo_event for row in run.steps.values() if row.undo_event and not row.undone]
        asking = {each.id: each for each in map(Event.from_json, kept) if each.type == kind}
        for each in asking.values():
            await self._handles[kind](replace(ctx, cause=each), each)

    async def _askto_undo(
        self, ctx: Context, saga: Saga, run: Run, steps: Sequence[int], event: Event, stands: bool
    ) -> None:
        """Keep what asks for compensations until their turn; a run that stands does not go back."""
        for at in steps:
            # as long as nothing goes back, a later word may be the one that the model lets fail
            fresh = run.of(at).undo_event is None or run.state == "running"
            if not run.of(at).undone and fresh:
                await self._log.note(ctx, run.id, at, undo_event=event.to_json())
                if run.state in ("undone", "stuck"):
                    # the others were back already when this one was asked
                    await self._log.move(ctx, run.id, "failing")
        if run.state == "running" and not stands:
            await self._tell(ctx, saga, run.id, "failed", reason=event.type)
        ctx.unit.after_commit(self._woken.set)

    async def _go_back(self, ctx: Context, saga: Saga, identity: UUID) -> None:
        """Undo what is next, as long as that is a step of this service."""
        while True:
            run = await self._log.get(ctx, identity)
            if run.state != "failing":
                return
            at = next((at for at in range(len(saga.steps)) if to_undo(saga, run, at)), None)
            if at is None:
                await self._log.move(ctx, run.id, "undone")
                self._tell_end(ctx, saga, run, "undone")
                return
            if saga.steps[at].service != self._service:
                return
            if not await self._undone(ctx, saga, run, at):
                return
            waited = run.of(at).state == "started" and saga.steps[at].outcomes
            state = "recalled" if waited else "undone"
            await self._log.note(ctx, run.id, at, state=state, due_at=None)
            await self._tell(ctx, saga, run.id, "undone", step=at)
            ctx.unit.after_commit(partial(self.undid, saga.name, saga.steps[at].name))

    def _tell_end(self, ctx: Context, saga: Saga, run: Run, outcome: str) -> None:
        seconds = max(0.0, (ctx.now - run.started_at).total_seconds())
        ctx.unit.after_commit(partial(self.ended, saga.name, outcome, seconds))

    async def _undone(self, ctx: Context, saga: Saga, run: Run, at: int) -> bool:
        """Whether the compensation could be carried out, by the event that asks for it or alone."""
        step, row = saga.steps[at], run.of(at)
        if row.undo_event is not None:
            event = Event.from_json(row.undo_event)
            if any(answered(each, event) for each in run.steps.values()):
                # one handler undoes all the steps that its event asks for
                return True
            await self._handles[event.type](replace(ctx, cause=event), event)
            return True
        undo = self._undo.get((saga.name, step.name))
        if undo is None:
            log.warning("saga_waits_for_event", saga=saga.name, run=str(run.id), step=step.name)
            return False
        await undo(ctx, row.data)
        return True

    def _mine(self, saga: Saga) -> Iterator[tuple[int, Step]]:
        return ((at, each) for at, each in enumerate(saga.steps) if each.service == self._service)


class StepAbandonedError(Exception):
    """A step past the pivot that was tried often enough, beyond its run's deadline."""
