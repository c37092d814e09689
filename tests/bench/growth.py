"""How time and memory grow with the number of services, on synthetic models."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from msgspec import Struct

from bench.measure import Job, command
from bench.synthetic import write
from bench.tree import Tree

MB = 1 << 20
SMALL, LARGE = (30, 100), (30, 300, 3000)
WITHIN = 1.1
"""Time per service may grow by so much from the first size on."""

MOST = 1 << 30
"""Bytes that the largest process may have."""

_COLUMNS = ("seconds", "ms each", "(cpu)", "grown", "MB", "MB each")
_LOAD = """
import sys
from pathlib import Path
from cloudsync_gen.engine.cache import Store
from cloudsync_gen.load import load
from cloudsync_gen.pipeline import memory, read_model
assert load(read_model(Path(sys.argv[1])), memory(Store(None))).value
"""


class Size(Struct, frozen=True):
    """What a stage took at one size: seconds of processors, and bytes of the largest process."""

    count: int
    cpu: float
    peak: int


class Stage(Struct, frozen=True):
    """What is asked of a model; `bound` where its time per service has a budget."""

    name: str
    job: Job
    bound: bool


def stages(tree: Tree) -> Iterator[Stage]:
    """In the order in which they are to be done: what is warm was done just before."""
    yield Stage("load", command([sys.executable, "-c", _LOAD, str(tree.root)], tree.root), True)
    yield Stage("check, cold", tree.checked_cold(), True)
    yield Stage("check, warm", tree.tool("check"), False)
    yield Stage("generate, cold, -j1", tree.cold("-j1"), True)
    yield Stage("generate, cold, -j2", tree.cold("-j2"), True)
    tree.prepare()
    yield Stage("--check, warm", tree.tool("generate", "--check"), False)
    yield Stage("one renamed", tree.renamed("generate"), False)
    yield Stage("fresh clone, -j1", tree.cloned("-j1"), True)
    yield Stage("fresh clone, -j2", tree.cloned("-j2"), True)


def table(sizes: tuple[int, ...]) -> Iterator[str]:
    """A line for each size and stage: seconds of the whole, milliseconds a service, those of the
    processors, and the largest process; what a service has added to that since the size before.
    """
    yield f"\n{'services':<10}{'what':<22}" + "".join(f"{name:>9}" for name in _COLUMNS)
    done: dict[str, list[Size]] = {}
    for count in sizes:
        with tempfile.TemporaryDirectory() as folder:
            for stage in stages(Tree(Path(folder), partial(write, count))):
                spent = stage.job()
                of_stage = done.setdefault(stage.name, [])
                of_stage.append(Size(count, spent.cpu, spent.peak))
                yield _line(stage, of_stage, spent.seconds)
    yield (
        f"ms a service, of the clock and of processors; budget: processors' within {WITHIN - 1:.0%}"
        f" from {sizes[0]} services on, no process above {MOST >> 20} MB"
    )


def _line(stage: Stage, sizes: Sequence[Size], seconds: float) -> str:
    first, now = sizes[0], sizes[-1]
    each = now.cpu / now.count
    grown = each / (first.cpu / first.count)
    over = ["time"] if stage.bound and grown > WITHIN else []
    over += ["memory"] if now.peak > MOST else []
    return (
        f"{now.count:<10}{stage.name:<22}{seconds:>9.2f}{seconds / now.count * 1e3:>9.1f}"
        f"{each * 1e3:>9.1f}{grown:>9.2f}"
        f"{now.peak / MB:>9.0f}{added(sizes) / MB:>9.2f}"
        f"  {'OVER: ' + ', '.join(over) if over else 'ok'}"
    )


def added(sizes: Sequence[Size]) -> float:
    """Bytes that a service adds to the largest process, by the last two sizes; 0 by one alone."""
    if len(sizes) < 2:
        return 0.0
    before, now = sizes[-2:]
    return (now.peak - before.peak) / (now.count - before.count)
