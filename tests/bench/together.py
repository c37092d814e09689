"""All services of this repository at once, as `up` runs them: how long, how much, and at rest."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from threading import Event

from bench.measure import cpu_of, memory_of, others
from cloudsync_gen.cli._look import opened
from cloudsync_gen.cli._system import System
from cloudsync_gen.live.supervisor import State, Supervisor
from cloudsync_gen.model.layers.application import Service

REST = 20.0
"""Seconds in which nobody asks anything of them."""

_MB = 1 << 20


def table(root: Path) -> Iterator[str]:
    """Lines: seconds until all are ready, processors and memory, and what they use at rest."""
    look = opened(str(root))
    if isinstance(look, int):
        sys.exit("the model cannot be read")
    with ExitStack() as stack:
        state = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        system = System(stack, look, look.model.all(Service), state)
        supervisor = Supervisor(system.members, state, about_to_listen=system.ports.hand_over)
        stack.callback(supervisor.stop)
        yield from _measured(supervisor)


def _measured(supervisor: Supervisor) -> Iterator[str]:
    began = time.perf_counter()
    with others(lambda: sum(map(cpu_of, _pids(supervisor)))) as share:
        supervisor.settle(Event())
        took, shared = time.perf_counter() - began, share()
    pids = _pids(supervisor)
    ready = [each for each in supervisor.all.values() if each.state is State.READY]
    started = sum(map(cpu_of, pids))
    resident, own = (sum(memory_of(pid, kind) for pid in pids) / _MB for kind in ("Rss", "Pss"))
    time.sleep(REST)
    rest = (sum(map(cpu_of, pids)) - started) / REST
    yield f"\nup: {len(ready)} of {len(supervisor.all)} services are ready after {took:.1f} s"
    yield f"  {started:.1f} s of processors, others used {shared:.0%} of the machine"
    slowest = max(ready, key=lambda each: each.seconds)
    yield f"  slowest {slowest.member.name}, {slowest.seconds:.1f} s"
    yield f"  memory {resident:.0f} MB resident, {own:.0f} MB with what is shared counted once"
    yield f"  at rest {rest:.2f} of a processor, {rest / len(pids) * 1e3:.1f} thousandths a service"


def _pids(supervisor: Supervisor) -> list[int]:
    return [each.pid for each in supervisor.all.values() if each.pid is not None]
