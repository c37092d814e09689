"""What one change costs, of several kinds: a warm run's share of the seconds of a cold full one.

What others do to a machine disturbs processors' seconds least; medians of some rounds count, in
each of which every run is made once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from statistics import median

from bench.measure import Job
from bench.tree import Tree

BUDGET = 0.05
ROUNDS = 3
COMMANDS: Mapping[str, tuple[str, ...]] = {
    "check": ("check",),
    "generate": ("generate",),
    "--check": ("generate", "--check"),
}


def changes(tree: Tree) -> Mapping[str, Callable[..., Job]]:
    """What is changed -> the job that changes it and runs the tool."""
    return {
        "an element's name": tree.renamed,
        "its description": tree.described,
        "an operation's summary": tree.summarised,
        "a schema's prose": tree.schema_described,
        "one more property": tree.property_added,
    }


def table(tree: Tree) -> Iterator[str]:
    """A line for each kind of change, with the share of a cold run that each command takes."""
    jobs = {
        (what, command): change(*arguments)
        for what, change in changes(tree).items()
        for command, arguments in COMMANDS.items()
    }
    full, spent, cold = tree.cold("-j1"), defaultdict[tuple[str, str], list[float]](list), []
    for _ in range(ROUNDS):
        tree.settle()  # the last change of a round leaves a model from which nothing is generated
        cold.append(full().cpu)
        for each, job in jobs.items():
            tree.settle()
            spent[each].append(job().cpu)
    whole = median(cold)
    yield f"\n{'one change, warm':<26}" + "".join(f"{name:>18}" for name in COMMANDS)
    for what in changes(tree):
        yield f"{what:<26}" + "".join(_cell(median(spent[what, e]), whole) for e in COMMANDS)
    yield f"processors' ms, share of a cold full run ({whole:.1f} s); budget {BUDGET:.0%}"


def _cell(seconds: float, whole: float) -> str:
    share = seconds / whole
    return f"{seconds * 1e3:>6.0f} {share:>5.1%} {'ok' if share <= BUDGET else 'OVER':<4}"
