"""Sides measured turn by turn: in each round all get the same seconds of the same requests."""

from __future__ import annotations

import time
from collections.abc import Sequence
from statistics import median

from msgspec import Struct

from bench.measure import others
from bench.serving import load
from bench.serving.servers import Server
from bench.serving.sides import Workload

SECONDS, ROUNDS, CONNECTIONS = 2.0, 5, 16
FOLLOWED = frozenset({"create"})
"""Operations that set something off."""

Side = tuple[Server, Workload]


class Figure(Struct, frozen=True):
    """Of one run: requests a second, seconds of processors for each, its slowest twentieth."""

    rate: float
    cpu: float
    p95: float


class Against(Struct, frozen=True):
    """Medians over the rounds; the ratios are those of the pairs, not of the medians."""

    ours: Figure
    theirs: Figure
    rate: float
    cpu: float


class Measured(Struct, frozen=True):
    """What one operation came to: ours against each of the others, and what those had of the
    machine who are none of them."""

    against: tuple[Against, ...]
    share: float


def turn_by_turn(operation: str, ours: Side, theirs: Sequence[Side]) -> Measured:
    """The processor's seconds are the server's, all of its threads."""
    sides = (ours, *theirs)
    rows: list[list[Figure]] = []
    with others(lambda: sum(server.cpu for server, _ in sides)) as share:
        for _ in range(ROUNDS):
            rows.append([run(operation, side) for side in sides])
        told = share()
    columns = list(zip(*rows, strict=True))
    return Measured(tuple(_against(columns[0], each) for each in columns[1:]), told)


def run(operation: str, side: Side, rate: float = 0.0) -> Figure:
    """One run; at a steady rate, or as fast as the answers come.

    What a request sets off counts for its processor's seconds, also where that is done later.
    """
    server, workload = side
    with server.awake():
        before = server.cpu
        asked = workload.named(operation)
        told = server.ask(load.Run(server.port, asked, CONNECTIONS, SECONDS, rate))
        cpu = server.cpu - before
    if operation in FOLLOWED:
        began = time.perf_counter()
        idle = server.settle()
        cpu = server.cpu - before - idle * (time.perf_counter() - began)
    return Figure(told.rate, cpu / len(told.times), told.quantile(0.95))


def _against(ours: Sequence[Figure], theirs: Sequence[Figure]) -> Against:
    pairs = list(zip(ours, theirs, strict=True))
    return Against(
        middle(ours),
        middle(theirs),
        median(a.rate / b.rate for a, b in pairs),
        median(a.cpu / b.cpu for a, b in pairs),
    )


def middle(figures: Sequence[Figure]) -> Figure:
    """The median of each."""
    return Figure(
        median(each.rate for each in figures),
        median(each.cpu for each in figures),
        median(each.p95 for each in figures),
    )
