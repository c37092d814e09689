"""How time and memory grow with the number of services, on synthetic models."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from bench.measure import Spent
from bench.synthetic import write
from bench.tree import Tree

SMALL, LARGE = (10, 30, 100), (10, 30, 100, 300, 1000)
WITHIN = 1.1
"""Time per service may grow by so much from the second size on."""

MOST = 1 << 30
"""Bytes that the largest process may have."""

COLUMNS = ("check, cold", "generate, cold", "fresh clone", "one renamed", "no change")


def measured(count: int) -> dict[str, Spent]:
    """What each command spends on a model of so many services."""
    with tempfile.TemporaryDirectory() as folder:
        tree = Tree(Path(folder), partial(write, count))
        check = tree.checked_cold()()
        cold = tree.cold()()
        tree.prepare()
        found = {
            "check, cold": check,
            "generate, cold": cold,
            "no change": tree.tool("generate", "--check")(),
            "one renamed": tree.renamed("generate")(),
        }
        return found | {"fresh clone": tree.cloned()()}


def table(sizes: tuple[int, ...]) -> Iterator[str]:
    """Lines: milliseconds a service, the processors' in brackets; and the largest process."""
    yield f"\n{'services':<10}" + "".join(f"{each:>20}" for each in COLUMNS) + f"{'peak MB':>10}"
    first: dict[str, float] = {}
    for count in sizes:
        found = measured(count)
        each = {name: spent.cpu / count for name, spent in found.items()}
        if len(first) == 0 and count >= SMALL[1]:
            first = each
        cells = "".join(
            f"{found[c].seconds / count * 1e3:>11.1f} ({each[c] * 1e3:>5.1f})" for c in COLUMNS
        )
        peak = max(spent.peak for spent in found.values())
        over = [name for name in COLUMNS[:3] if first and each[name] > first[name] * WITHIN]
        over += ["memory"] if peak > MOST else []
        said = f"OVER: {', '.join(over)}" if over else "ok"
        yield f"{count:<10}{cells}{peak / (1 << 20):>10.0f}  {said}"
    yield "milliseconds a service (of processors); budget: constant within 10 % from 30 on, < 1 GB"
