"""How a generated service does beside one written by hand: requests, start, memory, capacity."""

from __future__ import annotations

import platform
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from bench.measure import others
from bench.serving import capacity, load, rounds, sides
from bench.serving.rounds import Against, Figure, Measured, Side
from bench.serving.servers import Server, Weight

OPERATIONS = ("get", "list", "create")
LEAST, SLOWEST, HEAVIEST = 0.9, 0.1, 1.3
"""Of the other's throughput with the same around each request; seconds of the slowest twentieth at
half of the most; times the other's start and memory.
"""

_STARTS = 5
_NOBODY = 9
"""A port at which nobody answers: none is asked for."""
_GUARDED = "by hand, the same duties"
_BARE = "by hand, as written first"
HEAD = (
    f"\n{'requests':<12}{'a second (us cpu)':>20}  {'against':<30}{'a second (us cpu)':>20}"
    f"{'ratio (cpu)':>15}{'budget':>8}{'others':>8}"
)


def table() -> Iterator[str]:
    """Lines, each as soon as it is known."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        root = Path(folder)
        yield from _ceiling(root)
        # its processor's seconds are nobody's
        search = stack.enter_context(sides.started(sides.finder(root / "search"))).port
        ours = stack.enter_context(sides.started(sides.generated(root / "ours", search)))
        keys = sides.keys_of(ours)
        guarded = stack.enter_context(sides.started(sides.plain(root / "guarded", keys, search)))
        bare = stack.enter_context(sides.started(sides.plain(root / "bare", None, search)))
        both: list[Side] = [(each, sides.begun(each, keys)) for each in (ours, guarded, bare)]
        idle = [each.settle() for each, _ in both]
        yield HEAD
        found: dict[str, Figure] = {}
        for name in OPERATIONS:
            measured = rounds.turn_by_turn(name, both[0], both[1:])
            found[name] = measured.against[0].ours
            yield from _lines(name, measured)
            ours.settle()
        yield f"\nWhen nobody asks it takes {idle[0]:.1%} of a processor, the others {idle[1]:.1%}."
        yield from _patience(both[0], found)
    yield from _weights()
    yield ""
    yield from _capacity(found)


def _ceiling(root: Path) -> Iterator[str]:
    """What server and generator exchange where nothing is to be done."""
    with sides.started(sides.trivial(root / "nothing")) as server:
        requests = (load.Request("GET", "/"),)
        told = server.ask(load.Run(server.port, requests, rounds.CONNECTIONS, rounds.SECONDS))
    yield f"\nAt most {told.rate:,.0f} requests a second: what does nothing, by the same generator."


def _lines(name: str, measured: Measured) -> Iterator[str]:
    for title, budget, each in zip((_GUARDED, _BARE), (LEAST, None), measured.against, strict=True):
        yield _line(name, title, budget, each, measured.share)


def _line(name: str, title: str, budget: float | None, found: Against, share: float) -> str:
    verdict = "" if budget is None else "  ok" if found.rate >= budget else "  UNDER"
    ours, theirs = found.ours, found.theirs
    return (
        f"{name:<12}{ours.rate:>10.0f} ({ours.cpu * 1e6:>7.0f})"
        f"  {title:<30}{theirs.rate:>10.0f} ({theirs.cpu * 1e6:>7.0f})"
        f"{found.rate:>8.2f} ({1 / found.cpu:.2f})"
        f"{'-' if budget is None else f'{budget:.2f}':>8}{share:>8.0%}{verdict}"
    )


def _patience(ours: Side, found: dict[str, Figure]) -> Iterator[str]:
    """At half of what it can, each operation by itself."""
    for name, most in found.items():
        runs = [rounds.run(name, ours, most.rate / 2) for _ in range(rounds.ROUNDS)]
        p95 = median(each.p95 for each in runs)
        verdict = "ok" if p95 <= SLOWEST else "OVER"
        yield (
            f"{name}: p95 {p95 * 1e3:.1f} ms at {most.rate / 2:.0f} a second"
            f" (budget {SLOWEST * 1e3:.0f} ms)  {verdict}"
        )
        ours[0].settle()


def _weights() -> Iterator[str]:
    """From process to ready, with the folders of an earlier start."""
    ours: list[Weight] = []
    theirs: list[Weight] = []
    with tempfile.TemporaryDirectory() as folder, others() as share:
        root = Path(folder)
        for start in range(_STARTS + 1):
            ours_now = _weight(sides.generated(root / "ours", _NOBODY))
            pair = ours_now, _weight(sides.plain(root / "bare", None, _NOBODY))
            if start:
                ours.append(pair[0])
                theirs.append(pair[1])
        yield (
            f"\n{'start, memory':<20}{'ours':>10}{'bare':>10}{'ratio':>8}{'budget':>8}"
            f"{share():>8.0%} others"
        )
    for title, unit, read in (
        ("ready after ms", 1e3, lambda each: each.seconds),
        ("processors' ms", 1e3, lambda each: each.cpu),
        ("resident MB", 1e-6, lambda each: each.resident),
        ("proportional MB", 1e-6, lambda each: each.proportional),
    ):
        mine, bare = median(map(read, ours)), median(map(read, theirs))
        if bare:
            verdict = "ok" if mine <= bare * HEAVIEST else "OVER"
            yield (
                f"{title:<20}{mine * unit:>10.0f}{bare * unit:>10.0f}{mine / bare:>8.2f}"
                f"{HEAVIEST:>8.2f}  {verdict}"
            )


def _weight(server: Server) -> Weight:
    with sides.started(server):
        return server.weight


def _capacity(found: dict[str, Figure]) -> Iterator[str]:
    model = sides.ROOT / "model"
    seconds = {name: each.cpu for name, each in found.items()}
    python = platform.python_version()
    yield f"Measured on {platform.machine()}, {platform.system()}, Python {python}."
    yield ""
    yield from capacity.sheet(capacity.placed(model, "document-service"), seconds)
