"""Media nodes: the machines through which pictures and sound flow, and what they tell of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from uuid import UUID

from cloudsync_chassis import files
from cloudsync_chassis.aggregate.engine import Aggregate
from cloudsync_chassis.context import Context
from cloudsync_chassis.ids import PLATFORM

from . import memory

NEAREST = {
    "usEast1": "usWest2",
    "usWest2": "usEast1",
    "apSoutheast1": "usWest2",
}
"""Where rooms go that a region has no place for. Calls of euWest1 stay in the EU, so they go
nowhere (constraint EU data residency)."""

_DOMAINS = {
    "usEast1": "us-east-1",
    "usWest2": "us-west-2",
    "euWest1": "eu-west-1",
    "apSoutheast1": "ap-southeast-1",
}


@dataclass(frozen=True, slots=True)
class Departure:
    """A connection ended; `score` is the node's estimate on the scale of ITU-T P.800, 1 to 5."""

    participant_id: UUID
    score: float | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What a node has to tell of a room since it was asked last."""

    connected: tuple[UUID, ...] = ()
    departed: tuple[Departure, ...] = ()


class MediaNodes(Protocol):
    """All media nodes. What it does may be repeated without harm, but for taking and freeing."""

    async def place(
        self, ctx: Context, region: str, seats: int, overflow: float
    ) -> tuple[str, str] | None:
        """Take seats on a node of the region, or of the nearest other one where the region's load
        with them would be above `overflow` (0 to 1); the region and the node's host name.
        """
        ...

    async def free(self, ctx: Context, node: str, seats: int) -> None:
        """Give seats back."""
        ...

    async def report(self, node: str, awaited: Sequence[UUID], inside: Sequence[UUID]) -> Report:
        """What happened to participants who may come and to those who are in."""
        ...

    async def expel(self, node: str, participant_id: UUID) -> None:
        """Cut the connection; the participant's token is worthless from now on."""
        ...


class LoopbackNodes:
    """Nodes without media: whoever is let in is connected, and leaves by a file.

    `<folder>/<participant>.left` says that a line is gone; it holds the score, or nothing.
    """

    def __init__(
        self, nodes: Aggregate[memory.Node], folder: Path, per_region: int = 2, seats: int = 5_000
    ) -> None:
        self._nodes = nodes
        self._folder = folder
        self._per_region = per_region
        self.seats = seats

    async def place(
        self, ctx: Context, region: str, seats: int, overflow: float
    ) -> tuple[str, str] | None:
        """See `MediaNodes.place`."""
        inside = ctx.within(PLATFORM)
        choices = [region, *([NEAREST[region]] if region in NEAREST else [])]
        loads = {each: await self._load(inside, each, seats) for each in choices}
        kept = sorted(choices, key=lambda each: loads[each] > overflow)
        for each in kept:
            name = await self._take(inside, each, seats)
            if name is not None:
                return each, name
        return None

    async def free(self, ctx: Context, node: str, seats: int) -> None:
        """See `MediaNodes.free`."""
        inside = ctx.within(PLATFORM)
        known = await self._nodes.find(inside, name=node)
        if known is not None:
            await self._nodes.rewrite(inside, known, {"taken": max(0, known.taken - seats)})

    async def report(self, node: str, awaited: Sequence[UUID], inside: Sequence[UUID]) -> Report:
        """See `MediaNodes.report`."""
        gone = [each for each in (*awaited, *inside) if self._note(each).is_file()]
        return Report(
            tuple(each for each in awaited if each not in gone),
            tuple(Departure(each, self._score(each)) for each in inside if each in gone),
        )

    async def expel(self, node: str, participant_id: UUID) -> None:
        """See `MediaNodes.expel`."""
        self._note(participant_id).unlink(missing_ok=True)

    def hang_up(self, participant_id: UUID, score: float | None = None) -> None:
        """Let a line break, as whoever writes the file does."""
        files.replace(self._note(participant_id), str(score or "").encode())

    def _note(self, participant_id: UUID) -> Path:
        return self._folder / f"{participant_id}.left"

    def _score(self, participant_id: UUID) -> float | None:
        try:
            score = float(self._note(participant_id).read_text())
        except ValueError:
            return None
        return score if 1 <= score <= 5 else None

    async def _load(self, ctx: Context, region: str, seats: int) -> float:
        """The load of a region, 0 to 1, once it had taken so many seats more."""
        taken = sum([each.taken async for each in self._nodes.each(ctx, region=region)])
        return (taken + seats) / (self._per_region * self.seats)

    async def _take(self, ctx: Context, region: str, seats: int) -> str | None:
        """Seats on the emptiest node that has as many, or on one that took none so far."""
        known = {each.name: each async for each in self._nodes.each(ctx, region=region)}
        domain = f"media.{_DOMAINS[region]}.cloudsync.example"
        names = [f"n{number}.{domain}" for number in range(1, self._per_region + 1)]
        name = min(names, key=lambda each: known[each].taken if each in known else 0)
        node = known.get(name)
        taken = (node.taken if node is not None else 0) + seats
        if taken > self.seats:
            return None
        if node is None:
            await self._nodes.insert(ctx, {"name": name, "region": region, "taken": taken})
        else:
            await self._nodes.rewrite(ctx, node, {"taken": taken})
        return name
