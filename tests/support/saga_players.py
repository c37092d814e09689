"""Services that do nothing but their steps of one saga, with the chassis' own runner and tables."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from cloudsync_chassis.context import Context
from cloudsync_chassis.events.bus import InProcessBus
from cloudsync_chassis.events.consumer import Subscription
from cloudsync_chassis.events.envelope import Event
from cloudsync_chassis.ids import uuid7
from cloudsync_chassis.problem import NOT_FOUND
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.sagas.log import Run
from cloudsync_chassis.sagas.spec import Saga, Step, Undo
from cloudsync_chassis.service import ServiceSpec
from cloudsync_chassis.settings import Settings
from cloudsync_chassis.testing import isolated

SILENT = -1


@dataclass
class Play:
    """One run: who takes part, what goes wrong, and what was done and undone, as it committed.

    `troubles`: step → how often it fails before it succeeds, `SILENT` for a step that never says
    that it is done.
    """

    sagas: Mapping[str, Saga]
    troubles: dict[str, int] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)
    undone: list[str] = field(default_factory=list)
    tenant: UUID = field(default_factory=uuid7)
    key: str = field(default_factory=lambda: str(uuid7()))

    @property
    def saga(self) -> Saga:
        return next(iter(self.sagas.values()))

    def event(self, kind: str) -> Event:
        keys = dict.fromkeys(self.saga.keys, self.key)
        return Event(
            id=uuid7(),
            type=kind,
            source="/play",
            topic=f"play.{kind}",
            subject=self.key,
            time=datetime.now(UTC),
            organization_id=self.tenant,
            data=keys,
        )


class Player:
    """One service of a play."""

    def __init__(self, name: str, play: Play, state: Path, bus: InProcessBus) -> None:
        self.play, self.saga = play, play.sagas[name]
        self.steps = [each for each in self.saga.steps if each.service == name]
        self.mine: list[str] = []
        self.runtime = Runtime(
            ServiceSpec(name=name, access={}, tables=sa.MetaData(), sagas=(self.saga,)),
            Settings(**isolated(state)),
        )
        self.runtime.sagas._pause = 0.05
        self.runtime.bus = self.runtime.relay._bus = bus
        starts = {each.on for each in self.steps if each.on}
        asks = {kind for each in self.steps for kind in each.undone_on}
        assert not starts & asks, "an event starts what it undoes"
        self.runtime.subscribe(
            [Subscription(f"play.{kind}", kind, self._begin) for kind in sorted(starts)]
            + [Subscription(f"play.{kind}", kind, self._asked) for kind in sorted(asks)]
        )
        undo = {(self.saga.name, each.name): self._alone(each) for each in self.steps}
        self.runtime.sagas.compensate(undo)

    async def announce(self, kind: str) -> None:
        """Tell of something that happened here."""
        tick = self.play.event("")
        await self.runtime.executor.consume(tick, lambda ctx: self._announce(ctx, kind))

    async def perform(self, step: Step) -> None:
        """A step that no event starts."""
        await self.runtime.executor.consume(self.play.event(""), lambda ctx: self._do(ctx, step))

    async def run(self) -> Run | None:
        found: list[Run | None] = []

        async def look(ctx: Context) -> None:
            found.append(await self.runtime.sagas.state(ctx, self.saga.name, self.play.key))

        await self.runtime.executor.consume(self.play.event(""), look)
        return found[0]

    async def _begin(self, ctx: Context, event: Event) -> None:
        for step in self.steps:
            if step.on == event.type:
                await self._do(ctx, step)

    async def _do(self, ctx: Context, step: Step) -> None:
        left = self.play.troubles.get(step.name, 0)
        if left > 0:
            # whatever runs beside it has come to an end by then
            await asyncio.sleep(0.4)
            self.play.troubles[step.name] = left - 1
            raise NOT_FOUND(f"{step.name} has come upon something")
        ctx.unit.after_commit(lambda: self._note(step))
        for kind in step.outcomes if left != SILENT else ():
            await self._announce(ctx, kind)

    def _note(self, step: Step) -> None:
        self.mine.append(step.name)
        self.play.done.append(step.name)

    async def _announce(self, ctx: Context, kind: str) -> None:
        told = replace(self.play.event(kind), time=ctx.now)
        await self.runtime.outbox.append(ctx, UUID(self.play.key), told)

    async def _asked(self, ctx: Context, event: Event) -> None:
        """One handler undoes all that its event asks for."""
        for step in self.steps:
            if event.type in step.undone_on and step.name in self.mine:
                ctx.unit.after_commit(partial(self.play.undone.append, step.name))

    def _alone(self, step: Step) -> Undo:
        async def undo(ctx: Context, data: Mapping[str, Any]) -> None:
            assert data.keys() & set(self.saga.keys)
            ctx.unit.after_commit(lambda: self.play.undone.append(step.name))

        return undo


@asynccontextmanager
async def players(play: Play, state: Path) -> AsyncIterator[dict[str, Player]]:
    """All who take part, running, on one bus."""
    bus = InProcessBus()
    made = {name: Player(name, play, state / name, bus) for name in sorted(play.sagas)}
    for each in made.values():
        await each.runtime.start()
    try:
        yield made
    finally:
        for each in made.values():
            await each.runtime.stop()


async def begin(play: Play, cast: Mapping[str, Player], trigger: str) -> None:
    """Set the saga off, and do the steps that no event starts when their time has come.

    `trigger`: the service that announces the first event. A step without an event whose turn never
    comes is left out when the run goes back.
    """
    first = play.saga.steps[0]
    own = cast[first.service]
    if any(play.saga.trigger in each.outcomes for each in own.steps if each.name == first.name):
        await own.perform(next(each for each in own.steps if each.name == first.name))
    else:
        await cast[trigger].announce(play.saga.trigger)
    for at, step in enumerate(play.saga.steps):
        player = cast[step.service]
        mine = next(each for each in player.steps if each.name == step.name)
        if mine.on or mine.name in play.done or play.troubles.get(mine.name):
            continue
        while {each.name for each in play.saga.steps[:at]} - set(play.done):
            run = await player.run()
            if run is not None and run.state != "running":
                return
            await asyncio.sleep(0.05)
        await player.perform(mine)


async def ends(cast: Mapping[str, Player], state: str) -> None:
    """All come to the same end."""
    for name, each in cast.items():
        seen = ""
        for _ in range(200):
            run = await each.run()
            seen = run.state if run else "nothing"
            if seen == state:
                break
            await asyncio.sleep(0.1)
        assert seen == state, f"{name} sees it {seen}, not {state}"
