"""`make bench`: the budgets of the design as ratios, each pair measured turn by turn in one run.

Rows are timed as whole processes, as a person or a hook would start them. What counts is the least
of some runs: noise of a machine only ever adds. `others` is the share of the machine that other
processes used: above a tenth or so, look at the processors' seconds, and measure again. Services
are compared while they run: `serving` tells their medians. Nothing here decides whether a test
passes.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from msgspec import Struct

from bench import growth, onechange, peers, together
from bench.measure import Job, Spent, adopt, both, command, compiled, others
from bench.serving import table as serving
from bench.tree import Tree

ROOT = Path(__file__).resolve().parents[2]
PYTHON = [sys.executable, "-c", "pass"]


class Row(Struct, frozen=True):
    """`job` may take at most `budget` times as long as `yardstick`; no budget, no verdict."""

    what: str
    job: Job
    measured_against: str
    yardstick: Job
    budget: float | None
    runs: int


def rows(tree: Tree, scratch: Path) -> Iterator[Row]:
    nothing = command(PYTHON, tree.root)
    pair = both(nothing, command(["git", "status"], tree.root))
    named = "python -c pass + git status"
    yield Row("--help", tree.tool("--help"), "python -c pass", nothing, 3, 20)
    yield Row("usage error", tree.tool("-?", expect=2), "python -c pass", nothing, 3, 20)
    yield Row("nothing changed", tree.tool("generate", "--check"), named, pair, 2, 20)
    yield Row("hook: nothing changed", tree.tool("check"), named, pair, 2, 20)
    full = tree.cold("-j1")
    against = "cold, one worker"
    yield Row("hook: cold", tree.checked_cold(), against, full, None, 2)
    yield Row("fresh clone --check", tree.cloned("-j1"), against, full, 1, 2)
    yield Row("cold, two workers", tree.cold("-j2"), against, full, 1 / 1.6, 5)
    part, whole = peers.measured(tree.root, scratch), peers.whole(tree.root, scratch)
    two = tree.cold("-j2")
    yield Row("cold, two workers", two, "two of today's tools", part, None, 2)
    yield Row("cold, two workers", two, "all of them, most computed", whole, 1 / 20, 1)


def measure(row: Row) -> tuple[Spent, Spent, float]:
    """Ours, theirs, and the share that others had of the machine."""
    ours, theirs = [], []
    with others() as share:
        for _ in range(row.runs):
            theirs.append(row.yardstick())
            ours.append(row.job())
        return _least(ours), _least(theirs), share()


def _least(runs: list[Spent]) -> Spent:
    peak = max(each.peak for each in runs)
    return Spent(min(each.seconds for each in runs), min(each.cpu for each in runs), peak)


def line(row: Row, ours: Spent, theirs: Spent, share: float) -> str:
    ratio, cpu = ours.seconds / theirs.seconds, ours.cpu / theirs.cpu
    verdict = "" if row.budget is None else "  ok" if ratio <= row.budget else "  OVER"
    budget = "-" if row.budget is None else f"{row.budget:.2f}"
    return (
        f"{row.what:<25}{ours.seconds * 1e3:>8.0f} ({ours.cpu * 1e3:>6.0f})"
        f"  {row.measured_against:<29}{theirs.seconds * 1e3:>8.0f} ({theirs.cpu * 1e3:>6.0f})"
        f"{ratio:>8.2f} ({cpu:.2f}){budget:>8}{share:>8.0%}{verdict}"
    )


HEAD = (
    f"{'what':<25}{'ms (cpu)':>17}  {'against':<29}{'ms (cpu)':>17}"
    f"{'ratio (cpu)':>15}{'budget':>8}{'others':>8}"
)


def _copied(model: Path) -> Callable[[Path], None]:
    def put(root: Path) -> None:
        shutil.copytree(model, root / "model")

    return put


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--model", type=Path, default=ROOT / "model", help="a folder `model`")
    parser.add_argument(
        "--only",
        default="",
        help="rows whose name contains this; `growth`; `onechange`; `serving`; `up`",
    )
    parser.add_argument("--large", action="store_true", help="growth up to 3000 services")
    parser.add_argument(
        "--services", type=int, nargs="+", metavar="N", help="growth at these sizes, least first"
    )
    options = parser.parse_args()
    adopt()
    compiled()
    if options.only not in ("growth", "onechange", "serving", "up"):
        print(HEAD)
        with tempfile.TemporaryDirectory() as folder:
            tree = Tree(Path(folder) / "tree", _copied(options.model))
            scratch = Path(folder) / "scratch"
            scratch.mkdir()
            tree.prepare()
            for row in rows(tree, scratch):
                if options.only in row.what:
                    print(line(row, *measure(row)), flush=True)
    if options.only in ("", "onechange"):
        with tempfile.TemporaryDirectory() as folder:
            for text in onechange.table(Tree(Path(folder) / "tree", _copied(options.model))):
                print(text, flush=True)
    if options.only in ("", "growth"):
        sizes = growth.LARGE if options.large else growth.SMALL
        for text in growth.table(tuple(options.services or sizes)):
            print(text, flush=True)
    if options.only in ("", "serving"):
        for text in serving.table():
            print(text, flush=True)
    if options.only in ("", "up"):
        for text in together.table(ROOT):
            print(text, flush=True)


if __name__ == "__main__":
    main()
